package verifier

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
)

// A container that the kubelet has given up, and that looks well until its hook is over, ends.
func TestNoRestartsSeesWhatIsBeingKilled(t *testing.T) {
	t.Parallel()
	event := func(of, reason, field string, ago time.Duration) *corev1.Event {
		return &corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Name: "e", Namespace: shopNS}, Reason: reason, Message: "Container web failed liveness probe, will be restarted",
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", UID: types.UID(of), FieldPath: field},
			LastTimestamp:  metav1.NewTime(epoch.Add(-ago)),
		}
	}
	const web = "spec.containers{web}"
	grace := func(seconds int64) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = &seconds }
	}
	hook := func(p *corev1.Pod) {
		p.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 120}}}
	}
	probe := func(p *corev1.Pod) {
		seconds := int64(120)
		p.Spec.Containers[0].LivenessProbe = &corev1.Probe{TerminationGracePeriodSeconds: &seconds}
	}
	for name, c := range map[string]struct {
		pod   func(*corev1.Pod)
		event *corev1.Event
		fails bool
	}{
		"its hook runs":           {hook, event("uid-a", reasonKilling, web, time.Minute), true},
		"its grace period runs":   {grace(180), event("uid-a", reasonKilling, web, time.Minute), true},
		"that of its probe":       {probe, event("uid-a", reasonKilling, web, time.Minute), true},
		"a short grace period":    {grace(30), event("uid-a", reasonKilling, web, time.Minute), false},
		"the one before it":       {hook, event("uid-a", reasonKilling, web, 2*time.Hour), false},
		"another pod's":           {hook, event("uid-b", reasonKilling, web, time.Minute), false},
		"another container's":     {hook, event("uid-a", reasonKilling, "spec.containers{helper}", time.Minute), false},
		"it is only unwell":       {hook, event("uid-a", "Unhealthy", web, time.Minute), false},
		"its pod is on its way":   {func(p *corev1.Pod) { hook(p); leaving(p) }, event("uid-a", reasonKilling, web, time.Minute), false},
		"nothing is said of it":   {hook, event("uid-z", "Pulled", web, time.Minute), false},
		"it started that second":  {hook, event("uid-a", reasonKilling, web, time.Hour), false},
		"it was killed just then": {hook, event("uid-a", reasonKilling, web, time.Hour-time.Second), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(pod("a", c.pod), pod("b"), c.event)
			want := "no container of"
			if c.fails {
				want = "container web of pod a is being ended"
			}
			expect(t, &NoRestarts{podSelector: podSelector{"app=checkout"}}, on, !c.fails, want)
		})
	}
	blind := target(pod("a", hook))
	blind.Client.(*fake.Clientset).PrependReactor("list", "events", refuse)
	expect(t, &NoRestarts{podSelector: podSelector{"app=checkout"}}, blind, false, "error: connection refused")
}
