package verifier

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// machine decides. It is told what every round saw and when, and holds no clock, so every
// path to a verdict can be tested step by step:
//
//	failing -> settling -> perturbing -> holding -> recovered
//	   ^----------+------------+------------'
//
// Anything but a complete round in which every check passes and every safeguard holds
// leads back to failing, and the hold starts over.
type machine struct {
	plan   Plan
	maxGap time.Duration
	phase  Phase

	last    time.Time // end of the latest round
	passing time.Time // end of the first passing round of the pass under way: recovered at

	next     int       // the next perturbation
	running  bool      // it was started
	done     time.Time // when it was over; zero before
	actions  []string  // what the perturbations of this pass did
	podCount int       // live pods before the perturbation

	waits   string    // why the hold cannot start though the settling is over
	held    time.Time // start of the hold
	pods    map[types.UID]string
	setback string // why the system did not stand a perturbation, or why there was none
	resumed bool   // something passed since the setback
	resets  int
	reset   string
	resetAt time.Time

	recoveredAt, decidedAt time.Time
}

// minSettle and maxSettle bound the moment between the first pass and the perturbation.
const (
	minSettle = 2 * time.Second
	maxSettle = 5 * time.Second
)

// disturbedGaps is how many times longer than a hold a disturbance survives that nothing
// is observed: it keeps the machine busy itself, and a long one would never be over.
const disturbedGaps = 4

func newMachine(plan Plan, maxGap time.Duration) *machine {
	return &machine{plan: plan, maxGap: maxGap, phase: PhaseFailing}
}

func (m *machine) settle() time.Duration {
	return min(max(m.plan.Hold/4, minSettle), maxSettle)
}

// since is what the checks see as the hold's start.
func (m *machine) since() time.Time {
	if m.phase == PhaseHolding {
		return m.held
	}
	return time.Time{}
}

// see takes in a round and says whether nothing was observed for too long before its end.
func (m *machine) see(r round) (gap bool) {
	if m.phase == PhaseRecovered {
		return false
	}
	blind := blindness(m.last, r.ended)
	m.last = r.ended
	gap = blind > m.maxGap
	switch {
	case gap && m.phase == PhasePerturbing && blind <= disturbedGaps*m.maxGap:
		// What a disturbance hid for a moment decides nothing: its outcome and the
		// whole hold are still to be seen. Nobody recovered before it, though.
		m.passing = r.ended
	case gap:
		m.fail(fmt.Sprintf("nothing could be observed for %s", blind.Round(time.Second)), r.ended)
		return true
	}
	problem := m.problem(r)
	if problem == "" {
		m.resumed = true
	}
	switch m.phase {
	case PhaseFailing:
		if problem == "" {
			m.phase, m.passing = PhaseSettling, r.ended
		}
	case PhaseSettling:
		m.settling(r, problem)
	case PhasePerturbing:
		m.perturbing(r, problem)
	case PhaseHolding:
		m.holding(r, problem)
	}
	return gap
}

// blindness is the time between the ends of two rounds by the clock that went furthest:
// while a laptop sleeps the monotonic one stands still, and a clock that is set jumps.
func blindness(last, now time.Time) time.Duration {
	if last.IsZero() {
		return 0
	}
	return max(now.Sub(last), now.Round(0).Sub(last.Round(0)).Abs())
}

func (m *machine) settling(r round, problem string) {
	switch {
	case problem != "":
		m.fail(problem, r.ended)
	case r.began.Sub(m.passing) < m.settle():
	case len(m.plan.Perturb) > 0:
		m.disturb(0, r)
	default:
		m.hold(r)
	}
}

func (m *machine) hold(r round) {
	if m.waits = stillGoing(r.pods); m.waits != "" {
		return // their going would change the set during the hold
	}
	m.phase, m.held, m.pods = PhaseHolding, r.ended, r.pods.live
	m.setback = ""
}

func (m *machine) holding(r round, problem string) {
	if problem == "" {
		problem = m.podsChanged(r.pods)
	}
	switch {
	case problem != "":
		m.fail(problem, r.ended)
	case r.began.Sub(m.held) >= m.plan.Hold:
		// This round began after the hold was over, so nothing in it was seen too early.
		m.phase, m.recoveredAt, m.decidedAt = PhaseRecovered, m.passing, r.ended
	}
}

func (m *machine) podsChanged(now podSet) string {
	for _, uid := range slices.Sorted(maps.Keys(m.pods)) {
		if _, found := now.live[uid]; !found {
			return "pod " + m.pods[uid] + " was replaced during the hold"
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(now.live)) {
		if _, found := m.pods[uid]; !found {
			return "pod " + now.live[uid] + " was added during the hold"
		}
	}
	return ""
}

// fail goes back to the start.
func (m *machine) fail(why string, now time.Time) {
	if m.phase != PhaseFailing {
		m.resets++
		m.reset, m.resetAt = why, now
	}
	m.phase = PhaseFailing
	m.passing, m.held, m.pods, m.actions, m.waits = time.Time{}, time.Time{}, nil, nil, ""
	m.next, m.running, m.done = 0, false, time.Time{}
}

// due is when the phase under way may end; false when no time alone ends it.
func (m *machine) due() (time.Time, bool) {
	switch m.phase {
	case PhaseSettling:
		return m.passing.Add(m.settle()), m.waits == ""
	case PhaseHolding:
		return m.held.Add(m.plan.Hold), true
	}
	return time.Time{}, false
}
