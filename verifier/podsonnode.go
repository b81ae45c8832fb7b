package verifier

import (
	"context"
	"fmt"
)

// PodsOnNode passes while enough of the pods are Ready on the node: its DaemonSets' pods,
// or an agent that only this node runs.
type PodsOnNode struct {
	podSelector `yaml:",inline"`
	nodeRef     `yaml:",inline"`
	Min         int `yaml:"min" doc:"Ready pods, at least." default:"1" min:"1"`
}

// Observe reads the pods.
func (c *PodsOnNode) Observe(ctx context.Context, t *Target) (Observation, error) {
	selector, err := c.parse()
	if err != nil {
		return Observation{}, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return Observation{}, err
	}
	count, least, evidence := 0, max(c.Min, 1), ""
	for i := range pods {
		if p := &pods[i]; p.Spec.NodeName == c.Node {
			evidence += podLine(p) + "; "
			if active(p) && ready(p) {
				count++
			}
		}
	}
	return Observation{
		Passed: count >= least, Evidence: evidence,
		Reason: fmt.Sprintf("%d pods of %s are Ready on node %s, at least %d wanted", count, c.Selector, c.Node, least),
	}, nil
}
