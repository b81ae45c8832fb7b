package verifier

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// RequestWithin is a safeguard: the container's request, where there is one, is of the size
// it was. One that is missing is a fault, not a wrong repair: a check sees what comes of it.
type RequestWithin struct {
	workloadRef `yaml:",inline"`
	Container   string  `yaml:"container" doc:"Name of the container." required:"true"`
	Resource    string  `yaml:"resource" doc:"The resource." enum:"memory,cpu,ephemeral-storage" default:"cpu"`
	AtLeast     float64 `yaml:"atLeast" doc:"Times the baseline's request, at least. Left out: any." min:"0"`
	AtMost      float64 `yaml:"atMost" doc:"Times the baseline's request, at most. Left out: any." min:"0"`
}

// Validate refuses a safeguard that would let everything pass.
func (c *RequestWithin) Validate() error {
	if c.AtLeast <= 0 && c.AtMost <= 0 {
		return errors.New("write atLeast, atMost or both")
	}
	return nil
}

func (c *RequestWithin) resource() corev1.ResourceName {
	if c.Resource == "" {
		return corev1.ResourceCPU
	}
	return corev1.ResourceName(c.Resource)
}

// Observe reads the workload and its pods, which an in-place resize changes without it.
func (c *RequestWithin) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(before WorkloadState, w *workload) (Observation, error) {
		was, ok := before.Containers[c.Container].Requests[c.resource()]
		if !ok {
			return Observation{}, fmt.Errorf("the baseline of %s has no %s request on container %s: nothing to compare", c.key(), c.resource(), c.Container)
		}
		now, set := c.requestIn(w.template.Spec)
		evidence := fmt.Sprintf("%s request of container %s: %s at the baseline, %s now", c.resource(), c.Container, was.String(), limitText(now, set))
		if reason := c.judge(c.key(), was, now, set); reason != "" {
			return Observation{Reason: reason, Evidence: evidence}, nil
		}
		pods, err := t.selected(ctx, w.selector)
		if err != nil {
			return Observation{}, err
		}
		for i := range pods {
			now, set := c.requestIn(pods[i].Spec)
			if !active(&pods[i]) {
				continue
			}
			if reason := c.judge("pod "+pods[i].Name, was, now, set); reason != "" {
				return Observation{Reason: reason, Evidence: evidence}, nil
			}
		}
		return Observation{Passed: true, Reason: fmt.Sprintf("the %s request of %s is of the size it was", c.resource(), c.key()), Evidence: evidence}, nil
	})
}

func (c *RequestWithin) judge(where string, was, now resource.Quantity, set bool) string {
	before, after := was.AsApproximateFloat64(), now.AsApproximateFloat64()
	switch {
	case !set:
		return ""
	case c.AtLeast > 0 && after < c.AtLeast*before:
		return fmt.Sprintf("the %s request of %s is %s, less than %gx the %s of before", c.resource(), where, now.String(), c.AtLeast, was.String())
	case c.AtMost > 0 && after > c.AtMost*before:
		return fmt.Sprintf("the %s request of %s is %s, more than %gx the %s of before", c.resource(), where, now.String(), c.AtMost, was.String())
	}
	return ""
}

// requestIn is the request in force: a container with a limit and no request gets that.
func (c *RequestWithin) requestIn(spec corev1.PodSpec) (request resource.Quantity, set bool) {
	for _, container := range spec.Containers {
		if container.Name != c.Container {
			continue
		}
		if request, set = container.Resources.Requests[c.resource()]; !set {
			request, set = container.Resources.Limits[c.resource()]
		}
		return request, set
	}
	return request, false
}
