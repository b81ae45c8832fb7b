package verifier

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func (m *machine) within() time.Duration {
	if w := m.plan.Perturb[m.next].Within; w > 0 {
		return w
	}
	return DefaultWithin
}

// disturb makes the perturbation the next thing to do.
func (m *machine) disturb(next int, r round) {
	m.phase, m.next, m.running, m.done = PhasePerturbing, next, false, time.Time{}
	switch {
	case m.plan.rescales(next):
		m.podCount = 0
	case next == 0 || m.plan.rescales(next-1):
		m.podCount = len(r.pods.live)
	}
}

// rescaler is a perturbation after which an autoscaler has the say how many pods there are: as
// many as before is one too many for it as often as not.
type rescaler interface{ rescales() }

// rescales tells whether pods need not be as many again after a perturbation. That those
// that are wanted serve is then rolloutComplete's to see.
func (p Plan) rescales(i int) bool {
	_, is := p.Perturb[i].Perturber.(rescaler)
	return is && slices.ContainsFunc(p.Checks, func(s Step) bool { _, complete := s.Checker.(*RolloutComplete); return complete })
}

// wants is the perturbation to start now; false when none is to be.
func (m *machine) wants() (PerturbStep, time.Duration, bool) {
	if m.phase != PhasePerturbing || m.running {
		return PerturbStep{}, 0, false
	}
	m.running = true
	return m.plan.Perturb[m.next], m.within(), true
}

// disturbed takes in the end of a perturbation.
func (m *machine) disturbed(did string, err error, now time.Time) {
	if m.phase != PhasePerturbing || !m.done.IsZero() {
		return // a reset was quicker
	}
	name := m.plan.Perturb[m.next].Name
	if err != nil {
		text := fmt.Sprintf("%s could not be done: %v", name, err)
		if refused, ok := asNotSurvived(err); ok {
			text = fmt.Sprintf("did not survive %s: %s", name, refused.Reason)
		}
		m.setBack(text, now)
		return
	}
	m.done = now
	m.actions = append(m.actions, did)
}

func (m *machine) perturbing(r round, problem string) {
	if broken := m.broken(r); broken != "" {
		m.fail(broken, r.ended) // no disturbance explains a safeguard that was broken
		return
	}
	if m.done.IsZero() || r.began.Before(m.done) {
		return // under way, or this round saw the time before
	}
	if problem == "" {
		problem = m.unquiet(r)
	}
	switch {
	case problem == "" && m.next+1 < len(m.plan.Perturb):
		m.disturb(m.next+1, r)
	case problem == "":
		m.hold(r)
	case r.ended.Sub(m.done) > m.within():
		m.setBack(m.notBack(r), r.ended)
	}
}

// setBack goes back to the start, because the system did not stand a perturbation or
// because there was none.
func (m *machine) setBack(why string, now time.Time) {
	m.fail(why, now)
	m.setback, m.resumed = why, false
}

// notBack says why the time after a perturbation is over.
func (m *machine) notBack(r round) string {
	name, did := m.plan.Perturb[m.next].Name, m.actions[len(m.actions)-1]
	seen := m.failed(r)
	if seen == "" && m.unseen(r) == "" {
		seen = m.unquiet(r)
	}
	if seen == "" {
		return fmt.Sprintf("whether it survived %s (%s) could not be seen within %s: %s", name, did, m.within(), m.unseen(r))
	}
	return fmt.Sprintf("did not survive %s (%s): after %s, %s", name, did, m.within(), seen)
}

// unquiet says why a hold cannot start yet although every check passes: pods still come and go.
func (m *machine) unquiet(r round) string {
	if going := stillGoing(r.pods); going != "" {
		return going
	}
	if len(r.pods.live) < m.podCount {
		return fmt.Sprintf("%d of %d pods are back", len(r.pods.live), m.podCount)
	}
	return ""
}

func stillGoing(pods podSet) string {
	if len(pods.going) == 0 {
		return ""
	}
	return "pods are still terminating: " + strings.Join(pods.going, ", ")
}
