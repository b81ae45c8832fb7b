package verifier

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/firedrill/firedrill/internal/timeline"
)

func node(changes ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "worker", UID: "node-1", Labels: map[string]string{corev1.LabelHostname: "worker"}},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}}},
	}
	for _, c := range changes {
		c(n)
	}
	return n
}

func silent(n *corev1.Node) {
	n.Status.Conditions[0].Status, n.Status.Conditions[0].Reason = corev1.ConditionUnknown, "NodeStatusUnknown"
}

func cordoned(n *corev1.Node) {
	n.Spec.Unschedulable = true
	n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
}

func tainted(key string, effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Effect: effect}) }
}

func renamed(n *corev1.Node) { n.UID = "node-2" }

// lease was renewed some time ago, by the node's clock.
func lease(ago time.Duration) *coordinationv1.Lease {
	lasts, renewed := int32(40), metav1.NewMicroTime(epoch.Add(-ago))
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: "worker", Namespace: corev1.NamespaceNodeLease},
		Spec:       coordinationv1.LeaseSpec{LeaseDurationSeconds: &lasts, RenewTime: &renewed},
	}
}

// systemd answers with the state of the two units: "active static multi-user.target" is one
// that this target wants.
func systemd(kubelet, containerd string) fakeNodes {
	return func(node string, command ...string) (string, error) {
		if node != "worker" || command[0] != "sh" || command[2] != unitsScript {
			return "", errors.New("unexpected: " + strings.Join(command, " "))
		}
		block := func(name, state string) string {
			active, file, _ := strings.Cut(state, " ")
			file, wantedBy, _ := strings.Cut(file, " ")
			return "RequiredBy=\nWantedBy=" + wantedBy + "\nId=" + name + ".service\nLoadState=loaded\nActiveState=" + active + "\nSubState=x\nUnitFileState=" + file + "\nMainPID=7\n"
		}
		return block("containerd", containerd) + "\n" + block("kubelet", kubelet), nil
	}
}

const (
	running = "active enabled"
	byHand  = "active disabled"
	stopped = "inactive enabled"
)

func TestNodeReady(t *testing.T) {
	t.Parallel()
	check := &NodeReady{nodeRef{"worker"}}
	cases := map[string]struct {
		objects []runtime.Object
		passed  bool
		reason  string
	}{
		"ready":                      {[]runtime.Object{node(), lease(5 * time.Second)}, true, "is Ready"},
		"node's clock is ahead":      {[]runtime.Object{node(), lease(-20 * time.Second)}, true, "is Ready"},
		"deleted":                    {[]runtime.Object{lease(0)}, false, "there is no node worker"},
		"silent":                     {[]runtime.Object{node(silent), lease(0)}, false, "Ready is Unknown (NodeStatusUnknown)"},
		"no condition":               {[]runtime.Object{node(func(n *corev1.Node) { n.Status.Conditions = nil }), lease(0)}, false, "Ready is not set"},
		"lease is stale":             {[]runtime.Object{node(), lease(41 * time.Second)}, false, "no longer renews its Lease"},
		"lease is far in the future": {[]runtime.Object{node(), lease(-time.Hour)}, false, "no longer renews its Lease"},
		"no lease":                   {[]runtime.Object{node()}, false, "has no Lease"},
		"taint is left":              {[]runtime.Object{node(tainted(corev1.TaintNodeUnreachable, corev1.TaintEffectNoExecute)), lease(0)}, false, "unreachable:NoExecute"},
		"a cordon is another's":      {[]runtime.Object{node(cordoned), lease(0)}, true, "is Ready"},
		"a taint of the team's":      {[]runtime.Object{node(tainted("gpu", corev1.TaintEffectNoSchedule)), lease(0)}, true, "is Ready"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, check, target(c.objects...), c.passed, c.reason)
		})
	}
	t.Run("API server away", func(t *testing.T) {
		t.Parallel()
		expect(t, check, away(target()), false, "error: connection refused")
	})
}

// TestLeaseByItsMoves: with a memory, a Lease is judged by having been seen to move, so a
// node whose clock is off is neither held for dead nor, once it is dead, for alive.
func TestLeaseByItsMoves(t *testing.T) {
	t.Parallel()
	l := lease(time.Hour) // the node's clock is an hour behind
	now := epoch
	on := target(node(), l)
	on.memory, on.Now = new(memory), func() time.Time { return now }
	check := &NodeReady{nodeRef{"worker"}}
	renew := func() {
		later := metav1.NewMicroTime(l.Spec.RenewTime.Add(10 * time.Second))
		l.Spec.RenewTime = &later
		if _, err := on.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Update(context.WithoutCancel(t.Context()), l, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, check, on, false, "no longer renews")
	now = now.Add(10 * time.Second)
	renew()
	expect(t, check, on, true, "is Ready")
	now = now.Add(39 * time.Second)
	expect(t, check, on, true, "is Ready")
	now = now.Add(time.Second)
	expect(t, check, on, false, "no longer renews")
	renew()
	expect(t, check, on, true, "is Ready")
	on.memory.forget()
	expect(t, check, on, false, "no longer renews")
}

func TestNodeSchedulable(t *testing.T) {
	t.Parallel()
	check := &NodeSchedulable{nodeRef{"worker"}}
	custom := tainted("gpu", corev1.TaintEffectNoSchedule)
	cases := map[string]struct {
		before, now *corev1.Node
		passed      bool
		reason      string
	}{
		"takes pods":            {node(), node(), true, "takes pods"},
		"cordoned":              {node(), node(cordoned), false, "is cordoned"},
		"a cordon's taint only": {node(), node(tainted(corev1.TaintNodeUnschedulable, corev1.TaintEffectNoSchedule)), false, "taints keep pods away"},
		"a taint of before":     {node(custom), node(custom), true, "takes pods"},
		"a new taint":           {node(), node(custom), false, "gpu:NoSchedule"},
		"a mild taint":          {node(), node(tainted("x", corev1.TaintEffectPreferNoSchedule)), true, "takes pods"},
		"not ready":             {node(), node(tainted(corev1.TaintNodeNotReady, corev1.TaintEffectNoExecute)), false, "not-ready:NoExecute"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.now)
			on.Baseline = baselineOf(t, c.before)
			expect(t, check, on, c.passed, c.reason)
		})
	}
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		expect(t, check, target(), false, "there is no node")
	})
	t.Run("without a baseline", func(t *testing.T) {
		t.Parallel()
		expect(t, check, target(node(custom)), false, "gpu")
	})
}

func TestNodeCondition(t *testing.T) {
	t.Parallel()
	unknown := &NodeCondition{nodeRef: nodeRef{"worker"}, Status: "Unknown"}
	expect(t, unknown, target(node(silent)), true, "Ready is Unknown")
	expect(t, unknown, target(node()), false, "Ready is True")
	expect(t, unknown, target(), false, "there is no node")
	pressure := &NodeCondition{nodeRef: nodeRef{"worker"}, Type: "DiskPressure", Status: "True"}
	expect(t, pressure, target(node()), false, "DiskPressure is not set")
}

func TestNodeUnits(t *testing.T) {
	t.Parallel()
	both := []string{"kubelet", "containerd"}
	yes, no := true, false
	cases := map[string]struct {
		check  NodeUnits
		nodes  Nodes
		passed bool
		reason string
	}{
		"run and are enabled":    {NodeUnits{Units: both, Enabled: &yes}, systemd(running, running), true, "kubelet and containerd run, and start with the node"},
		"one is stopped":         {NodeUnits{Units: both}, systemd(stopped, running), false, "kubelet is inactive"},
		"one is failed":          {NodeUnits{Units: both}, systemd(running, "failed enabled"), false, "containerd is failed"},
		"restarting in a loop":   {NodeUnits{Units: both}, systemd("activating enabled", running), false, "kubelet is activating"},
		"not enabled":            {NodeUnits{Units: both, Enabled: &yes}, systemd(byHand, running), false, "kubelet is disabled"},
		"enabled until a reboot": {NodeUnits{Units: both, Enabled: &yes}, systemd("active enabled-runtime", running), false, "enabled-runtime"},
		"static, unwanted":       {NodeUnits{Units: both, Enabled: &yes}, systemd("active static", running), false, "kubelet is static, and nothing wants it"},
		"static, wanted":         {NodeUnits{Units: both, Enabled: &yes}, systemd("active static multi-user.target", running), true, "start with the node"},
		"enabled or not":         {NodeUnits{Units: both}, systemd(byHand, running), true, "run"},
		"masked":                 {NodeUnits{Units: both, Enabled: &yes}, systemd("active masked", running), false, "masked"},
		"symptom: stopped":       {NodeUnits{Units: []string{"kubelet"}, Active: &no}, systemd(stopped, running), true, "kubelet do not run"},
		"symptom: runs":          {NodeUnits{Units: []string{"kubelet"}, Active: &no}, systemd(running, running), false, "kubelet is active"},
		"symptom: not enabled":   {NodeUnits{Units: []string{"kubelet.service"}, Active: &no, Enabled: &no}, systemd("inactive disabled", running), true, "do not start with the node"},
		"out of reach":           {NodeUnits{Units: both}, fakeNodes(func(string, ...string) (string, error) { return "", errors.New("no such container") }), false, "error: no such container"},
		"half an answer":         {NodeUnits{Units: both}, fakeNodes(func(string, ...string) (string, error) { return "Id=kubelet.service\nLoadState=loaded", nil }), false, "error: said nothing of unit kubelet"},
		"no access":              {NodeUnits{Units: both}, nil, false, "error: no access"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target()
			if c.nodes != nil {
				on.Nodes = c.nodes
			}
			c.check.Node = "worker"
			expect(t, &c.check, on, c.passed, c.reason)
		})
	}
}

func TestNodeSafeguards(t *testing.T) {
	t.Parallel()
	ref := nodeRef{"worker"}
	untaint := timeline.Event{Time: epoch, Actor: "trainee", Verb: "taint", Resource: "nodes", Name: "worker", Writes: true, Code: 200}
	patched := untaint
	patched.Verb, patched.Detail = "patch", "taints.0 removed"
	labelled := untaint
	labelled.Verb, labelled.Detail = "label", "added label a=b"
	refused := untaint
	refused.Code = 403
	early := untaint
	early.Time = epoch.Add(-time.Hour)
	elsewhere := untaint
	elsewhere.Name = "worker2"
	fresh := lease(5 * time.Second)
	cases := map[string]struct {
		check   Checker
		objects []runtime.Object
		nodes   Nodes
		actions []timeline.Event
		passed  bool
		reason  string
	}{
		"kept":                          {&NodeKept{ref}, []runtime.Object{node()}, nil, nil, true, "is the one of before"},
		"kept though it is not ready":   {&NodeKept{ref}, []runtime.Object{node(silent, cordoned)}, nil, nil, true, "is the one of before"},
		"deleted":                       {&NodeKept{ref}, nil, nil, nil, false, "node worker was deleted"},
		"registered anew":               {&NodeKept{ref}, []runtime.Object{node(renamed)}, nil, nil, false, "registered anew"},
		"not cordoned":                  {&Uncordoned{ref}, []runtime.Object{node(), fresh}, systemd(running, running), nil, true, "not cordoned"},
		"cordoned while silent":         {&Uncordoned{ref}, []runtime.Object{node(silent, cordoned), fresh}, systemd(stopped, running), nil, true, "while it is repaired"},
		"cordoned, kubelet stopped":     {&Uncordoned{ref}, []runtime.Object{node(cordoned), fresh}, systemd(stopped, running), nil, true, "while it is repaired"},
		"left cordoned":                 {&Uncordoned{ref}, []runtime.Object{node(cordoned), fresh}, systemd(running, running), nil, false, "left cordoned"},
		"cordoned and gone":             {&Uncordoned{ref}, nil, systemd(running, running), nil, true, "no node"},
		"nobody touched taints":         {&NoManualUntaint{ref}, []runtime.Object{node(silent), fresh}, systemd(stopped, running), []timeline.Event{labelled}, true, "nobody"},
		"untainted while silent":        {&NoManualUntaint{ref}, []runtime.Object{node(silent), fresh}, systemd(stopped, running), []timeline.Event{untaint}, false, "by hand"},
		"untainted by a patch":          {&NoManualUntaint{ref}, []runtime.Object{node(silent), fresh}, systemd(stopped, running), []timeline.Event{patched, labelled}, false, "by hand"},
		"untainted, still says Ready":   {&NoManualUntaint{ref}, []runtime.Object{node(), fresh}, systemd(stopped, running), []timeline.Event{untaint}, false, "kubelet is inactive"},
		"untainted, lease stale":        {&NoManualUntaint{ref}, []runtime.Object{node(), lease(time.Hour)}, systemd(running, running), []timeline.Event{untaint}, false, "Lease"},
		"untainted, then truly well":    {&NoManualUntaint{ref}, []runtime.Object{node(), fresh}, systemd(running, running), []timeline.Event{untaint}, true, "is well"},
		"untainting was refused":        {&NoManualUntaint{ref}, []runtime.Object{node(silent), fresh}, systemd(stopped, running), []timeline.Event{refused}, true, "nobody"},
		"untainted before the fault":    {&NoManualUntaint{ref}, []runtime.Object{node(silent), fresh}, systemd(stopped, running), []timeline.Event{early}, true, "nobody"},
		"another node was untainted":    {&NoManualUntaint{ref}, []runtime.Object{node(silent), fresh}, systemd(stopped, running), []timeline.Event{elsewhere}, true, "nobody"},
		"units run and are enabled":     {&UnitsEnabled{ref, []string{"kubelet"}}, nil, systemd(running, running), nil, true, "without being enabled"},
		"unit is stopped and disabled":  {&UnitsEnabled{ref, []string{"kubelet"}}, nil, systemd("inactive disabled", running), nil, true, "without being enabled"},
		"unit's [Install] is gone":      {&UnitsEnabled{ref, []string{"kubelet"}}, nil, systemd("active static", running), nil, false, "kubelet runs but is static, and nothing wants it"},
		"unit without [Install]":        {&UnitsEnabled{ref, []string{"kubelet"}}, nil, systemd("active static basic.target", running), nil, true, "without being enabled"},
		"unit was started, not enabled": {&UnitsEnabled{ref, []string{"kubelet"}}, nil, systemd(byHand, running), nil, false, "kubelet runs but is disabled"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.objects...)
			on.Baseline, on.FaultAt = baselineOf(t, node()), epoch.Add(-time.Minute)
			if c.nodes != nil {
				on.Nodes = c.nodes
			}
			on.Actions = func() []timeline.Event { return c.actions }
			expect(t, c.check, on, c.passed, c.reason)
		})
	}
	t.Run("nothing to judge by", func(t *testing.T) {
		t.Parallel()
		expect(t, &NodeKept{ref}, target(node()), false, "error: no baseline")
		expect(t, &NoManualUntaint{ref}, target(node()), false, "error: no record")
	})
}

func TestPodsOnNode(t *testing.T) {
	t.Parallel()
	check := &PodsOnNode{podSelector{"app=checkout"}, nodeRef{"worker"}, 2}
	elsewhere := func(p *corev1.Pod) { p.Spec.NodeName = "worker2" }
	expect(t, check, target(pod("a"), pod("b")), true, "2 pods")
	expect(t, check, target(pod("a"), pod("b", elsewhere)), false, "1 pods")
	expect(t, check, target(pod("a"), pod("b", leaving)), false, "1 pods")
	expect(t, check, target(), false, "0 pods")
}

func TestDropsTaint(t *testing.T) {
	t.Parallel()
	const pair = "node.kubernetes.io/unreachable:NoSchedule,node.kubernetes.io/unreachable:NoExecute"
	cases := map[string]struct {
		verb, detail string
		want         bool
	}{
		"kubectl taint, nothing told":  {"taint", "", true},
		"all of them":                  {"taint", "taints removed", true},
		"one by its place":             {"patch", "taints.0 removed", true},
		"one of the pair":              {"taint", "taints=node.kubernetes.io/unreachable:NoExecute", true},
		"both, another one stays":      {"edit", "labels.a=b, taints=gpu=yes:NoSchedule, unschedulable=true", true},
		"one written over":             {"patch", "taints.1.key=gpu", true},
		"one added, the pair stays":    {"taint", "taints=" + pair + ",maintenance:NoExecute", false},
		"one added at the end":         {"patch", "taints.-.key=gpu", false},
		"one of a not-ready node, too": {"taint", "taints=node.kubernetes.io/not-ready:NoExecute,node.kubernetes.io/not-ready:NoSchedule", false},
		"a cordon":                     {"cordon", "unschedulable=true", false},
		"a label":                      {"label", "labels.taints=none", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := dropsTaint(timeline.Event{Verb: c.verb, Detail: c.detail}); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
