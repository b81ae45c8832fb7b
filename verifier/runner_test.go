package verifier

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	testclock "k8s.io/utils/clock/testing"
)

// scene is a Runner whose time a test controls: whenever the Runner waits, the clock
// goes on by a tenth of a second, so a hold of minutes takes milliseconds.
type scene struct {
	clock  *testclock.FakeClock
	runner *Runner
	target *Target
}

func newScene(t *testing.T) *scene {
	t.Helper()
	c := testclock.NewFakeClock(epoch)
	s := &scene{
		clock: c, runner: &Runner{Clock: c, unwatched: true},
		target: &Target{Client: fake.NewClientset(), Namespace: "shop", Now: c.Now},
	}
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			default:
			}
			if c.HasWaiters() {
				c.Step(100 * time.Millisecond)
			}
			time.Sleep(20 * time.Microsecond)
		}
	}()
	t.Cleanup(func() { close(done); <-stopped })
	return s
}

// elapsed is the scene's time in seconds.
func (s *scene) elapsed() float64 { return s.clock.Now().Sub(epoch).Seconds() }

// passes is a check that passes during the spans (from, to, from, to ...) in seconds.
func (s *scene) passes(spans ...float64) Func {
	return func(context.Context, *Target) (Observation, error) {
		now := s.elapsed()
		for i := 0; i+1 < len(spans); i += 2 {
			if now >= spans[i] && now < spans[i+1] {
				return Observation{Passed: true, Reason: "up"}, nil
			}
		}
		return Observation{Reason: "down"}, nil
	}
}

const forever = 1e9

func plan(hold time.Duration, c Checker) Plan {
	return Plan{Hold: hold, Checks: []Step{{ID: "up", Checker: c}}}
}

func near(t *testing.T, what string, got time.Time, from, to float64) {
	t.Helper()
	if s := got.Sub(epoch).Seconds(); s < from || s > to {
		t.Errorf("%s at second %.1f, want between %.1f and %.1f", what, s, from, to)
	}
}

func TestWatchRecovers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var states []State
	v, err := s.runner.Watch(t.Context(), s.target, plan(30*time.Second, s.passes(4.5, forever)), func(st State) {
		states = append(states, st)
	})
	if err != nil || !v.Recovered {
		t.Fatalf("verdict %+v, %v", v, err)
	}
	near(t, "recovered", v.RecoveredAt, 4.5, 5.7)
	settled := v.RecoveredAt.Add(5 * time.Second)
	if late := v.DecidedAt.Sub(settled.Add(30 * time.Second)); late < 0 || late > 300*time.Millisecond {
		t.Errorf("decided %v after the end of the hold", late)
	}
	var phases []Phase
	holds := 0
	for i, st := range states {
		if i == 0 || states[i-1].Phase != st.Phase {
			phases = append(phases, st.Phase)
		}
		if st.Phase == PhaseHolding {
			holds++
		}
		if st.Verdict.Recovered != (st.Phase == PhaseRecovered) || st.Verdict.Reason == "" {
			t.Errorf("state %d: phase %s, verdict %+v", i, st.Phase, st.Verdict)
		}
	}
	if got := phaseText(phases); got != "failing settling holding recovered" {
		t.Errorf("phases %s", got)
	}
	if holds < 20 || holds > 31 {
		t.Errorf("%d states told of a hold of 30 s, want one a second", holds)
	}
	if extra := len(states) - holds; extra != 3 {
		t.Errorf("%d states besides the hold's, want one a change", extra)
	}
}

func phaseText(phases []Phase) string {
	var names []string
	for _, p := range phases {
		names = append(names, string(p))
	}
	return strings.Join(names, " ")
}

func TestWatchResets(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	v, err := s.runner.Watch(t.Context(), s.target, plan(20*time.Second, s.passes(0, 24, 26, forever)), nil)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "recovered", v.RecoveredAt, 26, 27.2)
	near(t, "decided", v.DecidedAt, 26+25, 27.2+25.5)
}

func TestWatchNeverRecovers(t *testing.T) {
	t.Parallel()
	cause := errors.New("the time limit is over")
	flapping := func(s *scene) Checker {
		return Func(func(context.Context, *Target) (Observation, error) {
			return Observation{Passed: int(s.elapsed())%8 != 0, Reason: "flaps"}, nil
		})
	}
	blind := func(s *scene) Checker {
		return Func(func(context.Context, *Target) (Observation, error) {
			if int(s.elapsed())%8 == 0 {
				return Observation{}, errors.New("connection refused")
			}
			return Observation{Passed: true, Reason: "up"}, nil
		})
	}
	broken := func(*scene) Checker {
		return Func(func(context.Context, *Target) (Observation, error) { panic("nil map") })
	}
	cases := map[string]struct {
		check  func(s *scene) Checker
		guard  Checker
		reason string
	}{
		"untouched":           {func(s *scene) Checker { return s.passes() }, nil, "not recovered: up: down"},
		"flapping":            {flapping, nil, "not recovered: "},
		"blind now and then":  {blind, nil, "not recovered: "},
		"a check breaks down": {broken, nil, "not recovered: up: could not be observed: the check broke down: nil map"},
		"a safeguard is broken": {
			func(s *scene) Checker { return s.passes(0, forever) },
			Func(func(context.Context, *Target) (Observation, error) { return Observation{Reason: "no limit"}, nil }),
			"not recovered: limit-removed: Without a limit, the node goes down with it.",
		},
		"a broken safeguard counts before a failing check": {
			func(s *scene) Checker { return s.passes() },
			Func(func(context.Context, *Target) (Observation, error) { return Observation{Reason: "no limit"}, nil }),
			"not recovered: limit-removed: Without a limit",
		},
		"a safeguard sees nothing": {
			func(s *scene) Checker { return s.passes(0, forever) },
			Func(func(context.Context, *Target) (Observation, error) { return Observation{}, errors.New("no baseline") }),
			"not recovered: limit-removed: could not be observed: no baseline",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			p := plan(10*time.Second, c.check(s))
			if c.guard != nil {
				p.Safeguards = []Guard{{Name: "limit-removed", Sentence: "Without a limit, the node goes down with it.", Checker: c.guard}}
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				for s.elapsed() < 120 {
					time.Sleep(time.Millisecond)
				}
				cancel(cause)
			}()
			v, err := s.runner.Watch(ctx, s.target, p, func(st State) {
				if len(st.Safeguards) > 0 && st.Safeguards[0].Held {
					t.Error("the safeguard is said to hold")
				}
			})
			if v.Recovered || !errors.Is(err, cause) || !strings.HasPrefix(v.Reason, c.reason) {
				t.Errorf("verdict %+v, %v", v, err)
			}
		})
	}
}

func TestWatchSafeguardPutRight(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	p := plan(10*time.Second, s.passes(0, forever))
	p.Safeguards = []Guard{{Name: "limit-removed", Sentence: "Why.", Checker: s.passes(60, forever)}}
	v, err := s.runner.Watch(t.Context(), s.target, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "recovered", v.RecoveredAt, 60, 61.2)
}

func TestWatchPerturbs(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var down, tries atomic.Int64
	check := Func(func(context.Context, *Target) (Observation, error) {
		return Observation{Passed: s.elapsed()*10 >= float64(down.Load()), Reason: "up"}, nil
	})
	p := plan(10*time.Second, check)
	p.Perturb = []PerturbStep{{Name: "deletePod", Within: 30 * time.Second, Perturber: PerturbFunc(
		func(_ context.Context, target *Target) (string, error) {
			if target.look != nil || !target.Since.IsZero() {
				t.Error("a perturbation must not see what a round has read, nor a hold")
			}
			tries.Add(1)
			down.Store(int64(s.elapsed()*10) + 100) // down for ten seconds
			return "deleted pod web-1", nil
		})}}
	var disturbed State
	v, err := s.runner.Watch(t.Context(), s.target, p, func(st State) {
		if len(st.Hold.Actions) > 0 && disturbed.Phase == "" {
			disturbed = st
		}
	})
	if err != nil || tries.Load() != 1 {
		t.Fatalf("%v, %d tries", err, tries.Load())
	}
	near(t, "recovered", v.RecoveredAt, 0, 1)
	near(t, "decided", v.DecidedAt, 2.5+10+10, 2.5+10+10+15)
	if disturbed.Phase != PhasePerturbing || disturbed.Hold.Actions[0] != "deleted pod web-1" {
		t.Errorf("state %+v", disturbed)
	}
}

func TestWatchStopsAPointlessPerturbation(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var tries atomic.Int64
	p := plan(10*time.Second, s.passes(0, forever))
	p.Safeguards = []Guard{{Name: "cordoned", Sentence: "Why.", Checker: s.passes(0, 10, 40, forever)}}
	p.Perturb = []PerturbStep{{Name: "runPod", Perturber: PerturbFunc(func(ctx context.Context, _ *Target) (string, error) {
		if tries.Add(1) == 1 {
			<-ctx.Done() // goes on until the broken safeguard ends it
			return "", &NotSurvivedError{Reason: context.Cause(ctx).Error()}
		}
		return "ran a pod", nil
	})}}
	v, err := s.runner.Watch(t.Context(), s.target, p, func(st State) {
		if strings.Contains(st.Verdict.Reason, "did not survive") {
			t.Errorf("a pointless perturbation counted: %s", st.Verdict.Reason)
		}
	})
	if err != nil || tries.Load() != 2 {
		t.Fatalf("%v, %d tries", err, tries.Load())
	}
	near(t, "recovered", v.RecoveredAt, 40, 41.2)
}

func TestWatchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var returned atomic.Bool
	p := plan(10*time.Second, s.passes(0, forever))
	p.Perturb = []PerturbStep{{Name: "runPod", Perturber: PerturbFunc(func(ctx context.Context, _ *Target) (string, error) {
		<-ctx.Done()
		returned.Store(true)
		return "", ctx.Err()
	})}}
	ctx, cancel := context.WithCancel(t.Context())
	v, err := s.runner.Watch(ctx, s.target, p, func(st State) {
		if st.Phase == PhasePerturbing {
			time.AfterFunc(5*time.Millisecond, cancel)
		}
	})
	if !errors.Is(err, context.Canceled) || v.Recovered || !returned.Load() {
		t.Errorf("verdict %+v, %v, perturbation returned: %v", v, err, returned.Load())
	}
}

func TestWatchTellsTheHoldToChecks(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	check := new(switchCheck)
	check.set(true, "up", nil)
	v, err := s.runner.Watch(t.Context(), s.target, plan(10*time.Second, check), nil)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Time{}
	for _, since := range check.seen {
		switch {
		case since.IsZero() && !started.IsZero():
			t.Error("the hold's start was forgotten")
		case !since.IsZero() && started.IsZero():
			started = since
		case !since.Equal(started):
			t.Errorf("the hold's start moved from %v to %v", started, since)
		}
	}
	if hold := v.DecidedAt.Sub(started); hold < 10*time.Second || hold > 10500*time.Millisecond {
		t.Errorf("the checks were told of a hold of %v, want 10s", hold)
	}
}

func TestWatchRefusesEmptyPlans(t *testing.T) {
	t.Parallel()
	up := Func(nil)
	cases := map[string]struct {
		plan Plan
		want string
	}{
		"no checks":         {Plan{Hold: time.Second}, "no recovery checks"},
		"no hold":           {plan(0, up), "hold 0s"},
		"no checker":        {plan(time.Second, nil), "observes nothing"},
		"no ID":             {Plan{Hold: time.Second, Checks: []Step{{"", up}}}, "without a name"},
		"one ID twice":      {Plan{Hold: time.Second, Checks: []Step{{"up", up}, {"up", up}}}, `two checks are called "up"`},
		"empty safeguard":   {Plan{Hold: time.Second, Checks: []Step{{"up", up}}, Safeguards: []Guard{{Name: "x"}}}, `safeguard "x" observes nothing`},
		"empty disturbance": {Plan{Hold: time.Second, Checks: []Step{{"up", up}}, Perturb: []PerturbStep{{Name: "x"}}}, `perturbation "x" does nothing`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := new(Runner).Watch(t.Context(), &Target{}, c.plan, nil)
			if err == nil || v.Recovered || !strings.Contains(err.Error(), c.want) {
				t.Errorf("verdict %+v, error %v, want %q", v, err, c.want)
			}
		})
	}
	if _, err := new(Runner).Until(t.Context(), &Target{}, nil, time.Second); err == nil {
		t.Error("Until proved something without a check")
	}
}

func TestUntil(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		check func(s *scene) Checker
		err   string
	}{
		"passes in the end":   {func(s *scene) Checker { return s.passes(12, forever) }, ""},
		"passes just in time": {func(s *scene) Checker { return s.passes(29.5, forever) }, ""},
		"never":               {func(s *scene) Checker { return s.passes() }, "not reached within 30s: up: down"},
		"only for an instant": {func(*scene) Checker {
			last := false
			return Func(func(context.Context, *Target) (Observation, error) {
				last = !last
				return Observation{Passed: last, Reason: "flaps"}, nil
			})
		}, "not reached within 30s: up: flaps"},
		"blind": {func(*scene) Checker {
			return Func(func(context.Context, *Target) (Observation, error) { return Observation{}, errors.New("refused") })
		}, "not reached within 30s: up could not be observed: refused"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			st, err := s.runner.Until(t.Context(), s.target, []Step{{"up", c.check(s)}}, 30*time.Second)
			if c.err == "" {
				if err != nil || !st.Checks[0].Passed {
					t.Errorf("state %+v, %v", st, err)
				}
				return
			}
			var unmet *UnmetError
			if !errors.As(err, &unmet) || err.Error() != c.err {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if len(st.Checks) != 1 || len(unmet.State.Checks) != 1 {
				t.Errorf("what was seen last is missing: %+v", st)
			}
		})
	}
	t.Run("canceled", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("ended")
		cancel(cause)
		if _, err := s.runner.Until(ctx, s.target, []Step{{"up", s.passes()}}, time.Minute); !errors.Is(err, cause) {
			t.Errorf("error %v", err)
		}
	})
}

// TestChangesWakeTheRunner uses the real clock and an interval that would outlast the
// test: only the watch on the cluster can make it pass.
func TestChangesWakeTheRunner(t *testing.T) {
	t.Parallel()
	client := fake.NewClientset()
	target := &Target{Client: client, Namespace: "shop", Now: time.Now}
	var looks atomic.Int64
	check := Func(func(ctx context.Context, t *Target) (Observation, error) {
		if looks.Add(1) == 1 {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"}}
			time.AfterFunc(200*time.Millisecond, func() {
				_, _ = client.CoreV1().Pods("shop").Create(context.WithoutCancel(ctx), pod, metav1.CreateOptions{})
			})
		}
		pods, err := t.pods(ctx)
		return Observation{Passed: len(pods) > 0, Reason: "no pods"}, err
	})
	started := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := (&Runner{Interval: time.Hour}).Until(ctx, target, []Step{{"up", check}}, time.Minute); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(started); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}
