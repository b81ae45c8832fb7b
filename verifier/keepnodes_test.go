package verifier

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/firedrill/firedrill/internal/timeline"
)

// TestNodesKept: of a cluster with lanes the run has worker, which it breaks, and shared,
// which others use as well; lent is another run's, and head the control plane.
func TestNodesKept(t *testing.T) {
	t.Parallel()
	inLane := func(n *corev1.Node) { n.Labels["lane"] = "yes" }
	named := func(name string, changes ...func(*corev1.Node)) *corev1.Node {
		n := node(append([]func(*corev1.Node){func(n *corev1.Node) { n.Name = name }}, changes...)...)
		return n
	}
	head := named("head", cordoned, func(n *corev1.Node) { n.Labels[labelControlPlane] = "" })
	gpu := tainted("gpu", corev1.TaintEffectNoSchedule)
	all := func(worker, shared, lent *corev1.Node) []runtime.Object {
		objects := []runtime.Object{head}
		for _, n := range []*corev1.Node{worker, shared, lent} {
			if n != nil {
				objects = append(objects, n)
			}
		}
		return objects
	}
	worker, lent := named("worker", inLane), named("lent")
	shared := func(changes ...func(*corev1.Node)) *corev1.Node {
		return named("shared", append([]func(*corev1.Node){inLane}, changes...)...)
	}
	did := func(verb, detail string) timeline.Event {
		return timeline.Event{Time: epoch, Actor: "trainee", Verb: verb, Resource: "nodes", Name: "shared", Detail: detail, Writes: true, Code: 200, Text: verb}
	}
	refused, early, elsewhere := did("cordon", ""), did("cordon", ""), did("cordon", "")
	refused.Code, early.Time, elsewhere.Name = 403, epoch.Add(-time.Hour), "worker"
	bypass := did("cordon", "")
	bypass.Actor = "admin"
	cases := map[string]struct {
		selector string
		before   *corev1.Node // shared, at the baseline
		now      []runtime.Object
		actions  []timeline.Event
		passed   bool
		want     string
	}{
		"alone: as before":              {"", shared(), all(worker, shared(), lent), nil, true, "take pods as they did (2)"},
		"alone: its own is cordoned":    {"", shared(), all(named("worker", inLane, cordoned), shared(), lent), nil, true, "(2)"},
		"alone: its own is deleted":     {"", shared(), all(nil, shared(), lent), nil, true, "(2)"},
		"alone: the other is cordoned":  {"", shared(), all(worker, shared(cordoned), lent), nil, false, "node shared was left cordoned"},
		"alone: another is cordoned":    {"", shared(), all(worker, shared(), named("lent", cordoned)), nil, false, "node lent was left cordoned"},
		"alone: the other is tainted":   {"", shared(), all(worker, shared(gpu), lent), nil, false, "taints keep pods away from node shared: gpu:NoSchedule"},
		"alone: out of service":         {"", shared(), all(worker, shared(tainted(corev1.TaintNodeOutOfService, corev1.TaintEffectNoExecute)), lent), nil, false, "out-of-service:NoExecute"},
		"alone: a mild taint":           {"", shared(), all(worker, shared(tainted("x", corev1.TaintEffectPreferNoSchedule)), lent), nil, true, "(2)"},
		"alone: a taint of before":      {"", shared(gpu), all(worker, shared(gpu), lent), nil, true, "(2)"},
		"alone: a cordon of before":     {"", shared(cordoned), all(worker, shared(cordoned), lent), nil, true, "(2)"},
		"alone: taints of Kubernetes's": {"", shared(), all(worker, shared(tainted(corev1.TaintNodeNotReady, corev1.TaintEffectNoExecute), tainted(corev1.TaintNodeDiskPressure, corev1.TaintEffectNoSchedule)), lent), nil, true, "(2)"},
		"alone: the other is deleted":   {"", shared(), all(worker, nil, lent), nil, false, "node shared was deleted"},
		"alone: registered anew":        {"", shared(), all(worker, shared(renamed), lent), nil, false, "node shared was deleted and registered anew"},

		"lane: as before":                     {"lane=yes", shared(), all(worker, shared(), lent), nil, true, "(1)"},
		"lane: cordoned here":                 {"lane=yes", shared(), all(worker, shared(cordoned), lent), []timeline.Event{did("cordon", "unschedulable=true")}, false, "node shared was left cordoned"},
		"lane: cordoned with admin's rights":  {"lane=yes", shared(), all(worker, shared(cordoned), lent), []timeline.Event{bypass}, false, "node shared was left cordoned"},
		"lane: drained here":                  {"lane=yes", shared(), all(worker, shared(cordoned), lent), []timeline.Event{did("drain", "")}, false, "node shared was left cordoned"},
		"lane: cordoned by a patch":           {"lane=yes", shared(), all(worker, shared(cordoned), lent), []timeline.Event{did("patch", "unschedulable=true"), did("label", "labels.a=b")}, false, "node shared was left cordoned"},
		"lane: cordoned by another run":       {"lane=yes", shared(), all(worker, shared(cordoned), lent), []timeline.Event{elsewhere, refused, early, did("annotate", "")}, true, "(1)"},
		"lane: and uncordoned here":           {"lane=yes", shared(), all(worker, shared(cordoned), lent), []timeline.Event{did("cordon", ""), did("uncordon", "")}, true, "(1)"},
		"lane: uncordoned by a patch":         {"lane=yes", shared(), all(worker, shared(cordoned), lent), []timeline.Event{did("cordon", ""), did("patch", "unschedulable=false")}, true, "(1)"},
		"lane: tainted here":                  {"lane=yes", shared(), all(worker, shared(gpu), lent), []timeline.Event{did("taint", "taints=gpu:NoSchedule"), did("uncordon", "")}, false, "gpu:NoSchedule"},
		"lane: tainted by another run":        {"lane=yes", shared(), all(worker, shared(gpu), lent), []timeline.Event{did("cordon", "")}, true, "(1)"},
		"lane: another run's cordon and ours": {"lane=yes", shared(), all(worker, shared(cordoned, gpu), lent), []timeline.Event{did("taint", "taints=gpu:NoSchedule")}, false, "gpu:NoSchedule"},
		"lane: deleted here":                  {"lane=yes", shared(), all(worker, nil, lent), []timeline.Event{did("delete", "")}, false, "node shared was deleted"},
		"lane: deleted by another run":        {"lane=yes", shared(), all(worker, nil, lent), []timeline.Event{did("patch", "labels.a=b")}, true, "(1)"},
		"lane: its label was taken away":      {"lane=yes", shared(), all(worker, named("shared"), lent), []timeline.Event{did("label", "labels.lane removed")}, false, "lost the label"},
		"lane: a lent worker is broken":       {"lane=yes", shared(), all(worker, shared(), named("lent", cordoned, gpu)), nil, true, "(1)"},
		"lane: a lent worker is deleted":      {"lane=yes", shared(), all(worker, shared(), nil), nil, true, "(1)"},
	}
	check := &NodesKept{"worker"}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.now...)
			on.Baseline, on.Actions = nodesBaseline(t, check, c.selector, all(worker, c.before, lent)...), func() []timeline.Event { return c.actions }
			expect(t, check, on, c.passed, c.want)
		})
	}
	t.Run("nothing to judge by", func(t *testing.T) {
		t.Parallel()
		expect(t, check, target(), false, "error: no baseline")
		on := target()
		on.Baseline = new(Baseline)
		expect(t, check, on, false, "error: the baseline does not say")
		on = target(all(worker, shared(cordoned), lent)...)
		on.Baseline = nodesBaseline(t, check, "lane=yes", all(worker, shared(), lent)...)
		expect(t, check, on, false, "error: no record")
		on = away(target())
		on.Baseline = nodesBaseline(t, check, "", all(worker, shared(), lent)...)
		expect(t, check, on, false, "error: connection refused")
		if err := new(Baseline).TakeFor(t.Context(), target(), Plan{Safeguards: []Guard{{Name: "kept", Checker: check}}}); err == nil {
			t.Error("a baseline of a namespace that is not there")
		}
	})
}

// nodesBaseline is the baseline of a namespace whose pods the selector keeps on some nodes.
func nodesBaseline(t *testing.T, c Checker, selector string, nodes ...runtime.Object) *Baseline {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: shopNS}}
	if selector != "" {
		ns.Annotations = map[string]string{nodeSelectorAnnotation: selector}
	}
	b := baselineOf(t, nodes...)
	b.TakenAt = epoch.Add(-time.Minute)
	if err := b.TakeFor(t.Context(), target(ns), Plan{Safeguards: []Guard{{Name: "kept", Checker: c}}}); err != nil {
		t.Fatal(err)
	}
	return b
}
