package verifier

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// record turns rounds into the State that others see. What could not be observed keeps
// what was observed before it.
type record struct {
	checks []CheckState
	guards []SafeguardState
}

func newRecord(plan Plan) *record {
	rec := &record{}
	for _, s := range plan.Checks {
		rec.checks = append(rec.checks, CheckState{ID: s.ID, Reason: neverSeen})
	}
	for _, g := range plan.Safeguards {
		rec.guards = append(rec.guards, SafeguardState{ID: g.Name, Sentence: g.Sentence, Unknown: true, Reason: neverSeen})
	}
	return rec
}

const neverSeen = "not observed yet"

func (rec *record) add(r round) {
	for i, s := range r.checks {
		c := &rec.checks[i]
		if s.err != nil {
			c.Error = s.err.Error()
			continue
		}
		c.Passed, c.Reason, c.Evidence, c.Error, c.At = s.Passed, s.Reason, s.Evidence, "", r.ended.UTC()
	}
	for i, s := range r.guards {
		g := &rec.guards[i]
		if s.err != nil {
			g.Held, g.Unknown, g.Error = false, true, s.err.Error()
			continue
		}
		g.Held, g.Unknown, g.Error = s.Passed, false, ""
		g.Reason, g.Evidence, g.At = s.Reason, s.Evidence, r.ended.UTC()
	}
}

// state is all that is known, with the verdict so far.
func (rec *record) state(m *machine) State {
	s := State{
		Phase: m.phase, Checks: slices.Clone(rec.checks), Safeguards: slices.Clone(rec.guards),
		Hold: Hold{
			Required: metav1.Duration{Duration: m.plan.Hold},
			Resets:   m.resets, Reset: m.reset, ResetAt: inUTC(m.resetAt), Actions: slices.Clone(m.actions),
		},
	}
	switch m.phase {
	case PhaseHolding:
		s.Hold.Since = inUTC(m.held)
		s.Hold.Elapsed.Duration = min(max(m.last.Sub(m.held), 0), m.plan.Hold)
	case PhaseRecovered:
		s.Hold.Since, s.Hold.Elapsed = inUTC(m.held), s.Hold.Required
	}
	s.Verdict = rec.verdict(m)
	return s
}

// inUTC leaves the zero time zero, which JSON then leaves out.
func inUTC(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Round(0)
}

// verdict is the judgement so far: what stands in the way first. A broken safeguard comes
// before a failing check, because it says that the trainee is on a wrong way.
func (rec *record) verdict(m *machine) Verdict {
	if m.phase == PhaseRecovered {
		return Verdict{
			Recovered: true, RecoveredAt: inUTC(m.recoveredAt), DecidedAt: inUTC(m.decidedAt),
			Reason: fmt.Sprintf("recovered: %d checks and %d safeguards held for %s", len(rec.checks), len(rec.guards), m.plan.Hold),
		}
	}
	for _, g := range rec.guards {
		if !g.Held && !g.Unknown {
			return notRecovered(g.ID, g.Sentence)
		}
	}
	if m.setback != "" && !m.resumed {
		return notRecovered("", m.setback)
	}
	for _, c := range rec.checks {
		if !c.Passed && c.Error == "" {
			return notRecovered(c.ID, c.Reason)
		}
	}
	for _, c := range rec.checks {
		if c.Error != "" {
			return notRecovered(c.ID, "could not be observed: "+c.Error)
		}
	}
	for _, g := range rec.guards {
		if g.Unknown {
			return notRecovered(g.ID, "could not be observed: "+orNever(g.Error))
		}
	}
	if m.setback != "" {
		return notRecovered("", m.setback)
	}
	return notRecovered("", unproven(m))
}

func notRecovered(cause, why string) Verdict {
	if cause != "" {
		why = cause + ": " + why
	}
	return Verdict{Reason: "not recovered: " + why, Cause: cause}
}

func orNever(s string) string {
	if s == "" {
		return neverSeen
	}
	return s
}

// unproven says how far the proof has come while nothing stands in its way.
func unproven(m *machine) string {
	switch m.phase {
	case PhaseHolding:
		return fmt.Sprintf("every check passes, but the hold of %s was not over", m.plan.Hold)
	case PhasePerturbing:
		return fmt.Sprintf("every check passes, but the system was still being disturbed (%s)", m.plan.Perturb[m.next].Name)
	case PhaseSettling:
		if m.waits != "" {
			return "every check passes, but " + m.waits
		}
	case PhaseFailing:
		if m.reset != "" {
			return "every check passes, but the hold started over: " + m.reset
		}
	}
	return fmt.Sprintf("every check passes, but it has not held for %s", m.plan.Hold)
}

// sameTo says whether two states are the same to a reader: times, evidence and
// the hold's progress aside.
func sameTo(a, b State) bool {
	return a.Phase == b.Phase && a.Verdict == b.Verdict &&
		a.Hold.Since.Equal(b.Hold.Since) && a.Hold.Resets == b.Hold.Resets && slices.Equal(a.Hold.Actions, b.Hold.Actions) &&
		slices.EqualFunc(a.Checks, b.Checks, func(x, y CheckState) bool {
			return x.ID == y.ID && x.Passed == y.Passed && x.Reason == y.Reason && x.Error == y.Error
		}) &&
		slices.EqualFunc(a.Safeguards, b.Safeguards, func(x, y SafeguardState) bool {
			return x.ID == y.ID && x.Held == y.Held && x.Unknown == y.Unknown && x.Reason == y.Reason && x.Error == y.Error
		})
}
