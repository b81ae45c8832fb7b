package verifier

import (
	"context"
	"errors"
	"fmt"

	discoveryv1 "k8s.io/api/discovery/v1"
)

// Endpoints passes while a Service has as many ready endpoints as wanted: none of them is
// what its users meet as "connection refused".
type Endpoints struct {
	Service string `yaml:"service" doc:"Name of the Service." required:"true"`
	Min     int    `yaml:"min" doc:"Ready endpoints, at least." min:"0"`
	Max     *int   `yaml:"max" doc:"Ready endpoints, at most; left out: any number." min:"0"`
}

// Validate refuses a check that always passes, or never.
func (c *Endpoints) Validate() error {
	switch {
	case c.Min == 0 && c.Max == nil:
		return errors.New("min or max: without either every Service would pass")
	case c.Max != nil && *c.Max < c.Min:
		return errors.New("max: it is below min")
	}
	return nil
}

// Observe reads the EndpointSlices.
func (c *Endpoints) Observe(ctx context.Context, t *Target) (Observation, error) {
	backends, err := t.endpointSlices(ctx)
	if err != nil {
		return Observation{}, err
	}
	ready, all := map[string]bool{}, map[string]bool{}
	for i := range backends {
		if backends[i].Labels[discoveryv1.LabelServiceName] != c.Service {
			continue
		}
		for _, e := range backends[i].Endpoints {
			for _, address := range e.Addresses {
				all[address] = true
				if endpointReady(e) {
					ready[address] = true
				}
			}
		}
	}
	count := len(ready)
	return Observation{
		Passed:   count >= c.Min && (c.Max == nil || count <= *c.Max),
		Reason:   fmt.Sprintf("Service %s has %d ready endpoints", c.Service, count),
		Evidence: fmt.Sprintf("%d ready of %d", count, len(all)),
	}, nil
}
