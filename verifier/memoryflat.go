package verifier

import (
	"context"
	"fmt"
	"strings"
)

// MemoryFlat passes while the memory of every ready pod stays the same from request to
// request, the cache that it accounts for aside.
type MemoryFlat struct {
	podSelector `yaml:",inline"`
	growthRef   `yaml:",inline"`
}

// Observe asks every ready pod for its metrics.
func (c *MemoryFlat) Observe(ctx context.Context, t *Target) (Observation, error) {
	selector, err := c.parse()
	if err != nil {
		return Observation{}, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return Observation{}, err
	}
	var evidence []string
	var unseen error
	for i := range pods {
		p := &pods[i]
		if !active(p) || !ready(p) {
			continue
		}
		g, err := c.measure(ctx, t, p)
		switch {
		case err != nil:
			unseen = err
			continue
		case g.leaks:
			return Observation{Reason: "the memory of pod " + g.pod + " grows with every request", Evidence: g.String()}, nil
		}
		evidence = append(evidence, g.String())
	}
	if unseen != nil {
		return Observation{}, unseen
	}
	if len(evidence) == 0 {
		return Observation{Reason: fmt.Sprintf("no pod that matches %s is ready", c.Selector)}, nil
	}
	return Observation{Passed: true, Reason: "no pod keeps memory from request to request", Evidence: strings.Join(evidence, "; ")}, nil
}
