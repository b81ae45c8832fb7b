package drill

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Verbs that the command line asks a referee for.
const (
	VerbEnd   = "end"
	VerbReset = "reset"
)

// removalTimeout bounds one try at taking everything away.
const removalTimeout = 4 * time.Minute

// removalTries is how often it is tried before the referee leaves it to the next one.
const removalTries = 5

// endPatiently ends the run; an API server that is away for a minute does not stop it.
func (e *Engine) endPatiently(ctx context.Context) error {
	for try := 1; ; try++ {
		err := e.end(ctx)
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		e.Log.Error("clean-up", "try", try, "error", err)
		if noteErr := e.note(ctx, entryError, Failure{Message: err.Error(), Transient: true}); noteErr != nil {
			return noteErr
		}
		if try == removalTries {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Duration(try) * 5 * time.Second):
		}
	}
}

// end takes back the faults and removes every object of the run. It may be done twice.
func (e *Engine) end(ctx context.Context) error {
	reset := e.run.Detail == VerbReset
	ctx, cancel := context.WithTimeoutCause(ctx, removalTimeout,
		errors.New("the clean-up took too long (firedrill end RUN tries again)"))
	defer cancel()
	if err := e.noteUsers(ctx); err != nil {
		e.Log.Warn("users' summary", "error", err)
	}
	// Every step is tried, whatever became of the one before.
	err := errors.Join(
		e.deleteNamespace(ctx),     // first: a fault that is reverted in it starts no pods that nobody needs
		e.restoreNodeSettings(ctx), // a unit that is started by what follows reads them
		e.revert(ctx, false),
		together(
			func() error { return e.restoreNodes(ctx) },
			func() error { return e.Trainee.Remove(ctx, e.run.Created.Run) },
			func() error { return errors.Join(e.closeAddon(ctx), e.restoreAddon(ctx)) },
			func() error { return e.Users.Remove(ctx) },
			func() error { return e.removeHelpers(ctx) },
			func() error { return e.awaitNamespaceGone(ctx) },
		),
		e.revert(ctx, true), // last: the namespace's pods lived on it
	)
	if err == nil {
		err = errors.Join(e.removeUndos(), e.awaitVolumes(ctx))
	}
	if err != nil {
		return fmt.Errorf("clean up after run %s: %w", e.run.Created.Run, err)
	}
	if reset && !e.endAsked() {
		return e.enter(ctx, PhaseChange{Phase: PhasePreparing})
	}
	return e.enter(ctx, PhaseChange{Phase: PhaseFinished})
}

// endAsked tells whether somebody asked for the end while a reset was under way.
func (e *Engine) endAsked() bool {
	entries, _, err := e.Journal.Read(0)
	if err != nil {
		return false
	}
	now, err := Replay(entries)
	if err != nil {
		return false
	}
	for _, a := range now.Asked {
		if a.Verb == VerbEnd {
			return true
		}
	}
	return false
}

// noteUsers journals what the users saw: with the verdict, for the grade, and once more
// with the end.
func (e *Engine) noteUsers(ctx context.Context) error {
	if e.run.usersIn == e.run.Phase || e.run.PagedAt.IsZero() {
		return nil
	}
	summary, err := e.Users.Summary(ctx, e.run.Moments())
	if err != nil {
		return err
	}
	return e.note(ctx, entryUsers, rawJSON(summary))
}

type rawJSON []byte

// MarshalJSON returns the text as it is.
func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// ignoreUnavailable lets a poll go on while the API server or the object is away.
func ignoreUnavailable(err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) || apierrors.IsServerTimeout(err) ||
		apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) || apierrors.IsInternalError(err) {
		return nil
	}
	return err
}
