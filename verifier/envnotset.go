package verifier

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// EnvNotSet is a safeguard: the workload's template gives a container no value for some
// environment variables, neither by itself nor by a ConfigMap or Secret. They are what an
// image was built with, and to turn them is no way to repair it.
type EnvNotSet struct {
	workloadRef `yaml:",inline"`
	Container   string   `yaml:"container" doc:"Name of the container." required:"true"`
	Env         []string `yaml:"env" doc:"Names of the environment variables." required:"true"`
}

// Observe reads the workload, and the objects that its container takes its environment from.
func (c *EnvNotSet) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(_ WorkloadState, now *workload) (Observation, error) {
		container, found := templateContainer(now.template.Spec, c.Container)
		if !found {
			return Observation{Passed: true, Reason: fmt.Sprintf("%s has no container %s any more: there is nothing to compare", c.key(), c.Container)}, nil
		}
		for _, name := range c.Env {
			if slices.ContainsFunc(container.Env, func(v corev1.EnvVar) bool { return v.Name == name }) {
				return Observation{Reason: fmt.Sprintf("%s of %s was set", name, c.key()), Evidence: "by " + fromTemplate}, nil
			}
			from, err := t.ofEnv(ctx, container, name)
			if err != nil {
				return Observation{}, err
			}
			if from.from != fromNowhere {
				return Observation{Reason: fmt.Sprintf("%s of %s was set", name, c.key()), Evidence: "by " + from.String()}, nil
			}
		}
		return Observation{Passed: true, Reason: c.key() + " runs its image as it was built", Evidence: "not set: " + strings.Join(c.Env, ", ")}, nil
	})
}
