package verifier

import (
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// at is a moment of a test, in seconds.
func at(seconds float64) time.Time { return epoch.Add(time.Duration(seconds * float64(time.Second))) }

// seen is a round at a moment in which everything is fine, unless an option says otherwise.
func seen(seconds float64, options ...func(*round)) round {
	r := round{
		began: at(seconds), ended: at(seconds), checks: []sample{{Observation: Observation{Passed: true}}},
		guards: []sample{{Observation: Observation{Passed: true}}}, pods: podSet{live: map[types.UID]string{"1": "web-1", "2": "web-2"}},
	}
	for _, o := range options {
		o(&r)
	}
	return r
}

func failing(r *round)    { r.checks[0].Observation = Observation{Reason: "1 of 2 available"} }
func blindCheck(r *round) { r.checks[0] = sample{err: errors.New("connection refused")} }
func blindGuard(r *round) { r.guards[0] = sample{err: errors.New("connection refused")} }
func blindPods(r *round)  { r.podsErr = errors.New("connection refused") }
func brokenGuard(r *round) {
	r.guards[0].Observation = Observation{Reason: "the memory limit was removed"}
}
func replaced(r *round) { r.pods.live = map[types.UID]string{"1": "web-1", "3": "web-3"} }
func added(r *round) {
	r.pods.live = map[types.UID]string{"1": "web-1", "2": "web-2", "3": "web-3"}
}
func fewer(r *round) { r.pods.live = map[types.UID]string{"1": "web-1"} }
func going(r *round) { r.pods.going = []string{"web-0"} }
func ended(r *round) {
	r.ends = []ending{{pod: "2", text: "container web of pod web-2 ended: OOMKilled"}}
}

func endedOther(r *round) { r.ends = []ending{{pod: "9", text: "container debug of pod debug ended"}} }

func slow(s float64) func(*round) {
	return func(r *round) { r.ended = r.began.Add(time.Duration(s * float64(time.Second))) }
}

// plan10 holds for 10 s (and so settles for 2.5 s), with as many perturbations as asked.
func plan10(perturbs ...string) Plan {
	p := Plan{
		Hold:       10 * time.Second,
		Checks:     []Step{{ID: "up", Checker: Func(nil)}},
		Safeguards: []Guard{{Name: "limit-removed", Sentence: "Without a limit, the node goes down with it.", Checker: Func(nil)}},
	}
	for _, name := range perturbs {
		p.Perturb = append(p.Perturb, PerturbStep{Name: name, Within: 5 * time.Second, Perturber: PerturbFunc(nil)})
	}
	return p
}

// every sees a round each second from one moment to another, both included.
func every(m *machine, from, to float64, options ...func(*round)) {
	for s := from; s <= to; s++ {
		m.see(seen(s, options...))
	}
}

func want(t *testing.T, m *machine, phase Phase) {
	t.Helper()
	if m.phase != phase {
		t.Fatalf("phase %s, want %s (reset: %q)", m.phase, phase, m.reset)
	}
}

// holdingFrom5 is a machine that holds since second 5 and passed since second 2.
func holdingFrom5(t *testing.T) *machine {
	t.Helper()
	m := newMachine(plan10(), 5*time.Second)
	every(m, 0, 1, failing)
	every(m, 2, 5)
	want(t, m, PhaseHolding)
	return m
}

func TestMachineRecovers(t *testing.T) {
	t.Parallel()
	m := holdingFrom5(t)
	if !m.held.Equal(at(5)) || !m.since().Equal(at(5)) {
		t.Errorf("held since %v, want second 5", m.held)
	}
	every(m, 6, 14)
	m.see(seen(14.999))
	want(t, m, PhaseHolding)
	m.see(seen(15, slow(0.2)))
	want(t, m, PhaseRecovered)
	if !m.recoveredAt.Equal(at(2)) {
		t.Errorf("recovered at %v, want second 2: the start of the pass that held", m.recoveredAt)
	}
	if !m.decidedAt.Equal(at(15.2)) {
		t.Errorf("decided at %v, want second 15.2", m.decidedAt)
	}
	m.see(seen(16, failing))
	want(t, m, PhaseRecovered)
}

func TestMachineNeedsARoundThatBeganAfterTheHold(t *testing.T) {
	t.Parallel()
	m := holdingFrom5(t)
	every(m, 6, 14)
	m.see(seen(14.9, slow(0.3))) // ends after the hold, but may have seen the time before it
	want(t, m, PhaseHolding)
	m.see(seen(15.3))
	want(t, m, PhaseRecovered)
}

func TestMachineResetsAHold(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		round  round
		reason string
	}{
		"a check flips":                       {seen(14, failing), "up: 1 of 2 available"},
		"a check flips in the deciding round": {seen(15, failing), "up: 1 of 2 available"},
		"a safeguard is broken":               {seen(14, brokenGuard), "limit-removed: the memory limit was removed"},
		"a check sees nothing":                {seen(14, blindCheck), "could not be observed"},
		"a safeguard sees nothing":            {seen(14, blindGuard), "could not be observed"},
		"the pods cannot be read":             {seen(14, blindPods), "could not be observed"},
		"a pod is replaced":                   {seen(14, replaced), "web-2 was replaced"},
		"a pod is added":                      {seen(14, added), "web-3 was added"},
		"a pod is gone":                       {seen(15, fewer), "web-2 was replaced"},
		"a container ended between rounds":    {seen(15, ended), "OOMKilled"},
		"a round takes too long":              {seen(14, slow(5)), "nothing could be observed for 6s"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := holdingFrom5(t)
			every(m, 6, 13)
			m.see(c.round)
			want(t, m, PhaseFailing)
			if !strings.Contains(m.reset, c.reason) {
				t.Errorf("reset because of %q, want %q", m.reset, c.reason)
			}
			// Everything starts over: settling, a whole hold, a new start of the pass.
			every(m, 16, 19, failing)
			every(m, 20, 23)
			want(t, m, PhaseHolding)
			every(m, 24, 32)
			want(t, m, PhaseHolding)
			m.see(seen(33))
			want(t, m, PhaseRecovered)
			if !m.recoveredAt.Equal(at(20)) {
				t.Errorf("recovered at %v, want the start of the second pass", m.recoveredAt)
			}
		})
	}
}

func TestMachineIgnoresOtherPods(t *testing.T) {
	t.Parallel()
	m := holdingFrom5(t)
	every(m, 6, 15, endedOther)
	want(t, m, PhaseRecovered)
}

func TestMachineGap(t *testing.T) {
	t.Parallel()
	t.Run("longer than a hold survives", func(t *testing.T) {
		t.Parallel()
		m := holdingFrom5(t)
		if gap := m.see(seen(16)); !gap {
			t.Error("eleven seconds without a round are no gap?")
		}
		want(t, m, PhaseFailing)
	})
	t.Run("short enough", func(t *testing.T) {
		t.Parallel()
		m := holdingFrom5(t)
		m.see(seen(10))
		m.see(seen(15))
		want(t, m, PhaseRecovered)
	})
	t.Run("while settling", func(t *testing.T) {
		t.Parallel()
		m := newMachine(plan10(), 5*time.Second)
		m.see(seen(0))
		want(t, m, PhaseSettling)
		m.see(seen(60))
		want(t, m, PhaseFailing)
	})
	t.Run("while it is disturbed", func(t *testing.T) {
		t.Parallel()
		m := disturbing(t, "deletePod")
		if gap := m.see(seen(20)); !gap { // seventeen seconds
			t.Error("no gap?")
		}
		want(t, m, PhasePerturbing)
		m.disturbed("deleted pod web-2", nil, at(20.5))
		m.see(seen(21, replaced))
		want(t, m, PhaseHolding)
		every(m, 22, 30, replaced) // the hold is a whole one
		want(t, m, PhaseHolding)
		m.see(seen(31, replaced))
		want(t, m, PhaseRecovered)
		if !m.recoveredAt.Equal(at(20)) {
			t.Errorf("recovered at %v, want second 20: nobody saw the time before", m.recoveredAt)
		}
	})
	t.Run("for too long while it is disturbed", func(t *testing.T) {
		t.Parallel()
		m := disturbing(t, "deletePod")
		m.see(seen(24))
		want(t, m, PhaseFailing)
	})
	t.Run("while it is disturbed, and a safeguard is broken", func(t *testing.T) {
		t.Parallel()
		m := disturbing(t, "deletePod")
		m.see(seen(12, brokenGuard))
		want(t, m, PhaseFailing)
	})
}

func TestBlindness(t *testing.T) {
	t.Parallel()
	now := time.Now()
	if got := blindness(time.Time{}, now); got != 0 {
		t.Errorf("before the first round: %v", got)
	}
	if got := blindness(now, now.Add(2*time.Second)); got != 2*time.Second {
		t.Errorf("two seconds: %v", got)
	}
	// The monotonic clock stood still while the wall clock went on for an hour, or went back.
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		if got := blindness(now.Round(0), now.Add(jump).Round(0)); got != time.Hour {
			t.Errorf("jump of %v: %v", jump, got)
		}
	}
}

func TestMachineSettles(t *testing.T) {
	t.Parallel()
	t.Run("a pass of an instant is none", func(t *testing.T) {
		t.Parallel()
		m := newMachine(plan10(), 5*time.Second)
		for s := 0.0; s < 100; s += 2 {
			m.see(seen(s, failing))
			m.see(seen(s + 1))
			want(t, m, PhaseSettling)
		}
	})
	t.Run("no hold while a pod is going", func(t *testing.T) {
		t.Parallel()
		m := newMachine(plan10(), 5*time.Second)
		every(m, 0, 9, going)
		want(t, m, PhaseSettling)
		m.see(seen(10))
		want(t, m, PhaseHolding)
	})
	t.Run("how long", func(t *testing.T) {
		t.Parallel()
		for hold, want := range map[time.Duration]time.Duration{
			time.Second: 2 * time.Second, 12 * time.Second: 3 * time.Second, time.Minute: 5 * time.Second,
		} {
			if got := newMachine(Plan{Hold: hold}, 0).settle(); got != want {
				t.Errorf("hold %v settles for %v, want %v", hold, got, want)
			}
		}
	})
}

// disturbing is a machine that has just started its first perturbation, at second 3.
func disturbing(t *testing.T, perturbs ...string) *machine {
	t.Helper()
	m := newMachine(plan10(perturbs...), 5*time.Second)
	every(m, 0, 3)
	want(t, m, PhasePerturbing)
	step, within, due := m.wants()
	if !due || step.Name != perturbs[0] || within != 5*time.Second {
		t.Fatalf("wants %v %v %v", step.Name, within, due)
	}
	if _, _, again := m.wants(); again {
		t.Fatal("one perturbation is asked for twice")
	}
	return m
}

func TestMachinePerturbs(t *testing.T) {
	t.Parallel()
	m := disturbing(t, "deletePod", "restartUnit")
	m.see(seen(4, failing, going)) // what the perturbation itself does is no failure
	m.see(seen(5))
	want(t, m, PhasePerturbing)
	m.disturbed("deleted pod web-2", nil, at(5.5))
	m.see(seen(5.2, slow(1))) // began before it was done
	want(t, m, PhasePerturbing)
	m.see(seen(7, fewer, going))
	m.see(seen(8, fewer)) // every check may pass before the pod is back
	m.see(seen(9, blindCheck))
	if _, _, due := m.wants(); due {
		t.Fatal("the second perturbation started before the system was back")
	}
	m.see(seen(10, replaced))
	step, _, due := m.wants()
	if !due || step.Name != "restartUnit" {
		t.Fatalf("wants %q %v, want restartUnit", step.Name, due)
	}
	m.disturbed("restarted kubelet", nil, at(11))
	m.see(seen(12, replaced))
	want(t, m, PhaseHolding)
	every(m, 13, 21, replaced)
	want(t, m, PhaseHolding)
	m.see(seen(22, replaced))
	want(t, m, PhaseRecovered)
	if !m.recoveredAt.Equal(at(0)) {
		t.Errorf("recovered at %v, want second 0", m.recoveredAt)
	}
}

// After a load an autoscaler may find that fewer pods than before are enough, and whether those
// serve that it wants is a check's to see; without that check, and after any other
// perturbation, they must be as many again.
func TestMachineCountsNoPodsAfterALoad(t *testing.T) {
	t.Parallel()
	for name, checker := range map[string]Checker{
		"their rollout is looked at":  &RolloutComplete{},
		"nobody looks at their count": &NoRestarts{},
	} {
		plan := plan10("load", "deletePod")
		plan.Checks[0].Checker, plan.Perturb[0].Perturber, plan.Perturb[1].Perturber = checker, &Load{}, &DeletePod{}
		m := newMachine(plan, 5*time.Second)
		every(m, 0, 3)
		want(t, m, PhasePerturbing)
		m.wants()
		m.disturbed("sent more requests", nil, at(4))
		m.see(seen(5, fewer))
		_, counts := checker.(*NoRestarts)
		step, _, due := m.wants()
		if due == counts {
			t.Fatalf("%s: the next perturbation is due: %v", name, due)
		}
		if counts {
			continue
		}
		if step.Name != "deletePod" {
			t.Fatalf("%s: wants %s", name, step.Name)
		}
		m.disturbed("deleted pod web-1", nil, at(6))
		m.see(seen(7, func(r *round) { r.pods.live = nil }))
		want(t, m, PhasePerturbing) // the one that was there must come back
		m.see(seen(8, fewer))
		want(t, m, PhaseHolding)
	}
}

func TestMachineSetBack(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		do     func(m *machine)
		reason string
	}{
		"checks never pass again": {func(m *machine) {
			m.disturbed("deleted pod web-2", nil, at(4))
			every(m, 4, 10, failing)
		}, "did not survive deletePod (deleted pod web-2): after 5s, up: 1 of 2 available"},
		"the pod never comes back": {func(m *machine) {
			m.disturbed("deleted pod web-2", nil, at(4))
			every(m, 4, 10, fewer)
		}, "did not survive deletePod (deleted pod web-2): after 5s, 1 of 2 pods are back"},
		"nothing could be seen after it": {func(m *machine) {
			m.disturbed("deleted pod web-2", nil, at(4))
			every(m, 4, 10, blindCheck)
		}, "whether it survived deletePod (deleted pod web-2) could not be seen within 5s"},
		"refused": {func(m *machine) {
			m.disturbed("", &NotSurvivedError{Reason: "a new pod did not run"}, at(4))
		}, "did not survive deletePod: a new pod did not run"},
		"could not be done": {func(m *machine) {
			m.disturbed("", errors.New("connection refused"), at(4))
		}, "deletePod could not be done: connection refused"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := disturbing(t, "deletePod")
			rec := newRecord(m.plan)
			rec.add(seen(3))
			c.do(m)
			want(t, m, PhaseFailing)
			if !strings.HasPrefix(m.reset, c.reason) {
				t.Errorf("reset because of\n%q, want\n%q", m.reset, c.reason)
			}
			// It stays the verdict's reason while the checks pass again, until the system stands it.
			m.last = at(10)
			m.see(seen(11))
			if v := rec.verdict(m); !strings.HasPrefix(v.Reason, "not recovered: "+c.reason) {
				t.Errorf("verdict %q", v.Reason)
			}
			every(m, 12, 14)
			_, _, due := m.wants()
			if !due {
				t.Fatalf("no second try: %s", m.phase)
			}
			m.disturbed("deleted pod web-1", nil, at(14))
			m.see(seen(15))
			want(t, m, PhaseHolding)
			if v := rec.verdict(m); strings.Contains(v.Reason, "survive") {
				t.Errorf("verdict %q still names what was overcome", v.Reason)
			}
		})
	}
}

func TestMachineSafeguardDuringPerturbation(t *testing.T) {
	t.Parallel()
	m := disturbing(t, "deletePod")
	m.see(seen(4, brokenGuard))
	want(t, m, PhaseFailing)
	m.disturbed("deleted pod web-2", nil, at(5)) // comes too late to count
	want(t, m, PhaseFailing)
	if len(m.actions) != 0 {
		t.Errorf("actions %v of a pass that is over", m.actions)
	}
}

// A pod that does not go away keeps a hold from starting. That is said, and looked at no
// more often than anything else.
func TestAHoldWaitsForPodsToGo(t *testing.T) {
	t.Parallel()
	m := newMachine(plan10(), 5*time.Second)
	rec := newRecord(m.plan)
	see := func(r round) {
		m.see(r)
		rec.add(r)
	}
	see(seen(0))
	if due, ok := m.due(); !ok || !due.Equal(at(2.5)) {
		t.Errorf("settled at %s, %v", due, ok)
	}
	for _, second := range []float64{3, 4, 5} {
		see(seen(second, going))
		if due, ok := m.due(); ok || m.phase != PhaseSettling {
			t.Errorf("%s, due %s: the time for that is over", m.phase, due)
		}
	}
	if got, want := rec.verdict(m).Reason, "not recovered: every check passes, but pods are still terminating: web-0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	see(seen(6))
	if m.phase != PhaseHolding || m.waits != "" {
		t.Errorf("%s, waits for %q", m.phase, m.waits)
	}
}

// A proof that never came to an end says what kept it from one, however well things look
// in the moment that its time is up.
func TestAnUnprovenStateSaysWhyItStartedOver(t *testing.T) {
	t.Parallel()
	m := newMachine(plan10(), 5*time.Second)
	rec := newRecord(m.plan)
	for i, want := range []string{
		"every check passes, but it has not held for 10s",
		"up: 1 of 2 available", // and why it started over is told once
		"every check passes, but it has not held for 10s; it started over: up: 1 of 2 available",
		"up: 1 of 2 available",
		"every check passes, but it has not held for 10s; it started over 2 times, the last time: up: 1 of 2 available",
		"every check passes, but the hold of 10s was not over; it started over 2 times, the last time: up: 1 of 2 available",
	} {
		r := seen(float64(3 * i))
		if i == 1 || i == 3 {
			failing(&r)
		}
		m.see(r)
		rec.add(r)
		if got := rec.state(m).Unproven(); got != "not recovered: "+want {
			t.Errorf("round %d: %s, want %s", i, got, want)
		}
	}
}
