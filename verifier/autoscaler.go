package verifier

import (
	"context"
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tooMany is the reason of ScalingLimited while maxReplicas holds a HorizontalPodAutoscaler
// back (pkg/controller/podautoscaler of Kubernetes).
const tooMany = "TooManyReplicas"

// scaleUpLimit is the reason of ScalingLimited while a policy of spec.behavior.scaleUp, or the
// default one, lets it add no more for now.
const scaleUpLimit = "ScaleUpLimit"

// hpaRef names a HorizontalPodAutoscaler in a check's parameters.
type hpaRef struct {
	Name string `yaml:"name" doc:"Name of the HorizontalPodAutoscaler." required:"true"`
}

// find reads the autoscaler of the workload that the named one scaled at the baseline: a
// repair may make it anew under another name. With none, or with several, which the
// controller itself refuses, it is the one of the name.
func (r hpaRef) find(ctx context.Context, t *Target) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	all, err := t.hpas(ctx)
	if err != nil {
		return nil, err
	}
	var named *autoscalingv2.HorizontalPodAutoscaler
	var scaling []*autoscalingv2.HorizontalPodAutoscaler
	for i := range all {
		if all[i].Name == r.Name {
			named = &all[i]
		}
		if r.scaled(t, &all[i]) {
			scaling = append(scaling, &all[i])
		}
	}
	switch {
	case len(scaling) == 1:
		return scaling[0], nil
	case named == nil:
		return nil, apierrors.NewNotFound(autoscalingv2.Resource("horizontalpodautoscalers"), r.Name)
	}
	return named, nil
}

// scaled tells whether an autoscaler scales what the named one scaled at the baseline.
func (r hpaRef) scaled(t *Target, h *autoscalingv2.HorizontalPodAutoscaler) bool {
	if t.Baseline == nil {
		return false
	}
	was, known := t.Baseline.Autoscalers[r.Name]
	before, now := was.Spec.ScaleTargetRef, h.Spec.ScaleTargetRef
	return known && now.Kind == before.Kind && now.Name == before.Name
}

func (t *Target) hpas(ctx context.Context) ([]autoscalingv2.HorizontalPodAutoscaler, error) {
	return once(t, "hpas", func() ([]autoscalingv2.HorizontalPodAutoscaler, error) {
		list, err := t.Client.AutoscalingV2().HorizontalPodAutoscalers(t.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list the HorizontalPodAutoscalers of %s: %w", t.Namespace, err)
		}
		return list.Items, nil
	})
}

func noHPA(name string) string { return "there is no HorizontalPodAutoscaler " + name }

func hpaCondition(h *autoscalingv2.HorizontalPodAutoscaler, which autoscalingv2.HorizontalPodAutoscalerConditionType) autoscalingv2.HorizontalPodAutoscalerCondition {
	for _, c := range h.Status.Conditions {
		if c.Type == which {
			return c
		}
	}
	return autoscalingv2.HorizontalPodAutoscalerCondition{Type: which}
}

// heldBack is what keeps an autoscaler, by its own account, from adding the replicas that it
// wants: "" when nothing does. A policy of scaleUp does for moments, the default one as well.
func heldBack(h *autoscalingv2.HorizontalPodAutoscaler) string {
	if capped(h) {
		return "maxReplicas"
	}
	if limited := hpaCondition(h, autoscalingv2.ScalingLimited); limited.Status == corev1.ConditionTrue && limited.Reason == scaleUpLimit {
		return "scaleUp policies"
	}
	return ""
}

// capped tells whether an autoscaler says that it wants more replicas than its maxReplicas.
func capped(h *autoscalingv2.HorizontalPodAutoscaler) bool {
	limited := hpaCondition(h, autoscalingv2.ScalingLimited)
	return limited.Status == corev1.ConditionTrue && limited.Reason == tooMany
}

// hpaLine is an autoscaler as `kubectl describe hpa` would show it.
func hpaLine(h *autoscalingv2.HorizontalPodAutoscaler) string {
	parts := []string{fmt.Sprintf("scales %s/%s, %d to %d replicas: %d now, %d wanted", h.Spec.ScaleTargetRef.Kind,
		h.Spec.ScaleTargetRef.Name, minOf(h.Spec), h.Spec.MaxReplicas, h.Status.CurrentReplicas, h.Status.DesiredReplicas)}
	if b := h.Spec.Behavior; b != nil && b.ScaleDown != nil && b.ScaleDown.StabilizationWindowSeconds != nil {
		parts = append(parts, fmt.Sprintf("scales down after %d s", *b.ScaleDown.StabilizationWindowSeconds))
	}
	for _, c := range h.Status.Conditions {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", c.Type, c.Status, c.Reason))
	}
	return strings.Join(parts, "; ")
}

// minOf is minReplicas with the API's own default.
func minOf(spec autoscalingv2.HorizontalPodAutoscalerSpec) int32 { return orOne(spec.MinReplicas) }

// HPACondition passes while a condition of the autoscaler has the status, and the reason
// when one is given: the symptom of one that does not scale.
type HPACondition struct {
	hpaRef  `yaml:",inline"`
	Type    string `yaml:"type" doc:"The condition." enum:"ScalingActive,AbleToScale,ScalingLimited" required:"true"`
	Status  string `yaml:"status" doc:"Its status." enum:"True,False,Unknown" required:"true"`
	Reason  string `yaml:"reason" doc:"Its reason: FailedGetResourceMetric, FailedGetScale, TooManyReplicas. Left out: any."`
	Message string `yaml:"message" doc:"Text that its message contains: missing request for cpu. Left out: any."`
}

// Observe reads the autoscaler.
func (c *HPACondition) Observe(ctx context.Context, t *Target) (Observation, error) {
	h, err := c.find(ctx, t)
	if apierrors.IsNotFound(err) {
		return Observation{Reason: noHPA(c.Name)}, nil
	}
	if err != nil {
		return Observation{}, err
	}
	got := hpaCondition(h, autoscalingv2.HorizontalPodAutoscalerConditionType(c.Type))
	return Observation{
		Passed:   string(got.Status) == c.Status && (c.Reason == "" || got.Reason == c.Reason) && strings.Contains(got.Message, c.Message),
		Reason:   fmt.Sprintf("HorizontalPodAutoscaler %s: %s is %s%s", h.Name, c.Type, orUnset(string(got.Status)), suffix(got.Reason)),
		Evidence: got.Message,
	}, nil
}

// HPAActive passes while the autoscaler scales the workload by metrics that it gets, and
// has replicas left to add. Whether it does so under load, the perturbation load shows.
type HPAActive struct {
	hpaRef   `yaml:",inline"`
	Workload string `yaml:"workload" doc:"Name of the Deployment that it is to scale." required:"true"`
}

// Observe reads the autoscaler.
func (c *HPAActive) Observe(ctx context.Context, t *Target) (Observation, error) {
	h, err := c.find(ctx, t)
	if apierrors.IsNotFound(err) {
		return Observation{Reason: noHPA(c.Name)}, nil
	}
	if err != nil {
		return Observation{}, err
	}
	if reason := c.inactive(h); reason != "" {
		return Observation{Reason: reason, Evidence: hpaLine(h)}, nil
	}
	return Observation{
		Passed: true, Reason: fmt.Sprintf("HorizontalPodAutoscaler %s scales Deployment/%s", h.Name, c.Workload), Evidence: hpaLine(h),
	}, nil
}

// inactive says why the autoscaler does not scale; empty when it does.
func (c *HPAActive) inactive(h *autoscalingv2.HorizontalPodAutoscaler) string {
	name, target := "HorizontalPodAutoscaler "+h.Name, h.Spec.ScaleTargetRef
	if h.DeletionTimestamp != nil {
		return name + " is being deleted"
	}
	if target.Kind != kindDeployment || target.Name != c.Workload {
		return fmt.Sprintf("%s scales %s/%s, not Deployment/%s", name, target.Kind, target.Name, c.Workload)
	}
	for _, which := range []autoscalingv2.HorizontalPodAutoscalerConditionType{autoscalingv2.AbleToScale, autoscalingv2.ScalingActive} {
		if got := hpaCondition(h, which); got.Status != corev1.ConditionTrue {
			return fmt.Sprintf("%s: %s is %s%s", name, which, orUnset(string(got.Status)), suffix(got.Reason))
		}
	}
	switch {
	case capped(h):
		return fmt.Sprintf("%s wants more than its maxReplicas of %d", name, h.Spec.MaxReplicas)
	case h.Status.CurrentReplicas != h.Status.DesiredReplicas:
		return fmt.Sprintf("%s is scaling from %d to %d replicas", name, h.Status.CurrentReplicas, h.Status.DesiredReplicas)
	case h.Status.CurrentReplicas >= h.Spec.MaxReplicas:
		return fmt.Sprintf("%s is at its maxReplicas of %d: nothing is left for more load", name, h.Spec.MaxReplicas)
	}
	return ""
}
