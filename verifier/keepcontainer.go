package verifier

import (
	"context"
	"fmt"
)

// ContainerKept is a safeguard: a container, an init one as well, of a workload that is
// somebody else's and works, stands in the pod template as it did.
type ContainerKept struct {
	workloadRef `yaml:",inline"`
	Container   string `yaml:"container" doc:"Name of the container, or init container." required:"true"`
}

func (c *ContainerKept) valueKey() string { return c.key() + "/container/" + c.Container }

// extend takes the container's digest into the baseline.
func (c *ContainerKept) extend(ctx context.Context, t *Target, b *Baseline) error {
	w, err := c.read(ctx, t)
	if err != nil {
		return err
	}
	sum, found, err := c.digestOf(w)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%s has no container %s to keep", c.key(), c.Container)
	}
	if b.Values == nil {
		b.Values = map[string]string{}
	}
	b.Values[c.valueKey()] = sum
	return nil
}

// Observe reads the workload.
func (c *ContainerKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(_ WorkloadState, now *workload) (Observation, error) {
		was, known := t.Baseline.Values[c.valueKey()]
		if !known {
			return Observation{}, fmt.Errorf("the baseline has no container %s of %s", c.Container, c.key())
		}
		sum, found, err := c.digestOf(now)
		switch {
		case err != nil:
			return Observation{}, err
		case !found:
			return Observation{Reason: fmt.Sprintf("%s has no container %s any more", c.key(), c.Container)}, nil
		case sum != was:
			return Observation{Reason: fmt.Sprintf("container %s of %s was changed", c.Container, c.key()), Evidence: "SHA-256 " + sum + ", at the baseline " + was}, nil
		}
		return Observation{Passed: true, Reason: fmt.Sprintf("container %s of %s is as it was", c.Container, c.key()), Evidence: "SHA-256 " + sum}, nil
	})
}

func (c *ContainerKept) digestOf(w *workload) (sum string, found bool, err error) {
	for _, container := range containersIn(w.template.Spec) {
		if container.Name == c.Container {
			sum, err = digest(container)
			return sum, true, err
		}
	}
	return "", false, nil
}
