package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// RequestWithin is a safeguard: the request that an autoscaler divides by, where there is one,
// is of the size that the container's was: the pod's own (KEP-2837) before the container's. One
// that is missing is a fault, not a wrong repair: a check sees what comes of it.
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
		own, err := c.byContainer(ctx, t)
		if err != nil {
			return Observation{}, err
		}
		now, set := c.requestIn(w.template.Spec)
		evidence := fmt.Sprintf("%s request of container %s: %s at the baseline, %s now", c.resource(), c.Container, was.String(), limitText(now, set))
		if reason := c.judge(c.key(), was, w.template.Spec, own); reason != "" {
			return Observation{Reason: reason, Evidence: evidence}, nil
		}
		pods, err := t.selected(ctx, w.selector)
		if err != nil {
			return Observation{}, err
		}
		for i := range pods {
			if !active(&pods[i]) {
				continue
			}
			if reason := c.judge("pod "+pods[i].Name, was, pods[i].Spec, own); reason != "" {
				return Observation{Reason: reason, Evidence: evidence}, nil
			}
		}
		return Observation{Passed: true, Reason: fmt.Sprintf("the %s request of %s is of the size it was", c.resource(), c.key()), Evidence: evidence}, nil
	})
}

// judge says what is wrong with the requests of a pod; empty when nothing is. Where an
// autoscaler reads the container alone, the container's own is judged as well.
func (c *RequestWithin) judge(where string, was resource.Quantity, spec corev1.PodSpec, own bool) string {
	now, set := c.requestIn(spec)
	reason := c.size("the "+string(c.resource())+" request of "+where, was, now, set)
	if reason == "" && own {
		now, set = c.ownRequest(spec)
		reason = c.size(fmt.Sprintf("the %s request of container %s of %s", c.resource(), c.Container, where), was, now, set)
	}
	return reason
}

func (c *RequestWithin) size(what string, was, now resource.Quantity, set bool) string {
	before, after := was.AsApproximateFloat64(), now.AsApproximateFloat64()
	switch {
	case !set:
		return ""
	case c.AtLeast > 0 && after < c.AtLeast*before:
		return fmt.Sprintf("%s is %s, less than %gx the %s of before", what, now.String(), c.AtLeast, was.String())
	case c.AtMost > 0 && after > c.AtMost*before:
		return fmt.Sprintf("%s is %s, more than %gx the %s of before", what, now.String(), c.AtMost, was.String())
	}
	return ""
}

// byContainer tells whether an autoscaler of the workload has a metric of this container
// alone: it divides by the container's own request, whatever the pod as a whole has.
func (c *RequestWithin) byContainer(ctx context.Context, t *Target) (bool, error) {
	all, err := t.hpas(ctx)
	return slices.ContainsFunc(all, func(h autoscalingv2.HorizontalPodAutoscaler) bool {
		scales := h.Spec.ScaleTargetRef
		return scales.Kind+"/"+scales.Name == c.key() && slices.ContainsFunc(h.Spec.Metrics, func(m autoscalingv2.MetricSpec) bool {
			of := m.ContainerResource
			return of != nil && of.Name == c.resource() && of.Container == c.Container
		})
	}), err
}

// requestIn is the request in force for the pod as a whole, which an autoscaler divides by:
// the pod's own, else the container's (calculateRequests in replica_calculator.go of
// pkg/controller/podautoscaler, since Kubernetes 1.34). A pod with a limit of its own gets that
// as its request when its container has none (defaultPodRequests in pkg/apis/core/v1).
func (c *RequestWithin) requestIn(spec corev1.PodSpec) (request resource.Quantity, set bool) {
	whole := corev1.ResourceRequirements{}
	if spec.Resources != nil {
		whole = *spec.Resources
	}
	if request, set = whole.Requests[c.resource()]; set {
		return request, set
	}
	if request, set = c.ownRequest(spec); !set {
		request, set = whole.Limits[c.resource()]
	}
	return request, set
}

// ownRequest is the container's: one with a limit and no request gets that.
func (c *RequestWithin) ownRequest(spec corev1.PodSpec) (request resource.Quantity, set bool) {
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
