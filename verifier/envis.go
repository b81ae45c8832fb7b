package verifier

import (
	"context"
	"fmt"
)

// EnvIs passes while a container's environment variable has a value that stands in the
// pod template: the address of a service that must still be asked, say. What the template
// takes from a ConfigMap or a Secret does not count: the pods may have read another value.
type EnvIs struct {
	workloadRef `yaml:",inline"`
	Container   string `yaml:"container" doc:"Name of the container." required:"true"`
	Env         string `yaml:"env" doc:"Name of the environment variable." required:"true"`
	Value       string `yaml:"value" doc:"Its value." required:"true"`
}

// Observe reads the workload.
func (c *EnvIs) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(_ WorkloadState, now *workload) (Observation, error) {
		container, found := templateContainer(now.template.Spec, c.Container)
		if !found {
			return Observation{Reason: fmt.Sprintf("%s has no container %s any more", c.key(), c.Container)}, nil
		}
		value := ""
		for _, v := range container.Env { // the last one counts
			if v.Name == c.Env {
				value = v.Value
			}
		}
		if value != c.Value {
			return Observation{Reason: fmt.Sprintf("%s of %s is %q instead of %q", c.Env, c.key(), value, c.Value)}, nil
		}
		return Observation{Passed: true, Reason: c.Env + " of " + c.key() + " is as it should be", Evidence: value}, nil
	})
}
