package drill

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/internal/timeline"
)

// Why a run is in the phase "ending", besides the verbs "end" and "reset".
const endFailed = "failed"

// heed returns a context that ends, with an *Asked as its cause, when a verb of the
// command line asks for something before or during the phase.
func (e *Engine) heed(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		heard := &Run{}
		err := e.Journal.Follow(ctx, 0, func(entry session.Entry) error {
			return heard.Apply(entry)
		}, func() error {
			if len(heard.Asked) > 0 {
				return &heard.Asked[0]
			}
			return nil
		})
		if ctx.Err() == nil {
			cancel(err)
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}

// signInterval is how often the referee leaves a sign of life in the run's folder, from
// which a later one knows how long nobody watched.
const signInterval = 2 * time.Second

// signFile holds the time of the newest sign of life.
const signFile = "alive"

func (e *Engine) signsOfLife(ctx context.Context) error {
	tick := time.NewTicker(signInterval)
	defer tick.Stop()
	for {
		if err := e.Files.WriteFile(e.run.Created.Run, signFile, []byte(e.Now().UTC().Format(time.RFC3339Nano))); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// lastSign returns when a referee of this run was last alive, or the zero time.
func (e *Engine) lastSign() time.Time {
	text, err := e.Files.ReadFile(e.run.Created.Run, signFile)
	if err != nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return time.Time{}
	}
	return at
}

// watched runs f while the users' record and the trainee's trail are kept up to date.
func (e *Engine) watched(ctx context.Context, f func(context.Context) error) error {
	watchCtx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, watch := range []func(context.Context) error{e.Users.Follow, e.followActions, e.signsOfLife} {
		wg.Go(func() {
			if err := watch(watchCtx); err != nil && !errors.Is(err, context.Canceled) && watchCtx.Err() == nil {
				e.Log.Error("watcher stopped", "error", err)
			}
		})
	}
	err := f(ctx)
	stop()
	wg.Wait()
	return err
}

// followActions writes the trainee's actions to the journal as they happen. Those that
// a referee before this one journaled already come again and are left out.
func (e *Engine) followActions(ctx context.Context) error {
	e.mu.Lock()
	cursor := e.run.Cursor
	seen := make(map[string]bool, len(e.run.Events))
	for _, event := range e.run.Events {
		seen[event.ID] = true
	}
	e.mu.Unlock()
	return e.Actions.Follow(ctx, cursor, func(event timeline.Event, cursor string) error {
		if seen[event.ID] {
			return nil
		}
		seen[event.ID] = true
		return e.note(ctx, entryEvent, ActionSeen{Event: event, Cursor: cursor})
	})
}

// actions is the timeline so far, for checks over what the trainee did.
func (e *Engine) actions() []timeline.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]timeline.Event(nil), e.run.Events...)
}
