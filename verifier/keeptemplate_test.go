package verifier

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func TestTemplateKept(t *testing.T) {
	t.Parallel()
	spec := func(change func(*corev1.PodSpec)) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) { change(&d.Spec.Template.Spec) }
	}
	aliases := spec(func(s *corev1.PodSpec) {
		s.HostAliases = []corev1.HostAlias{{IP: "10.0.0.1", Hostnames: []string{"ledger"}}}
	})
	for name, c := range map[string]struct {
		change      func(*appsv1.Deployment)
		whole, only bool // whether the whole template, and its hostAliases, are kept
	}{
		"untouched":        {func(*appsv1.Deployment) {}, true, true},
		"restarted":        {func(d *appsv1.Deployment) { d.Spec.Template.Annotations = map[string]string{restartedAt: "now"} }, true, true},
		"scaled":           {func(d *appsv1.Deployment) { *d.Spec.Replicas = 7 }, true, true},
		"names made up":    {aliases, false, false},
		"another variable": {func(d *appsv1.Deployment) { web(d).Env = []corev1.EnvVar{{Name: "A", Value: "b"}} }, false, true},
		"a hook": {func(d *appsv1.Deployment) {
			web(d).Lifecycle = &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"x"}}}}
		}, false, true},
		"another init container": {spec(func(s *corev1.PodSpec) { s.InitContainers = []corev1.Container{{Name: "i"}} }), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := &TemplateKept{workloadRef: workloadRef{Name: "checkout"}}
			only := &TemplateKept{workloadRef: workloadRef{Name: "checkout"}, Only: []string{"hostAliases", "dnsConfig"}}
			on := target(with(c.change)...)
			before := target(shop()...)
			on.Baseline = baselineOf(t, shop()...)
			for _, check := range []*TemplateKept{whole, only} {
				if err := check.extend(t.Context(), before, on.Baseline); err != nil {
					t.Fatal(err)
				}
			}
			expect(t, whole, on, c.whole, "the pod template of Deployment/checkout")
			expect(t, only, on, c.only, "hostAliases, dnsConfig in the pod template of Deployment/checkout")
		})
	}
	on := target(shop()...)
	on.Baseline = baselineOf(t, shop()...)
	expect(t, &TemplateKept{workloadRef: workloadRef{Name: "checkout"}}, on, false, "error: the baseline has no pod template")
	for field, known := range map[string]bool{"hostAliases": true, "dnsPolicy": true, "hostAlias": false, "": false, "HostAliases": false} {
		if err := (&TemplateKept{Only: []string{field}}).Validate(); (err == nil) != known {
			t.Errorf("%q: %v", field, err)
		}
	}
	if err := (&TemplateKept{workloadRef: workloadRef{Name: "none"}}).extend(t.Context(), on, &Baseline{}); err == nil {
		t.Error("a baseline of a workload that is not there")
	}
}

// A safeguard that catches all holds while another one has a name for what is wrong, and only then.
func TestCatchAllGivesWay(t *testing.T) {
	t.Parallel()
	plan := Plan{Safeguards: []Guard{{Name: "named"}, {Name: "all", CatchAll: true}, {Name: "rest", CatchAll: true}}}
	broken, held, unseen := sample{Observation: Observation{Reason: "changed"}}, sample{Observation: Observation{Passed: true}}, sample{err: errOver}
	for name, c := range map[string]struct {
		guards []sample
		held   bool // of the second one
	}{
		"the other is broken":       {[]sample{broken, broken, held}, true},
		"the other holds":           {[]sample{held, broken, held}, false},
		"the other was not seen":    {[]sample{unseen, broken, held}, false},
		"only another of its kind":  {[]sample{held, broken, broken}, false},
		"nothing is broken":         {[]sample{held, held, held}, true},
		"it was not seen":           {[]sample{broken, unseen, held}, false},
		"the other, and all beside": {[]sample{broken, broken, broken}, true},
	} {
		plan.giveWay(c.guards)
		if got := c.guards[1]; got.Passed != c.held {
			t.Errorf("%s: %+v, want held %v", name, got, c.held)
		}
	}
}
