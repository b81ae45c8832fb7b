package verifier

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"
)

func TestPodsOf(t *testing.T) {
	t.Parallel()
	other := func(p *corev1.Pod) { p.Labels = map[string]string{"app": "cart"} }
	job := func(p *corev1.Pod) {
		p.OwnerReferences = []metav1.OwnerReference{controlledBy("Job", "backup", "job")}
		p.Labels = nil
	}
	objects := append(shop(), pod("checkout-0", leaving), pod("cart-1", other), pod("debug", byHandPod, other), pod("backup", job))
	users := stream{Stream: "shoppers"}
	cases := map[string]struct {
		checks []Checker
		live   int
	}{
		"by selector":                   {[]Checker{&NoRestarts{podSelector: podSelector{"app=checkout"}}}, 2},
		"by workload":                   {[]Checker{&RolloutComplete{workloadRef{Name: "checkout"}}, &HTTP{stream: users}}, 2},
		"by two selectors":              {[]Checker{&NoRestarts{podSelector: podSelector{"app=checkout"}}, &HTTP{stream: users, PerPod: 1, Selector: "app=cart"}}, 4},
		"by none: what is looked after": {[]Checker{&NodeReady{nodeRef{"worker"}}, &HTTP{stream: users}}, 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var steps []Step
			for _, check := range c.checks {
				steps = append(steps, Step{"x", check})
			}
			set, err := podsOf(t.Context(), target(objects...), steps)
			if err != nil || len(set.live) != c.live || len(set.going) != 1 {
				t.Errorf("%+v, %v: want %d live and 1 going", set, err, c.live)
			}
		})
	}
	gone := []Step{{"rollout", &RolloutComplete{workloadRef{Name: "cart"}}}}
	if _, err := podsOf(t.Context(), target(), gone); err == nil {
		t.Error("the pods of a workload that is gone are known")
	}
}

// TestRoundReadsOnce: however many checks want the pods, a round asks for them once, and
// the next round asks again.
func TestRoundReadsOnce(t *testing.T) {
	t.Parallel()
	on := target(shop()...)
	w := &watch{clock: clock.RealClock{}, target: on, m: newMachine(plan10(), time.Second), events: newEvents(), memory: new(memory)}
	for range 5 {
		w.plan.Checks = append(w.plan.Checks, Step{"x", &NoRestarts{podSelector: podSelector{"app=checkout"}}})
	}
	for range 3 {
		for _, s := range w.look(t.Context()).checks {
			if !s.ok() {
				t.Fatalf("%+v", s)
			}
		}
	}
	if n := len(on.Client.(*fake.Clientset).Actions()); n != 3 {
		t.Errorf("%d requests in 3 rounds, want 3", n)
	}
}

func TestStateAsJSON(t *testing.T) {
	t.Parallel()
	m, rec := newMachine(plan10(), time.Second), newRecord(plan10())
	rec.add(seen(1))
	m.see(seen(1))
	rec.add(seen(2, blindCheck, blindGuard))
	data, err := json.MarshalIndent(rec.state(m), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSpace(`
{
  "phase": "settling",
  "checks": [
    {
      "id": "up",
      "passed": true,
      "reason": "",
      "error": "connection refused",
      "at": "2026-11-23T12:00:01Z"
    }
  ],
  "safeguards": [
    {
      "id": "limit-removed",
      "held": false,
      "unknown": true,
      "reason": "",
      "sentence": "Without a limit, the node goes down with it.",
      "error": "connection refused",
      "at": "2026-11-23T12:00:01Z"
    }
  ],
  "hold": {
    "required": "10s",
    "elapsed": "0s"
  },
  "verdict": {
    "recovered": false,
    "reason": "not recovered: up: could not be observed: connection refused",
    "cause": "up"
  }
}`)
	if string(data) != want {
		t.Errorf("got\n%s\nwant\n%s", data, want)
	}
	var back State
	if err := json.Unmarshal(data, &back); err != nil || back.Hold.Required.Duration != 10*time.Second {
		t.Errorf("read back: %+v, %v", back.Hold, err)
	}
}

func TestChecksRunAtOnce(t *testing.T) {
	t.Parallel()
	w := &watch{clock: clock.RealClock{}, target: target(), m: newMachine(plan10(), time.Second), events: newEvents(), memory: new(memory)}
	meet := make(chan struct{})
	w.plan.Checks = []Step{
		{"a", Func(func(ctx context.Context, _ *Target) (Observation, error) {
			select {
			case meet <- struct{}{}:
				return Observation{Passed: true}, nil
			case <-ctx.Done():
				return Observation{}, ctx.Err()
			}
		})},
		{"b", Func(func(ctx context.Context, _ *Target) (Observation, error) {
			select {
			case <-meet:
				return Observation{Passed: true}, nil
			case <-ctx.Done():
				return Observation{}, ctx.Err()
			}
		})},
	}
	for i, s := range w.look(t.Context()).checks {
		if !s.ok() {
			t.Errorf("check %d: %+v", i, s)
		}
	}
}
