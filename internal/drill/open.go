package drill

import (
	"context"

	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/internal/timeline"
)

// appender is the part of a journal that adds to it.
type appender interface {
	Append(ctx context.Context, kind string, data any) (session.Entry, error)
}

// Begin opens a run's journal, before anything is made.
func Begin(ctx context.Context, j appender, c Created) error {
	c.Seal = SealVersion
	if _, err := j.Append(ctx, entryCreated, c); err != nil {
		return err
	}
	_, err := j.Append(ctx, entryPhase, PhaseChange{Phase: PhasePreparing, Attempt: 1})
	return err
}

// Ask asks the run's referee for something: VerbEnd or VerbReset.
func Ask(ctx context.Context, j appender, verb string) error {
	_, err := j.Append(ctx, entryCommand, Command{Verb: verb})
	return err
}

// GiveHint journals that the trainee was given a hint.
func GiveHint(ctx context.Context, j appender, h Hint) error {
	_, err := j.Append(ctx, entryHint, h)
	return err
}

// Hinder journals why no referee can work on the run for now: its cluster does not
// answer, its scenario cannot be read. The same reason is journaled once.
func Hinder(ctx context.Context, j appender, r *Run, why error) error {
	if r.Trouble == why.Error() {
		return nil
	}
	_, err := j.Append(ctx, entryError, Failure{Message: why.Error(), Transient: true})
	return err
}

// Abandon finishes a run whose cluster is gone: nothing of it is left but the journal.
func Abandon(ctx context.Context, j appender, r *Run, why string) error {
	if r.Verdict == nil {
		if _, err := j.Append(ctx, entryError, Failure{Message: why}); err != nil {
			return err
		}
	}
	_, err := j.Append(ctx, entryPhase, PhaseChange{Phase: PhaseFinished, Attempt: r.Attempt, Detail: why})
	return err
}

// IsPhase tells whether the entry moved the run to another phase.
func IsPhase(e session.Entry) bool { return e.Type == entryPhase }

// NoteAction journals one thing the trainee did that the audit log cannot see.
func NoteAction(ctx context.Context, j appender, event timeline.Event) error {
	_, err := j.Append(ctx, entryActions, ActionsSeen{Events: []timeline.Event{event}})
	return err
}
