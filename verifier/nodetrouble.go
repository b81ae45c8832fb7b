package verifier

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/firedrill/firedrill/internal/timeline"
)

// nodeTrouble is why a node takes no pods any more.
type nodeTrouble struct {
	node             string
	verb             string // the kubectl command that does it: cordon, taint, label, delete
	reason, evidence string
}

// nodeTroubles says why a node takes no pods of the run any more; none when it does.
func nodeTroubles(ctx context.Context, t *Target, name string, selects labels.Selector) ([]nodeTrouble, error) {
	before := t.Baseline.Nodes[name]
	n, err := t.node(ctx, name)
	switch {
	case apierrors.IsNotFound(err):
		return []nodeTrouble{{name, "delete", "node " + name + " was deleted", "UID at the baseline " + string(before.UID)}}, nil
	case err != nil:
		return nil, err
	case n.DeletionTimestamp != nil:
		return []nodeTrouble{{name, "delete", "node " + name + " is being deleted", nodeLine(n)}}, nil
	}
	var all []nodeTrouble
	add := func(verb, reason string) { all = append(all, nodeTrouble{name, verb, reason, nodeLine(n)}) }
	if n.UID != before.UID {
		add("delete", fmt.Sprintf("node %s was deleted and registered anew (UID %s, now %s): nothing puts that right (firedrill reset)", name, before.UID, n.UID))
	}
	if n.Spec.Unschedulable && !before.Unschedulable {
		add("cordon", "node "+name+" was left cordoned")
	}
	if !selects.Matches(labels.Set(n.Labels)) {
		add("label", "node "+name+" lost the label that lets the run's pods on it: "+selects.String())
	}
	if added := slices.DeleteFunc(newTaints(n, t.Baseline), byLifecycle); len(added) > 0 {
		add("taint", "taints keep pods away from node "+name+": "+strings.Join(added, ", "))
	}
	return all, nil
}

// byLifecycle tells whether Kubernetes itself puts the taint on nodes, and takes it off: it
// says nothing of the trainee. A cordon shows in the node's spec.
func byLifecycle(taint string) bool {
	key, _, _ := strings.Cut(taint, ":")
	key, _, _ = strings.Cut(key, "=")
	return slices.Contains([]string{
		corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeUnschedulable, corev1.TaintNodeNetworkUnavailable,
		corev1.TaintNodeMemoryPressure, corev1.TaintNodeDiskPressure, corev1.TaintNodePIDPressure,
	}, key)
}

// doneIn finds the last action of the run, since the baseline, that made the trouble. What
// somebody did with the administrator's identity counts: on a trainee's own machine that
// is the trainee.
func (n *nodeTrouble) doneIn(t *Target) (timeline.Event, bool) {
	events := t.Actions()
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		onNode := (e.Resource == "nodes" || e.Resource == "node") && e.Name == n.node
		if !onNode || !e.Changed() || e.Time.Before(t.Baseline.TakenAt) {
			continue
		}
		switch {
		case n.verb == "cordon" && uncordons(e):
			return timeline.Event{}, false // whoever cordoned it again was somebody else
		case n.madeBy(e):
			return e, true
		}
	}
	return timeline.Event{}, false
}

// madeBy tells whether an action may have made the trouble. An edit, or a patch by hand, may
// have made any but the deletion.
func (n *nodeTrouble) madeBy(e timeline.Event) bool {
	switch e.Verb {
	case "annotate", "uncordon":
		return false
	case "cordon", "drain":
		return n.verb == "cordon"
	case "taint", "label", "delete":
		return e.Verb == n.verb
	}
	return n.verb != "delete"
}

func uncordons(e timeline.Event) bool {
	return e.Verb == "uncordon" || strings.Contains(e.Detail, "unschedulable=false") || strings.Contains(e.Detail, "unschedulable removed")
}
