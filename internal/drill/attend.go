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

// errTimeLimit stops the watch when the trainee's time is up.
var errTimeLimit = errors.New("the time limit is over")

// attend watches the system until it is proven recovered, the time is up, or a verb of
// the command line ends it.
func (e *Engine) attend(ctx context.Context) error {
	if err := e.accountForAbsence(ctx); err != nil {
		return err
	}
	target, err := e.target()
	if err != nil {
		return err
	}
	watchCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	clock := &stopwatch{engine: e, lastSeen: e.Now()}
	go clock.run(watchCtx, cancel)

	var last verifier.State
	verdict, err := e.Runner.Watch(watchCtx, target, e.plan.Recovery, func(s verifier.State) {
		clock.saw(s)
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
	return e.note(ctx, entryVerdict, v)
}

// accountForAbsence takes the time in which no referee was alive off the clock: nobody
// could have seen a recovery in it.
func (e *Engine) accountForAbsence(ctx context.Context) error {
	last, now := e.absentSince, e.Now()
	if last.IsZero() || e.run.PagedAt.IsZero() || last.Before(e.run.PagedAt) || now.Sub(last) < 2*signInterval {
		return nil
	}
	return e.note(ctx, entryGap, Gap{From: last.UTC(), To: now.UTC(), Why: "no referee was running"})
}

// blindAfter is how long nothing could be observed before the clock stops.
const blindAfter = 5 * time.Second

// stopwatch ends the watch at the time limit, and takes the times in which nothing could
// be observed (a closed laptop, an API server away) off the clock.
type stopwatch struct {
	engine *Engine

	// lastSeen is when the system was last observed; guarded by the engine's lock.
	lastSeen time.Time
	blind    bool
}

// saw hears a state of the runner's: it is blind while no check can be observed.
func (s *stopwatch) saw(state verifier.State) {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	s.blind = len(state.Checks) > 0
	for _, c := range state.Checks {
		if c.Error == "" {
			s.blind = false
		}
	}
}

func (s *stopwatch) run(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.tick(ctx); err != nil {
				cancel(err)
				return
			}
		}
	}
}

func (s *stopwatch) tick(ctx context.Context) error {
	e := s.engine
	// Rounding drops the monotonic reading, which stands still while a laptop sleeps.
	now := e.Now().Round(0)
	e.mu.Lock()
	gap := now.Sub(s.lastSeen)
	blind := s.blind
	since := s.lastSeen
	if !blind {
		s.lastSeen = now
	}
	used := e.run.Clock(now)
	limit := e.run.TimeLimit
	e.mu.Unlock()
	if !blind && gap > blindAfter {
		return e.note(ctx, entryGap, Gap{From: since.UTC(), To: now.UTC(), Why: "nothing could be observed"})
	}
	if !blind && used >= limit {
		return errTimeLimit
	}
	return nil
}
