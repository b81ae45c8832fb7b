package verifier

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// NodeSchedulable passes while the node takes pods: not cordoned, and with no taint that
// keeps pods away which it did not have at the baseline.
type NodeSchedulable struct {
	nodeRef `yaml:",inline"`
}

// Observe reads the Node.
func (c *NodeSchedulable) Observe(ctx context.Context, t *Target) (Observation, error) {
	n, err := t.node(ctx, c.Node)
	if apierrors.IsNotFound(err) {
		return Observation{Reason: gone(c.Node)}, nil
	}
	if err != nil {
		return Observation{}, err
	}
	if n.Spec.Unschedulable {
		return Observation{Reason: "node " + c.Node + " is cordoned", Evidence: nodeLine(n)}, nil
	}
	if added := newTaints(n, t.Baseline); len(added) > 0 {
		return Observation{Reason: "taints keep pods away from node " + c.Node + ": " + strings.Join(added, ", "), Evidence: nodeLine(n)}, nil
	}
	return Observation{Passed: true, Reason: "node " + c.Node + " takes pods", Evidence: nodeLine(n)}, nil
}

// newTaints lists the taints that keep pods away and were not there at the baseline.
func newTaints(n *corev1.Node, base *Baseline) []string {
	before := map[string]bool{}
	if base != nil {
		for _, taint := range base.Nodes[n.Name].Taints {
			before[taint] = true
		}
	}
	var added []string
	for _, taint := range n.Spec.Taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !before[taint.ToString()] {
			added = append(added, taint.ToString())
		}
	}
	return added
}

// NodeCondition passes while a condition of the node has the status: the symptom of a
// node in trouble.
type NodeCondition struct {
	nodeRef `yaml:",inline"`
	Type    string `yaml:"type" doc:"The condition." default:"Ready"`
	Status  string `yaml:"status" doc:"Its status. Unknown: the node's kubelet is silent." enum:"True,False,Unknown" required:"true"`
}

// Observe reads the Node.
func (c *NodeCondition) Observe(ctx context.Context, t *Target) (Observation, error) {
	n, err := t.node(ctx, c.Node)
	if apierrors.IsNotFound(err) {
		return Observation{Reason: gone(c.Node)}, nil
	}
	if err != nil {
		return Observation{}, err
	}
	which := corev1.NodeConditionType(c.Type)
	if which == "" {
		which = corev1.NodeReady
	}
	got := condition(n, which)
	return Observation{
		Passed:   string(got.Status) == c.Status,
		Reason:   fmt.Sprintf("node %s: %s is %s%s", c.Node, which, orUnset(string(got.Status)), suffix(got.Reason)),
		Evidence: got.Message,
	}, nil
}
