package drill

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
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

// signFile holds the time of the newest sign of life and, while the cluster does not answer,
// since when.
const signFile = "alive"

func (e *Engine) signsOfLife(ctx context.Context) error {
	tick := time.NewTicker(signInterval)
	defer tick.Stop()
	for {
		if err := e.Files.WriteFile(e.run.Created.Run, signFile, e.sign()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (e *Engine) sign() []byte {
	e.mu.Lock()
	answered := e.answeredAt
	e.mu.Unlock()
	now := e.Now()
	text := now.UTC().Format(time.RFC3339Nano)
	if !answered.IsZero() && now.Sub(answered) > blindAfter {
		text += "\n" + answered.UTC().Format(time.RFC3339Nano)
	}
	return []byte(text)
}

// lastSign returns when a referee of this run was last alive, or the zero time, and since
// when the cluster did not answer it then, or the zero time.
func (e *Engine) lastSign() (alive, blind time.Time) {
	text, err := e.Files.ReadFile(e.run.Created.Run, signFile)
	if err != nil {
		return time.Time{}, time.Time{}
	}
	first, second, _ := strings.Cut(string(text), "\n")
	alive, err = time.Parse(time.RFC3339Nano, first)
	if err != nil {
		return time.Time{}, time.Time{}
	}
	blind, err = time.Parse(time.RFC3339Nano, second)
	if err != nil {
		return alive, time.Time{}
	}
	return alive, blind
}

// followActions writes the trainee's actions to the journal as they happen.
func (e *Engine) followActions(ctx context.Context) error {
	e.mu.Lock()
	from := e.run.Trail
	e.mu.Unlock()
	return e.Actions.Watch(ctx, from, e.noteActions(ctx))
}

func (e *Engine) noteActions(ctx context.Context) func([]timeline.Event, json.RawMessage) error {
	return func(events []timeline.Event, next json.RawMessage) error {
		return e.note(ctx, entryActions, ActionsSeen{Events: e.onThisClock(events), Next: next})
	}
}

// lastActions bounds the reading of what was done last.
const lastActions = 10 * time.Second

// actionsMissing is what a run's reader is warned of when that reading failed. Nobody tries
// it again once the run is over: it is no trouble that passes.
const actionsMissing = "the trainee's last actions may be missing"

// finishActions writes what the trainee did last to the journal, before the end takes their
// identity: the trail is read once a second, and a read waits for others of its kind, so
// an action at the moment of the verdict may not be told yet. It may be done twice.
func (e *Engine) finishActions(ctx context.Context) {
	if e.run.PagedAt.IsZero() || e.run.Trail == nil {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lastActions, errors.New("the audit log could not be read in time"))
	defer cancel()
	if err := e.Actions.Finish(ctx, e.run.Trail, e.noteActions(ctx)); err != nil {
		e.Log.Error("the last actions may be missing", "error", err)
		e.noteUnwatched(ctx, actionsMissing, err.Error())
	}
}

// actions is the timeline so far, for checks over what the trainee did.
func (e *Engine) actions() []timeline.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]timeline.Event(nil), e.run.Events...)
}
