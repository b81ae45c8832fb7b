package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/firedrill/firedrill/internal/timeline"
)

// NodeKept is a safeguard: the Node object is the one of the baseline. A restarted
// kubelet keeps it; one that was deleted and registered anew has another UID, and has lost
// its labels, its annotations and the pods that were bound to it.
type NodeKept struct {
	nodeRef `yaml:",inline"`
}

// Observe reads the Node.
func (c *NodeKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	before, err := baselineNode(t, c.Node)
	if err != nil {
		return Observation{}, err
	}
	n, err := t.node(ctx, c.Node)
	switch {
	case apierrors.IsNotFound(err):
		return Observation{Reason: "node " + c.Node + " was deleted", Evidence: "UID at the baseline " + string(before.UID)}, nil
	case err != nil:
		return Observation{}, err
	case n.DeletionTimestamp != nil:
		return Observation{Reason: "node " + c.Node + " is being deleted"}, nil
	case n.UID != before.UID:
		return Observation{
			Reason:   "node " + c.Node + " was deleted and registered anew: nothing puts that right (firedrill reset)",
			Evidence: fmt.Sprintf("UID at the baseline %s, now %s", before.UID, n.UID),
		}, nil
	}
	return Observation{Passed: true, Reason: "node " + c.Node + " is the one of before", Evidence: "UID " + string(n.UID)}, nil
}

func baselineNode(t *Target, name string) (NodeState, error) {
	if t.Baseline == nil {
		return NodeState{}, errors.New("no baseline was taken yet")
	}
	n, ok := t.Baseline.Nodes[name]
	if !ok {
		return NodeState{}, fmt.Errorf("the baseline has no node %s", name)
	}
	return n, nil
}

// Uncordoned is a safeguard: it is broken while the node is well again and yet left
// cordoned. A cordon during the repair is good practice and breaks nothing.
type Uncordoned struct {
	nodeRef `yaml:",inline"`
}

// Observe reads the Node, its Lease and its units.
func (c *Uncordoned) Observe(ctx context.Context, t *Target) (Observation, error) {
	n, err := t.node(ctx, c.Node)
	if apierrors.IsNotFound(err) {
		return Observation{Passed: true, Reason: gone(c.Node)}, nil // NodeKept's business
	}
	if err != nil {
		return Observation{}, err
	}
	if !n.Spec.Unschedulable {
		return Observation{Passed: true, Reason: "node " + c.Node + " is not cordoned"}, nil
	}
	trouble, err := healthyNode(ctx, t, n)
	if err != nil {
		return Observation{}, err
	}
	if trouble != "" {
		return Observation{Passed: true, Reason: "node " + c.Node + " is cordoned while it is repaired", Evidence: trouble}, nil
	}
	return Observation{Reason: "node " + c.Node + " is Ready and its units run, but it was left cordoned", Evidence: nodeLine(n)}, nil
}

// NoManualUntaint is a safeguard: it is broken when somebody took a taint of a node in
// trouble off by hand and the node is still in trouble. Once the node is truly well, the
// control plane would have taken it off itself, and the safeguard holds again.
type NoManualUntaint struct {
	nodeRef `yaml:",inline"`
}

// Observe reads the Node, its Lease, its units and the trainee's actions.
func (c *NoManualUntaint) Observe(ctx context.Context, t *Target) (Observation, error) {
	if t.Actions == nil {
		return Observation{}, errors.New("there is no record of the trainee's actions")
	}
	action, found := c.untaint(t)
	if !found {
		return Observation{Passed: true, Reason: "nobody took a taint off node " + c.Node + " by hand"}, nil
	}
	evidence := fmt.Sprintf("%s %s %s", clockTime(action.Time), action.Actor, action.Text)
	n, err := t.node(ctx, c.Node)
	if apierrors.IsNotFound(err) {
		return Observation{Passed: true, Reason: gone(c.Node), Evidence: evidence}, nil // NodeKept's business
	}
	if err != nil {
		return Observation{}, err
	}
	trouble, err := healthyNode(ctx, t, n)
	if err != nil {
		return Observation{}, err
	}
	if trouble == "" {
		return Observation{Passed: true, Reason: "node " + c.Node + " is well: it needs no taint", Evidence: evidence}, nil
	}
	return Observation{Reason: "a taint was taken off node " + c.Node + " by hand, but the node is not well: " + trouble, Evidence: evidence}, nil
}

// untaint finds the last action since the fault that changed the node's taints.
func (c *NoManualUntaint) untaint(t *Target) (timeline.Event, bool) {
	events := t.Actions()
	for i := len(events) - 1; i >= 0; i-- {
		if e := events[i]; c.removes(e) && !e.Time.Before(t.FaultAt) {
			return e, true
		}
	}
	return timeline.Event{}, false
}

func (c *NoManualUntaint) removes(e timeline.Event) bool {
	onNode := (e.Resource == "nodes" || e.Resource == "node") && e.Name == c.Node
	return onNode && e.Code < 400 && dropsTaint(e)
}

// dropsTaint says whether a write to a node takes a taint of a node in trouble off it. The
// audit trail tells "taints removed", "taints.0 removed", or every taint the node has
// afterwards: "taints=a:NoSchedule,b:NoExecute". The node controller puts a taint on with
// both effects, so a list that has neither pair whole has lost one.
func dropsTaint(e timeline.Event) bool {
	if e.Detail == "" {
		return e.Verb == "taint"
	}
	for change := range strings.SplitSeq(e.Detail, ", ") {
		path, after, told := strings.Cut(change, "=")
		switch {
		case !strings.HasPrefix(path, "taints") && !strings.HasPrefix(path, "spec.taints"):
		case !told:
			return strings.HasSuffix(path, " removed")
		case strings.HasSuffix(path, "taints"):
			return !hasPair(after, corev1.TaintNodeUnreachable) && !hasPair(after, corev1.TaintNodeNotReady)
		case !strings.Contains(path, "taints.-"):
			return true // one was written over in its place
		}
	}
	return false
}

func hasPair(taints, key string) bool {
	all := strings.Split(taints, ",")
	return slices.Contains(all, key+":"+string(corev1.TaintEffectNoSchedule)) &&
		slices.Contains(all, key+":"+string(corev1.TaintEffectNoExecute))
}
