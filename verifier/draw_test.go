package verifier

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/firedrill/firedrill/internal/scenario"
)

// TestSeedDrawsPod: every perturbation of a pod takes the one that the seed says of those
// that it may take, whatever order the API server lists them in.
func TestSeedDrawsPod(t *testing.T) {
	t.Parallel()
	aged := func(name string, hours int, changes ...func(*corev1.Pod)) *corev1.Pod {
		p := pod(name, append(changes, func(p *corev1.Pod) {
			p.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}
		})...)
		p.CreationTimestamp = metav1.NewTime(epoch.Add(-time.Duration(hours) * time.Hour))
		return p
	}
	done := func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }
	unready := func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }
	// From the oldest: z, then a and m of the same second, then y, which is not ready.
	system := func(reversed bool) *Target {
		objects := []runtime.Object{
			aged("m", 2), aged("y", 1, unready), aged("z", 3), aged("a", 2), aged("leaving", 9, leaving), aged("done", 9, done),
			backends(map[string]bool{"a": true, "m": true, "z": true, "leaving": true, "done": true, "y": false}),
		}
		if reversed {
			slices.Reverse(objects)
		}
		return target(objects...)
	}
	perturbers := map[string]struct {
		Perturber
		did   string
		order []string // of those that it may take
	}{
		"deletePod":       {&DeletePod{podSelector{"app=checkout"}}, "deleted pod %s", []string{"z", "a", "m", "y"}},
		"deletePodBehind": {&DeletePodBehind{serviceRef{"checkout"}}, "deleted pod %s", []string{"z", "a", "m"}},
		"wedgePod": {&WedgePod{
			podSelector: podSelector{"app=checkout"}, Port: "http", Token: "w", RestartedWithin: scenario.Duration(time.Minute),
		}, "made pod %s hang: restarted after 0s", []string{"z", "a", "m"}},
	}
	for name, p := range perturbers {
		for _, seed := range []int64{0, 1, 2, 3, 4, 5, 12, 13, math.MaxInt64, -1, -2, -12, math.MinInt64} {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				t.Parallel()
				count := int64(len(p.order))
				want := fmt.Sprintf(p.did, p.order[(seed%count+count)%count])
				for _, reversed := range []bool{false, true} { // and so twice: a seed draws the same again
					on := system(reversed)
					on.Seed = seed
					answering(on, func(a clienttesting.ProxyGetAction) proxied {
						restarted := aged(a.GetName(), 3, onPod(func(c *corev1.ContainerStatus) { c.RestartCount++ }))
						return proxied{body: "wedged\n", then: func() { update(t, on, restarted) }}
					})
					if did, err := p.Perturb(t.Context(), on); err != nil || did != want {
						t.Errorf("reversed %v: %q, %v: want %q", reversed, did, err, want)
					}
				}
			})
		}
	}
}

// TestDraw: seed 0 takes the oldest, as runs did before a seed drew the pod.
func TestDraw(t *testing.T) {
	t.Parallel()
	old := func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(epoch.Add(-2 * time.Hour)) }
	pods := []corev1.Pod{*pod("a"), *pod("c", old), *pod("b", old)}
	for seed, want := range map[int64]string{0: "b", 1: "c", 2: "a", 3: "b", -1: "a", -3: "b", -4: "a"} {
		on := target()
		on.Seed = seed
		if drawn := on.draw(pods, active); drawn == nil || drawn.Name != want {
			t.Errorf("seed %d drew %v, want %s", seed, drawn, want)
		}
	}
	if pods[0].Name != "a" || pods[1].Name != "c" {
		t.Error("the pods that others look at were put into another order")
	}
	if drawn := target().draw(nil, active); drawn != nil {
		t.Errorf("drew %s of none", drawn.Name)
	}
	if drawn := target().draw([]corev1.Pod{*pod("a", leaving)}, active); drawn != nil {
		t.Errorf("drew %s, which is being deleted", drawn.Name)
	}
}
