package drill

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/firedrill/firedrill/verifier"
)

// whyNoReferee says of a gap that nobody watched.
const whyNoReferee = "no referee was running"

// errTimeLimit stops the watch when the trainee's time is up.
var errTimeLimit = errors.New("the time limit is over")

// attend watches the system until it is proven recovered, the time is up, or a verb of
// the command line ends it.
func (e *Engine) attend(ctx context.Context) error {
	if e.run.Verdict != nil { // journaled by a referee that was killed right after: it stands
		e.noteUsersOfVerdict(ctx)
		return nil
	}
	if err := e.accountForAbsence(ctx); err != nil {
		return err
	}
	target, err := e.target()
	if err != nil {
		return err
	}
	watchCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	clock := newStopwatch(e)
	go clock.run(watchCtx, cancel)

	var last verifier.State
	verdict, err := e.Runner.Watch(watchCtx, target, e.plan.Recovery, func(s verifier.State) {
		if onlyTimePassed(last, s) {
			return
		}
		last = s
		if err := e.note(ctx, entryState, s); err != nil {
			cancel(err)
		}
	})
	switch cause := context.Cause(watchCtx); {
	case err == nil && verdict.Recovered:
		return e.decide(ctx, Verdict{
			Recovered: true, Reason: verdict.Reason,
			RecoveredAt: verdict.RecoveredAt, DecidedAt: verdict.DecidedAt,
		})
	case errors.Is(cause, errTimeLimit):
		return e.decide(ctx, e.giveUp("time limit"))
	case isEnd(cause):
		return errors.Join(e.decide(ctx, e.giveUp("ended")), cause)
	case cause != nil:
		return cause
	default:
		return fmt.Errorf("watch the recovery: %w", err)
	}
}

// onlyTimePassed tells whether two states differ in nothing but how long a hold has
// lasted and when things were last seen: readers work that out, the journal need not
// grow with it.
func onlyTimePassed(a, b verifier.State) bool {
	return reflect.DeepEqual(timeless(a), timeless(b))
}

func timeless(s verifier.State) verifier.State {
	s.Hold.Elapsed.Duration = 0
	s.Checks, s.Safeguards = slices.Clone(s.Checks), slices.Clone(s.Safeguards)
	for i := range s.Checks {
		s.Checks[i].At, s.Checks[i].Evidence = time.Time{}, ""
	}
	for i := range s.Safeguards {
		s.Safeguards[i].At, s.Safeguards[i].Evidence = time.Time{}, ""
	}
	return s
}

func isEnd(cause error) bool {
	var asked *Asked
	return errors.As(cause, &asked) && asked.Verb == VerbEnd
}

// giveUp is the verdict of a run that stops before the system was proven recovered: why
// it was not, as last seen.
func (e *Engine) giveUp(why string) Verdict {
	e.mu.Lock()
	defer e.mu.Unlock()
	reason := "not recovered: " + why + " before anything was observed"
	if e.run.State != nil && e.run.State.Verdict.Reason != "" {
		reason = e.run.State.Verdict.Reason
	}
	return Verdict{Reason: reason, Cause: why, DecidedAt: e.Now().UTC()}
}

func (e *Engine) decide(ctx context.Context, v Verdict) error {
	if err := e.note(ctx, entryGrading, GradingOf(&e.folder.Scenario.Spec)); err != nil {
		return err
	}
	if err := e.note(ctx, entryVerdict, v); err != nil {
		return err
	}
	e.noteUsersOfVerdict(ctx)
	return nil
}

// noteUsersOfVerdict journals what the users saw until the verdict. The end journals it
// again: a verdict does not depend on it.
func (e *Engine) noteUsersOfVerdict(ctx context.Context) {
	if err := e.noteUsers(context.WithoutCancel(ctx)); err != nil {
		e.Log.Warn("what the users saw is not known yet", "error", err)
	}
}

// accountForAbsence takes the time in which no referee was alive off the clock: nobody
// could have seen a recovery in it. In an exam it counts: whoever sits one could else stop
// the clock by ending the referee. What the referee before did not see, as the cluster did
// not answer, it never came to tell.
func (e *Engine) accountForAbsence(ctx context.Context) error {
	last, blind, now, paged := e.absentSince, e.blindSince, e.Now(), e.run.PagedAt
	if last.IsZero() || paged.IsZero() {
		return nil
	}
	last = maxTime(last, paged)
	if !blind.IsZero() && last.After(maxTime(blind, paged)) {
		if err := e.note(ctx, entryGap, Gap{From: maxTime(blind, paged).UTC(), To: last.UTC(), Why: whyNoAnswer}); err != nil {
			return err
		}
	}
	if now.Sub(last) < 2*signInterval {
		return nil
	}
	return e.note(ctx, entryGap, Gap{From: last.UTC(), To: now.UTC(), Why: whyNoReferee, Counted: e.run.InMode() == ModeExam})
}
