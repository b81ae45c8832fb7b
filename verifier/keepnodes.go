package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	// nodeSelectorAnnotation of a namespace keeps its pods on some nodes (admission plugin PodNodeSelector).
	nodeSelectorAnnotation = "scheduler.alpha.kubernetes.io/node-selector"
	labelControlPlane      = "node-role.kubernetes.io/control-plane"
	// nodesKey is where the baseline keeps the selector of the run's nodes.
	nodesKey = "Nodes/selector"
)

// NodesKept is a safeguard: the workers that the run may use, beside the one that the drill
// breaks, take pods as they did. Only those count that the namespace's node selector picked
// at the baseline: the workers lent to other runs are theirs to break. What it picks other
// runs share, so there only what was done in this run counts; without a selector no other
// run that may change nodes is on the cluster.
type NodesKept struct {
	Except string `yaml:"except" doc:"Name of the one node that does not count, because other safeguards are about it; ${node} is the drill's worker." required:"true"`
}

// extend takes into the baseline which nodes are the run's.
func (c *NodesKept) extend(ctx context.Context, t *Target, b *Baseline) error {
	ns, err := t.Client.CoreV1().Namespaces().Get(ctx, t.Namespace, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read which nodes namespace %s may use: %w", t.Namespace, err)
	}
	selector := ns.Annotations[nodeSelectorAnnotation]
	if _, err := labels.Parse(selector); err != nil {
		return fmt.Errorf("read which nodes namespace %s may use: %w", t.Namespace, err)
	}
	if b.Values == nil {
		b.Values = map[string]string{}
	}
	b.Values[nodesKey] = selector
	return nil
}

// Observe reads the Nodes, and who changed them.
func (c *NodesKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	if t.Baseline == nil {
		return Observation{}, errors.New("no baseline was taken yet")
	}
	selector, known := t.Baseline.Values[nodesKey]
	if !known {
		return Observation{}, errors.New("the baseline does not say which nodes are the run's")
	}
	names, selects, err := c.others(t.Baseline, selector)
	if err != nil {
		return Observation{}, err
	}
	var notOurs []string
	for _, name := range names {
		troubles, err := nodeTroubles(ctx, t, name, selects)
		if err != nil {
			return Observation{}, err
		}
		for _, trouble := range troubles {
			if selector == "" {
				return Observation{Reason: trouble.reason, Evidence: trouble.evidence}, nil
			}
			if t.Actions == nil {
				return Observation{}, errors.New("there is no record of the trainee's actions")
			}
			if by, ours := trouble.doneIn(t); ours {
				return Observation{Reason: trouble.reason, Evidence: fmt.Sprintf("%s %s %s; %s", clockTime(by.Time), by.Actor, by.Text, trouble.evidence)}, nil
			}
			notOurs = append(notOurs, trouble.reason+", and not by this run")
		}
	}
	return Observation{
		Passed: true, Reason: fmt.Sprintf("the other workers of the run take pods as they did (%d)", len(names)),
		Evidence: strings.Join(append(names, notOurs...), "; "),
	}, nil
}

// others names the run's workers but the one, as the baseline knew them: a node that was
// deleted, or whose labels were taken away, is still one of them.
func (c *NodesKept) others(base *Baseline, selector string) ([]string, labels.Selector, error) {
	selects, err := labels.Parse(selector)
	if err != nil {
		return nil, nil, fmt.Errorf("read the run's node selector: %w", err)
	}
	var names []string
	for name, n := range base.Nodes {
		_, isControlPlane := n.Labels[labelControlPlane]
		if name != c.Except && !isControlPlane && selects.Matches(labels.Set(n.Labels)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, selects, nil
}
