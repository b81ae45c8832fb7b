package verifier

import (
	"context"
	"errors"
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// compare reads the autoscaler and its baseline, and lets judge compare one property of
// them. That an autoscaler is gone is HPAKept's to refuse, by its own name.
func (r hpaRef) compare(ctx context.Context, t *Target, judge func(was AutoscalerState, now *autoscalingv2.HorizontalPodAutoscaler) (Observation, error)) (Observation, error) {
	if t.Baseline == nil {
		return Observation{}, errors.New("no baseline was taken yet")
	}
	was, ok := t.Baseline.Autoscalers[r.Name]
	if !ok {
		return Observation{}, fmt.Errorf("the baseline has no HorizontalPodAutoscaler %s", r.Name)
	}
	now, err := r.find(ctx, t)
	if apierrors.IsNotFound(err) {
		return Observation{Passed: true, Reason: noHPA(r.Name) + ": there is nothing to compare"}, nil
	}
	if err != nil {
		return Observation{}, err
	}
	return judge(was, now)
}

// HPAKept is a safeguard: there is a HorizontalPodAutoscaler of that name, or another that
// scales its workload; the one of the baseline or one made anew.
type HPAKept struct {
	hpaRef `yaml:",inline"`
}

// Observe reads the autoscaler.
func (c *HPAKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	h, err := c.find(ctx, t)
	switch {
	case apierrors.IsNotFound(err):
		return Observation{Reason: "HorizontalPodAutoscaler " + c.Name + " was deleted"}, nil
	case err != nil:
		return Observation{}, err
	case h.DeletionTimestamp != nil:
		return Observation{Reason: "HorizontalPodAutoscaler " + h.Name + " is being deleted"}, nil
	}
	return Observation{Passed: true, Reason: "HorizontalPodAutoscaler " + h.Name + " is there", Evidence: hpaLine(h)}, nil
}

// HPARoom is a safeguard: minReplicas was not raised until little is left to scale. It asks
// for half of the replicas between minReplicas and maxReplicas that there were, and for a
// minReplicas of at most twice what it was: room that a raised maxReplicas gives above a
// peak that is paid for at night as well is none.
type HPARoom struct {
	hpaRef `yaml:",inline"`
}

// Observe reads the autoscaler.
func (c *HPARoom) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(was AutoscalerState, h *autoscalingv2.HorizontalPodAutoscaler) (Observation, error) {
		leastWas, least := minOf(was.Spec), minOf(h.Spec)
		room := 2*(h.Spec.MaxReplicas-least) >= was.Spec.MaxReplicas-leastWas
		evidence := fmt.Sprintf("%d to %d replicas at the baseline, %d to %d now", leastWas, was.Spec.MaxReplicas, least, h.Spec.MaxReplicas)
		if least > leastWas && (!room || least > 2*leastWas) {
			return Observation{
				Reason:   fmt.Sprintf("minReplicas was raised from %d to %d, of %d at most", leastWas, least, h.Spec.MaxReplicas),
				Evidence: evidence,
			}, nil
		}
		return Observation{Passed: true, Reason: "minReplicas leaves room to scale", Evidence: evidence}, nil
	})
}

// HPAMaxKept is a safeguard: maxReplicas is at least what it was. One that leaves nothing to
// scale at all, as a fault may set it, is HPAActive's and HPARoom's to refuse.
type HPAMaxKept struct {
	hpaRef `yaml:",inline"`
}

// Observe reads the autoscaler.
func (c *HPAMaxKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(was AutoscalerState, h *autoscalingv2.HorizontalPodAutoscaler) (Observation, error) {
		evidence := fmt.Sprintf("maxReplicas %d at the baseline, %d now, above a minReplicas of %d", was.Spec.MaxReplicas, h.Spec.MaxReplicas, minOf(h.Spec))
		if h.Spec.MaxReplicas < was.Spec.MaxReplicas && h.Spec.MaxReplicas > minOf(h.Spec) {
			return Observation{
				Reason:   fmt.Sprintf("maxReplicas is %d, below the %d of before", h.Spec.MaxReplicas, was.Spec.MaxReplicas),
				Evidence: evidence,
			}, nil
		}
		return Observation{Passed: true, Reason: "maxReplicas is not below what it was, or leaves nothing to scale at all", Evidence: evidence}, nil
	})
}

// HPAMaxWithin is a safeguard: maxReplicas is at most a few times what it was.
type HPAMaxWithin struct {
	hpaRef `yaml:",inline"`
	Factor float64 `yaml:"factor" doc:"How many times the baseline's maxReplicas is still a limit." default:"3" min:"1"`
}

// Observe reads the autoscaler.
func (c *HPAMaxWithin) Observe(ctx context.Context, t *Target) (Observation, error) {
	factor := c.Factor
	if factor < 1 {
		factor = 3
	}
	return c.compare(ctx, t, func(was AutoscalerState, h *autoscalingv2.HorizontalPodAutoscaler) (Observation, error) {
		evidence := fmt.Sprintf("maxReplicas %d at the baseline, %d now", was.Spec.MaxReplicas, h.Spec.MaxReplicas)
		if float64(h.Spec.MaxReplicas) > factor*float64(was.Spec.MaxReplicas) {
			return Observation{
				Reason:   fmt.Sprintf("maxReplicas was raised from %d to %d, more than %gx", was.Spec.MaxReplicas, h.Spec.MaxReplicas, factor),
				Evidence: evidence,
			}, nil
		}
		return Observation{Passed: true, Reason: "maxReplicas is a limit still", Evidence: evidence}, nil
	})
}

// HPATarget is a safeguard: the autoscaler scales by CPU, with targets of which none is far
// below or far above what it was: of several metrics, the one that asks for the most replicas
// decides. A target as an absolute value is compared with the baseline's share of the
// baseline's request.
type HPATarget struct {
	hpaRef `yaml:",inline"`
	Factor float64 `yaml:"factor" doc:"How many times more, or less, than the baseline's target is still a target. Each CPU metric is judged." default:"2" min:"1"`
}

// Observe reads the autoscaler.
func (c *HPATarget) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(was AutoscalerState, h *autoscalingv2.HorizontalPodAutoscaler) (Observation, error) {
		before := cpuTargets(was.Spec)
		if len(before) == 0 || before[0].AverageUtilization == nil {
			return Observation{}, fmt.Errorf("the baseline of HorizontalPodAutoscaler %s has no target utilization of the CPU", c.Name)
		}
		now := cpuTargets(h.Spec)
		if len(now) == 0 {
			return Observation{Reason: "HorizontalPodAutoscaler " + c.Name + " does not scale by CPU any more"}, nil
		}
		var evidence []string
		for _, target := range now {
			expected, got, unit, err := c.comparable(t.Baseline, was, before[0], target)
			if err != nil {
				return Observation{}, err
			}
			evidence = append(evidence, fmt.Sprintf("target %g%s at the baseline, %g%s now", expected, unit, got, unit))
			if moved := c.moved(expected, got); moved != "" {
				return Observation{Reason: fmt.Sprintf("the target was %s from %g%s to %g%s", moved, expected, unit, got, unit), Evidence: strings.Join(evidence, "; ")}, nil
			}
		}
		return Observation{Passed: true, Reason: "the target is of the size it was", Evidence: strings.Join(evidence, "; ")}, nil
	})
}

// moved says where a target went that is none any more; empty when it is of the size it was.
func (c *HPATarget) moved(expected, got float64) string {
	factor := c.Factor
	if factor < 1 {
		factor = 2
	}
	switch {
	case got*factor < expected:
		return "lowered"
	case got > factor*expected:
		return "raised"
	}
	return ""
}

// comparable is the two targets in one unit: shares of the request, or millicores.
func (c *HPATarget) comparable(base *Baseline, was AutoscalerState, before, now *autoscalingv2.MetricTarget) (expected, got float64, unit string, err error) {
	switch {
	case now.AverageUtilization != nil:
		return float64(*before.AverageUtilization), float64(*now.AverageUtilization), "%", nil
	case now.AverageValue == nil:
		return 0, 0, "", fmt.Errorf("HorizontalPodAutoscaler %s has a target of type %s, which is no average", c.Name, now.Type)
	}
	key := was.Spec.ScaleTargetRef.Kind + "/" + was.Spec.ScaleTargetRef.Name
	requested := 0.0
	for _, container := range base.Workloads[key].Containers {
		if q, set := container.Requests[corev1.ResourceCPU]; set && !container.Init {
			requested += q.AsApproximateFloat64() * 1000
		}
	}
	if requested == 0 {
		return 0, 0, "", fmt.Errorf("the baseline of %s requests no CPU: there is nothing to compare a value with", key)
	}
	return requested * float64(*before.AverageUtilization) / 100, now.AverageValue.AsApproximateFloat64() * 1000, "m", nil
}

// cpuTargets are the targets of the CPU metrics: of the pods, and of single containers.
func cpuTargets(spec autoscalingv2.HorizontalPodAutoscalerSpec) []*autoscalingv2.MetricTarget {
	var targets []*autoscalingv2.MetricTarget
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		switch {
		case m.Resource != nil && m.Resource.Name == corev1.ResourceCPU:
			targets = append(targets, &m.Resource.Target)
		case m.ContainerResource != nil && m.ContainerResource.Name == corev1.ResourceCPU:
			targets = append(targets, &m.ContainerResource.Target)
		}
	}
	return targets
}
