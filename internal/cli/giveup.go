package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
)

// giveUpStart ends a run that did not get as far as its page.
func (f *Factory) giveUpStart(ctx context.Context, r *openRun, why error) error {
	if refreshErr := r.refresh(); refreshErr == nil && r.Phase == drill.PhaseFinished {
		return why
	}
	ctx = context.WithoutCancel(ctx)
	if ended, err := r.endUnbegun(ctx); ended || err != nil {
		return errors.Join(why, err)
	}
	status := f.IO.NewStatus()
	status.Start("Taking everything away again")
	err := f.endAndWait(ctx, r)
	status.End(err == nil)
	return errors.Join(why, r.left(err))
}

// leftError says that a run could not be taken away, and what to do about it.
type leftError struct {
	run string
	err error
}

func (e *leftError) Error() string {
	return fmt.Sprintf("run %s could not be taken away: %v\nTry it again: firedrill end %s", e.run, e.err, e.run)
}

func (e *leftError) Unwrap() error { return e.err }

// left says of an end that failed which run it was.
func (r *openRun) left(err error) error {
	if err == nil {
		return nil
	}
	return &leftError{r.name(), err}
}

// endUnbegun finishes a run that no referee has begun: nothing was made of it but its
// journal. One that was started meanwhile finds the run over when it gets hold of it.
func (r *openRun) endUnbegun(ctx context.Context) (ended bool, err error) {
	release, err := r.store.Hold(ctx, r.name())
	if errors.Is(err, session.ErrHeld) {
		return false, nil // a referee is at work: it takes away what it made
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if _, err := os.Stat(filepath.Join(r.store.Dir(r.name()), refereePID)); !errors.Is(err, os.ErrNotExist) {
		return false, err // one has been at work
	}
	if err := r.refresh(); err != nil {
		return false, err
	}
	return true, drill.Abandon(ctx, r.journal, r.Run, "the start was given up")
}
