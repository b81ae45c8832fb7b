package drill

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Pauses of a watcher that failed: before it is tried again, doubled each time up to a
// longest, and how long it must go well to count as well again.
const (
	watchAgain   = time.Second
	watchLongest = 30 * time.Second
	watchWell    = 10 * time.Second
)

// watchers keep the users' record and the trainee's trail up to date beside the phases,
// from the deployment to the end.
type watchers struct {
	engine *Engine
	cancel context.CancelFunc // nil while they rest
	wg     sync.WaitGroup
}

// start sets them to work; it does nothing when they are at it.
func (w *watchers) start(ctx context.Context) {
	if w.cancel != nil {
		return
	}
	ctx, w.cancel = context.WithCancel(ctx)
	e := w.engine
	for _, watch := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"the users are not watched", e.Users.Follow},
		{"the trainee's actions are not recorded", e.followActions},
		{"no sign of life is left", e.signsOfLife},
	} {
		w.wg.Go(func() { e.keepWatching(ctx, watch.what, watch.do) })
	}
}

// stop ends them and waits until what they saw is on disk.
func (w *watchers) stop() {
	if w.cancel == nil {
		return
	}
	w.cancel()
	w.wg.Wait()
	w.cancel = nil
}

// keepWatching starts a watcher again whenever it fails: a drill whose timeline or users
// nobody records would give a verdict on half of what happened. Meanwhile it is the run's
// trouble.
func (e *Engine) keepWatching(ctx context.Context, what string, watch func(context.Context) error) {
	for pause := watchAgain; ; pause = min(2*pause, watchLongest) {
		well, err := e.watchOnce(ctx, what, watch)
		if ctx.Err() != nil {
			return
		}
		if well {
			pause = watchAgain
		}
		e.Log.Error("watcher stopped", "what", what, "error", err, "again", pause)
		e.noteUnwatched(ctx, what, fmt.Sprintf("it is tried again: %v", err))
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// watchOnce runs a watcher until it fails. When it has gone well for a while, that is told.
func (e *Engine) watchOnce(ctx context.Context, what string, watch func(context.Context) error) (well bool, err error) {
	failed := make(chan error, 1)
	go func() { failed <- watch(ctx) }()
	timer := time.NewTimer(watchWell)
	defer timer.Stop()
	select {
	case err := <-failed:
		return false, err
	case <-timer.C:
		e.noteUnwatched(ctx, what, "")
		return true, <-failed
	}
}

// noteUnwatched journals why something is not watched for now, "" when it is again; the
// same once.
func (e *Engine) noteUnwatched(ctx context.Context, what, why string) {
	e.mu.Lock()
	known := e.run.Unwatched[what] == why
	e.mu.Unlock()
	if known {
		return
	}
	if err := e.note(ctx, entryError, Failure{Watcher: what, Message: why, Transient: true}); err != nil {
		e.Log.Error("the trouble is not journaled", "error", err)
	}
}
