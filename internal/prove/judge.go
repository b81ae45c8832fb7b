package prove

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// untouched watches a run that nobody repairs to its time limit.
func (p *proof) untouched(ctx context.Context, limit time.Duration) error {
	failing := false
	if err := p.follow(ctx, limit+verdictSlack, func(r *drill.Run) (bool, error) {
		failing = failing || seenFailing(r.State)
		return r.Verdict != nil, nil
	}); err != nil {
		return fmt.Errorf("untouched, and no verdict: %w", err)
	}
	return p.last(ctx, func(r *drill.Run) error {
		switch {
		case r.Recovered():
			return wrong("passed an untouched system: %s", r.Verdict.Reason)
		case r.Verdict == nil || r.Verdict.Cause != "time limit":
			return fmt.Errorf("untouched, it was to end at its time limit, and did not: %s", r.VerdictText())
		case passing(r.State):
			return wrong("passed an untouched system: at its time limit it was %s, with every check passed", r.State.Phase)
		case !failing: // its hold may only have been broken off by a busy machine
			return errors.New("untouched, and until its time limit nobody saw a recovery check fail, nor a safeguard broken")
		}
		return proven(r)
	})
}

// seenFailing tells whether something was observed that is no recovery. What could not be
// observed says nothing.
func seenFailing(s *verifier.State) bool {
	return s != nil && (slices.ContainsFunc(s.Checks, func(c verifier.CheckState) bool { return !c.Passed && c.Error == "" && !c.At.IsZero() }) ||
		slices.ContainsFunc(s.Safeguards, func(g verifier.SafeguardState) bool { return !g.Held && !g.Unknown }))
}

// passing tells whether a system was on its way to being recovered: the time limit of an
// untouched run is too short for long disturbances, so it may end a pass, not forgive it.
func passing(s *verifier.State) bool {
	if s == nil {
		return false
	}
	switch s.Phase {
	case verifier.PhasePerturbing, verifier.PhaseHolding, verifier.PhaseRecovered:
		return true
	default:
		return false
	}
}

// proven makes sure that every proof before the page stands in the journal, each check
// of it with a reason.
func proven(r *drill.Run) error {
	var what []string
	for _, proof := range r.Proofs {
		if !proof.Passed || len(proof.State.Checks) == 0 {
			return fmt.Errorf("the proof %q did not pass", proof.What)
		}
		for _, c := range proof.State.Checks {
			if c.Reason == "" {
				return fmt.Errorf("the proof %q: check %s gives no reason", proof.What, c.ID)
			}
		}
		what = append(what, proof.What)
	}
	if got := strings.Join(what, ", "); got != drill.ProofsOfAProvenRun {
		return fmt.Errorf("proven before the page: %s; wanted: %s", got, drill.ProofsOfAProvenRun)
	}
	return nil
}

// recovers waits for the verdict on a solution.
func (p *proof) recovers(ctx context.Context) error {
	recovery := p.c.Spec.Recovery
	within := recovery.Hold.Std() + settle + verdictSlack
	for _, perturb := range recovery.Perturb {
		within += perturb.Within.Std()
	}
	if err := p.follow(ctx, within, func(r *drill.Run) (bool, error) { return r.Verdict != nil, nil }); err != nil {
		return fmt.Errorf("refused a solution: %w", err)
	}
	return p.last(ctx, func(r *drill.Run) error {
		switch {
		case !r.Recovered():
			return fmt.Errorf("refused a solution: %s", r.VerdictText())
		case r.Verdict.DecidedAt.Sub(r.Verdict.RecoveredAt) < recovery.Hold.Std():
			return wrong("recovered after %s, before the hold of %s was over", r.Verdict.DecidedAt.Sub(r.Verdict.RecoveredAt), recovery.Hold)
		case len(r.Events) == 0:
			return wrong("recovered, and the timeline holds no action of the trainee")
		}
		return nil
	})
}

// refused waits until the wrong fix is refused for what it says, and then for longer than
// a hold, in which no other safeguard may be broken and nothing may be recovered.
func (p *proof) refused(ctx context.Context) error {
	want, begun := p.c.Script.Refused, time.Now()
	check, byCheck := strings.CutPrefix(want, scenario.RefusedByRecovery)
	is := func(r *drill.Run) bool { return cause(r) == want }
	if byCheck {
		check = strings.TrimSpace(check)
		is = func(r *drill.Run) bool { return fails(r, check) }
	}
	other := "" // the safeguard that is broken in place of the one that was to be
	err := p.follow(ctx, refusalLimit, func(r *drill.Run) (bool, error) {
		other = brokenBeside(r, want)
		return is(r), passedWrongFix(r)
	})
	switch {
	case err != nil && other != "" && ctx.Err() == nil:
		return wrong("to be refused for %s: %s; it was refused for %s", want, err, other)
	case err != nil:
		return fmt.Errorf("to be refused for %s: %w", want, err)
	}
	only := func(r *drill.Run) error {
		if byCheck {
			return onlyBroken(r, "")
		}
		return onlyFor(r, want)
	}
	still := true    // of the check: others may fail beside it, and it may pass for a moment
	var latest error // of the last look: what it says holds until another one says otherwise
	window := p.c.Spec.Recovery.Hold.Std() + settle
	if byCheck {
		// The check fails from the fault on: that says nothing before the script's work had
		// the time in which a repair would have shown.
		window = max(window, repairShows)
	}
	err = p.follow(ctx, window, func(r *drill.Run) (bool, error) {
		if err := passedWrongFix(r); err != nil {
			return false, err
		}
		still, latest = is(r) || unobserved(r.State), only(r)
		if time.Since(begun) < lookLag {
			return false, nil
		}
		return false, latest
	})
	var late *lateError
	if !errors.As(err, &late) { // the window did not pass in peace
		return err
	}
	if latest != nil {
		return latest
	}
	if !still {
		return wrong("it was refused for %s, and then: %s", want, p.result.Verdict)
	}
	return p.last(ctx, func(r *drill.Run) error {
		// A script that does nothing is refused as well, for the checks that fail from the fault on.
		if !slices.ContainsFunc(timeline.Actions(r.Events, time.Time{}), timeline.Event.MayHaveChanged) {
			return wrong("it was refused for %s, which is no proof: the timeline holds no change by the trainee", want)
		}
		return nil
	})
}

// repairShows is how long a repair may take to make a failed check pass: pods are replaced,
// crash loops and pulls that backed off are tried again (20 s at most, docs/cluster.md).
const repairShows = time.Minute

// lookLag is how long after the script's end a state may still show what the script was
// in the middle of: a round of looks takes seconds on a busy machine. What is wrong at the
// end of the window is found whenever it began.
const lookLag = 5 * time.Second

// fails tells whether a recovery check was observed and did not pass.
func fails(r *drill.Run, check string) bool {
	return r.State != nil && slices.ContainsFunc(r.State.Checks, func(c verifier.CheckState) bool {
		return c.ID == check && !c.Passed && c.Error == "" && !c.At.IsZero()
	})
}

func passedWrongFix(r *drill.Run) error {
	if r.Recovered() {
		return wrong("passed a wrong fix: %s", r.Verdict.Reason)
	}
	return nil
}

// cause is what the verdict so far names.
func cause(r *drill.Run) string {
	if r.State == nil {
		return ""
	}
	return r.State.Verdict.Cause
}

// onlyFor makes sure that a wrong fix is refused for its safeguard and no other.
func onlyFor(r *drill.Run, want string) error {
	if unobserved(r.State) {
		return nil // an API server that was away for a moment is no reason of its own
	}
	if got := cause(r); got != want {
		return wrong("it was refused for %s, and then: %s", want, r.VerdictText())
	}
	return onlyBroken(r, want)
}

// brokenBeside names a safeguard that was observed to be broken and is not the one named.
func brokenBeside(r *drill.Run, want string) string {
	if r.State == nil {
		return ""
	}
	for _, s := range r.State.Safeguards {
		if !s.Held && !s.Unknown && s.Error == "" && s.ID != want {
			return s.ID
		}
	}
	return ""
}

// onlyBroken makes sure that no safeguard but the one named is broken.
func onlyBroken(r *drill.Run, want string) error {
	for _, s := range r.State.Safeguards {
		if s.Error != "" || s.Unknown {
			continue
		}
		if broken := !s.Held; broken != (s.ID == want) {
			return wrong("safeguard %s: held %v%s: %s", s.ID, s.Held, sinceTheFault(r, s), s.Reason)
		}
	}
	return nil
}

// sinceTheFault tells of a safeguard that the fault itself breaks, so that no wrong fix can be
// refused by its own name.
func sinceTheFault(r *drill.Run, s verifier.SafeguardState) string {
	byFix := func(b drill.Broken) bool { return b.ID == s.ID }
	if s.Held || slices.ContainsFunc(r.Broken, byFix) {
		return ""
	}
	return " from the fault on, which breaks what it compares (scenario.yaml: spec.safeguards)"
}

func unobserved(s *verifier.State) bool {
	return slices.ContainsFunc(s.Checks, func(c verifier.CheckState) bool { return c.Error != "" }) ||
		slices.ContainsFunc(s.Safeguards, func(g verifier.SafeguardState) bool { return g.Error != "" || g.Unknown })
}

// wrongError is a judgement that is wrong however busy the machine was.
type wrongError struct{ why string }

func (e *wrongError) Error() string { return e.why }

func wrong(format string, args ...any) error { return &wrongError{fmt.Sprintf(format, args...)} }

// lateError says that something did not happen in time, and what was seen last.
type lateError struct {
	after time.Duration
	seen  string
}

func (e *lateError) Error() string {
	return fmt.Sprintf("not within %s; last seen: %s", e.after.Round(time.Second), e.seen)
}

// follow follows the run for a time.
func (p *proof) follow(ctx context.Context, within time.Duration, each func(*drill.Run) (bool, error)) error {
	late := &lateError{after: within}
	limited, cancel := context.WithTimeoutCause(ctx, within, late)
	defer cancel()
	err := p.drill.Follow(limited, func(r *drill.Run) (bool, error) {
		p.result.Verdict, p.seen = r.VerdictText(), unproven(r)
		if r.Phase == drill.PhaseFinished && r.Verdict == nil {
			return false, fmt.Errorf("the run ended by itself: %s", strings.Join(r.Failures, "; "))
		}
		return each(r)
	})
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		late.seen = p.seen
		return late
	}
	return err
}

// unproven is the verdict on a run; while there is none, with why its proof began anew.
func unproven(r *drill.Run) string {
	if r.Verdict != nil || r.State == nil {
		return r.VerdictText()
	}
	return r.State.Unproven()
}

// last looks at the run once.
func (p *proof) last(ctx context.Context, look func(*drill.Run) error) error {
	return p.drill.Follow(ctx, func(r *drill.Run) (bool, error) { return true, look(r) })
}
