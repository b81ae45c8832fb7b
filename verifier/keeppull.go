package verifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// PullPolicyKept is a safeguard: every container is pulled as often as it was.
type PullPolicyKept struct {
	workloadRef `yaml:",inline"`
}

// Observe reads the workload and its pods.
func (c *PullPolicyKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(was WorkloadState, now *workload) (Observation, error) {
		pods, err := t.selected(ctx, now.selector)
		if err != nil {
			return Observation{}, err
		}
		specs := map[string]corev1.PodSpec{c.key(): now.template.Spec}
		for i := range pods {
			if active(&pods[i]) {
				specs["pod "+pods[i].Name] = pods[i].Spec
			}
		}
		for _, owner := range slices.Sorted(maps.Keys(specs)) {
			for _, container := range containersIn(specs[owner]) {
				before, known := was.Containers[container.Name]
				if known && before.PullPolicy != "" && container.ImagePullPolicy != before.PullPolicy {
					return Observation{Reason: fmt.Sprintf("container %s of %s has the pull policy %s instead of %s",
						container.Name, owner, container.ImagePullPolicy, before.PullPolicy)}, nil
				}
			}
		}
		return Observation{Passed: true, Reason: c.key() + " pulls its images as before"}, nil
	})
}

func containersIn(spec corev1.PodSpec) []corev1.Container {
	return slices.Concat(spec.InitContainers, spec.Containers)
}

// TagPinned is a safeguard: no container runs a tag that means another image tomorrow.
type TagPinned struct {
	workloadRef `yaml:",inline"`
}

// Observe reads the workload.
func (c *TagPinned) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(_ WorkloadState, now *workload) (Observation, error) {
		var images []string
		for _, container := range containersIn(now.template.Spec) {
			if tagOf(container.Image) == "latest" {
				return Observation{Reason: fmt.Sprintf("container %s of %s runs %s: whatever is pushed next", container.Name, c.key(), container.Image)}, nil
			}
			images = append(images, container.Image)
		}
		return Observation{Passed: true, Reason: c.key() + " runs versions that stay what they are", Evidence: strings.Join(images, ", ")}, nil
	})
}

// PullAccounts is a safeguard: the pods log in to their registry as nobody but the
// accounts that are meant for it.
type PullAccounts struct {
	podSelector `yaml:",inline"`
	Accounts    []string `yaml:"accounts" doc:"The accounts that workloads may pull with." required:"true"`
}

// Validate refuses a list that would allow nobody.
func (c *PullAccounts) Validate() error {
	if slices.Contains(c.Accounts, "") {
		return errors.New("accounts: an account has a name")
	}
	return c.podSelector.Validate()
}

// Observe reads the pods and their pull secrets. A pod without a login uses no account:
// that it cannot pull is the recovery checks' to say.
func (c *PullAccounts) Observe(ctx context.Context, t *Target) (Observation, error) {
	selector, err := c.parse()
	if err != nil {
		return Observation{}, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return Observation{}, err
	}
	for i := range pods {
		if !active(&pods[i]) {
			continue
		}
		for _, image := range imagesOf(&pods[i]) {
			logins, _, err := t.credentials(ctx, &pods[i], image)
			if err != nil {
				return Observation{}, err
			}
			for _, login := range logins {
				if !slices.Contains(c.Accounts, login.user) {
					return Observation{Reason: fmt.Sprintf("pods pull as %s, by way of secret %s", login.user, login.secret)}, nil
				}
			}
		}
	}
	return Observation{Passed: true, Reason: "pods pull as " + strings.Join(c.Accounts, " or ")}, nil
}

// ContentKept is a safeguard: a Secret or ConfigMap holds what it held.
type ContentKept struct {
	Kind string `yaml:"kind" doc:"Kind of the object." enum:"Secret,ConfigMap" required:"true"`
	Name string `yaml:"name" doc:"Its name." required:"true"`
	Key  string `yaml:"key" doc:"The one key of it that counts. Left out: everything in it."`
}

// Observe reads the namespace's objects of the kind, or the one key.
func (c *ContentKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	if t.Baseline == nil {
		return Observation{}, errors.New("no baseline was taken yet")
	}
	if c.Key != "" {
		return c.keyKept(ctx, t)
	}
	now, states := &Baseline{Namespace: t.Namespace}, t.Baseline.Secrets
	read := now.takeSecrets
	if c.Kind == "ConfigMap" {
		read, states = now.takeConfigMaps, t.Baseline.ConfigMaps
	}
	what := c.Kind + " " + c.Name
	was, known := states[c.Name]
	if !known {
		return Observation{}, fmt.Errorf("the baseline has no %s", what)
	}
	if err := read(ctx, t.Client); err != nil {
		return Observation{}, fmt.Errorf("read the objects of kind %s: %w", c.Kind, err)
	}
	states = now.Secrets
	if c.Kind == "ConfigMap" {
		states = now.ConfigMaps
	}
	is, found := states[c.Name]
	switch {
	case !found:
		return Observation{Reason: what + " was deleted"}, nil
	case is.SHA256 != was.SHA256:
		return Observation{Reason: what + " was changed", Evidence: fmt.Sprintf("keys at the baseline: %s; now: %s", strings.Join(was.Keys, ", "), strings.Join(is.Keys, ", "))}, nil
	}
	return Observation{Passed: true, Reason: what + " holds what it held"}, nil
}
