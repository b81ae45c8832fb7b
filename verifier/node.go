package verifier

import (
	"context"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// taintPrefix is that of the taints which Kubernetes itself puts on nodes in trouble.
const taintPrefix = "node.kubernetes.io/"

// defaultLease is the kubelet's own default of nodeLeaseDurationSeconds.
const defaultLease = 40 * time.Second

// nodeRef names a node in a check's parameters.
type nodeRef struct {
	Node string `yaml:"node" doc:"Name of the node; ${node} is the drill's worker." required:"true"`
}

// NodeReady passes while the node is Ready, its kubelet keeps renewing the node's Lease,
// and no taint of a node in trouble is left on it.
type NodeReady struct {
	nodeRef `yaml:",inline"`
}

// Observe reads the Node and its Lease. The Ready condition alone would not do: for up to
// the node monitor's grace period it goes on saying True after the kubelet has died.
func (c *NodeReady) Observe(ctx context.Context, t *Target) (Observation, error) {
	n, err := t.node(ctx, c.Node)
	if apierrors.IsNotFound(err) {
		return Observation{Reason: gone(c.Node)}, nil
	}
	if err != nil {
		return Observation{}, err
	}
	lease, reason, err := leaseOf(ctx, t, c.Node)
	if err != nil {
		return Observation{}, err
	}
	evidence := nodeLine(n) + "; " + lease
	if trouble := notReady(n); trouble != "" {
		return Observation{Reason: trouble, Evidence: evidence}, nil
	}
	if reason != "" {
		return Observation{Reason: reason, Evidence: evidence}, nil
	}
	if left := troubleTaints(n); len(left) > 0 {
		return Observation{Reason: "taints are left on node " + c.Node + ": " + strings.Join(left, ", "), Evidence: evidence}, nil
	}
	return Observation{Passed: true, Reason: "node " + c.Node + " is Ready and its Lease is renewed", Evidence: evidence}, nil
}

func gone(node string) string { return "there is no node " + node }

func notReady(n *corev1.Node) string {
	if n.DeletionTimestamp != nil {
		return "node " + n.Name + " is being deleted"
	}
	ready := condition(n, corev1.NodeReady)
	if ready.Status == corev1.ConditionTrue {
		return ""
	}
	return fmt.Sprintf("node %s: Ready is %s%s", n.Name, orUnset(string(ready.Status)), suffix(ready.Reason))
}

func condition(n *corev1.Node, which corev1.NodeConditionType) corev1.NodeCondition {
	for _, c := range n.Status.Conditions {
		if c.Type == which {
			return c
		}
	}
	return corev1.NodeCondition{Type: which}
}

func orUnset(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// troubleTaints lists the taints that Kubernetes puts on nodes in trouble; a cordon's is
// left out, NodeSchedulable sees that one.
func troubleTaints(n *corev1.Node) []string {
	var left []string
	for _, taint := range n.Spec.Taints {
		bad := taint.Effect == corev1.TaintEffectNoSchedule || taint.Effect == corev1.TaintEffectNoExecute
		if bad && strings.HasPrefix(taint.Key, taintPrefix) && taint.Key != corev1.TaintNodeUnschedulable {
			left = append(left, taint.ToString())
		}
	}
	return left
}

// leaseOf says how fresh the node's Lease is (text), and what is wrong with it (reason).
// Once it has been watched for its duration, only having seen it move counts; before
// that its age by the two clocks must do, whichever of them is ahead.
func leaseOf(ctx context.Context, t *Target, node string) (text, reason string, err error) {
	lease, err := t.lease(ctx, node)
	if apierrors.IsNotFound(err) {
		return "no Lease", "node " + node + " has no Lease: its kubelet never renewed it", nil
	}
	if err != nil {
		return "", "", err
	}
	if lease.Spec.RenewTime == nil {
		return "Lease never renewed", "the Lease of node " + node + " was never renewed", nil
	}
	lasts := defaultLease
	if s := lease.Spec.LeaseDurationSeconds; s != nil && *s > 0 {
		lasts = time.Duration(*s) * time.Second
	}
	renewed, now := lease.Spec.RenewTime.Time, t.Now()
	seen := t.memory.lease(node, renewed, now)
	text = "Lease renewed at " + clockTime(renewed) + ", lasts " + lasts.String()
	stale := "the kubelet of node " + node + " no longer renews its Lease"
	switch {
	case !seen.moved.IsZero():
		if now.Sub(seen.moved) >= lasts {
			return text, stale, nil
		}
	case now.Sub(seen.first) >= lasts:
		return text, stale, nil
	case now.Sub(renewed).Abs() >= lasts:
		return text, stale, nil
	}
	return text, "", nil
}

func (t *Target) lease(ctx context.Context, node string) (*coordinationv1.Lease, error) {
	return once(t, "lease/"+node, func() (*coordinationv1.Lease, error) {
		l, err := t.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, node, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("read the Lease of node %s: %w", node, err)
		}
		return l, nil
	})
}

// nodeLine is a node as `kubectl get nodes` would show it.
func nodeLine(n *corev1.Node) string {
	ready := condition(n, corev1.NodeReady)
	text := fmt.Sprintf("node %s: Ready %s (%s) since %s", n.Name, orUnset(string(ready.Status)), ready.Reason, clockTime(ready.LastTransitionTime.Time))
	if n.Spec.Unschedulable {
		text += ", cordoned"
	}
	for i := range n.Spec.Taints {
		text += ", taint " + n.Spec.Taints[i].ToString()
	}
	return text
}
