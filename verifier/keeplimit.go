package verifier

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// limitRef names a limit of a workload's container.
type limitRef struct {
	workloadRef `yaml:",inline"`
	Container   string `yaml:"container" doc:"Name of the container." required:"true"`
	Resource    string `yaml:"resource" doc:"The resource." enum:"memory,cpu,ephemeral-storage" default:"memory"`
}

func (l limitRef) resource() corev1.ResourceName {
	if l.Resource == "" {
		return corev1.ResourceMemory
	}
	return corev1.ResourceName(l.Resource)
}

// limits lets judge compare the limit of the baseline with every present one: that of the
// template, and those of the running pods, which an in-place resize changes without it.
func (l limitRef) limits(ctx context.Context, t *Target, judge func(where string, was, now resource.Quantity, set bool) (string, error)) (Observation, error) {
	return l.compare(ctx, t, func(before WorkloadState, w *workload) (Observation, error) {
		was, ok := before.Containers[l.Container].Limits[l.resource()]
		if !ok {
			return Observation{}, fmt.Errorf("the baseline of %s has no %s limit on container %s: nothing to keep", l.key(), l.resource(), l.Container)
		}
		now, set, found := limitIn(w.template.Spec, l.Container, l.resource())
		if !found {
			return Observation{Reason: fmt.Sprintf("%s has no container %s any more", l.key(), l.Container)}, nil
		}
		evidence := fmt.Sprintf("%s limit of container %s: %s at the baseline, %s now", l.resource(), l.Container, was.String(), limitText(now, set))
		if reason, err := judge(l.key(), was, now, set); reason != "" || err != nil {
			return Observation{Reason: reason, Evidence: evidence}, err
		}
		pods, err := t.selected(ctx, w.selector)
		if err != nil {
			return Observation{}, err
		}
		for i := range pods {
			now, set, found := limitIn(pods[i].Spec, l.Container, l.resource())
			if !found || !active(&pods[i]) {
				continue
			}
			if reason, err := judge("pod "+pods[i].Name, was, now, set); reason != "" || err != nil {
				return Observation{Reason: reason, Evidence: evidence + "; pod " + pods[i].Name + ": " + limitText(now, set)}, err
			}
		}
		return Observation{Passed: true, Reason: fmt.Sprintf("%s keeps its %s limit", l.key(), l.resource()), Evidence: evidence}, nil
	})
}

func limitText(q resource.Quantity, set bool) string {
	if !set {
		return "none"
	}
	return q.String()
}

// limitIn is a container's limit: its own, else the one of its whole pod (KEP-2837).
func limitIn(spec corev1.PodSpec, name string, what corev1.ResourceName) (limit resource.Quantity, set, found bool) {
	for _, c := range containersIn(spec) {
		if c.Name != name {
			continue
		}
		if limit, set = c.Resources.Limits[what]; !set && spec.Resources != nil {
			limit, set = spec.Resources.Limits[what]
		}
		return limit, set, true
	}
	return limit, false, false
}

// LimitKept is a safeguard: the container still has the limit, whatever its size, as long as
// there is a node that has so much: a limit that no node can reach is none.
type LimitKept struct {
	limitRef `yaml:",inline"`
}

// Observe reads the workload and its pods; the nodes when the limit was raised.
func (c *LimitKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.limits(ctx, t, func(where string, was, now resource.Quantity, set bool) (string, error) {
		if !set || now.Sign() <= 0 {
			return fmt.Sprintf("the %s limit of %s (%s at the baseline) was removed", c.resource(), where, was.String()), nil
		}
		if now.Cmp(was) <= 0 {
			return "", nil
		}
		most, err := t.largestNode(ctx, c.resource())
		if err != nil || most.Sign() <= 0 || now.Cmp(most) <= 0 {
			return "", err
		}
		return fmt.Sprintf("the %s limit of %s (%s at the baseline) is %s, more than any node has: that is none", c.resource(), where, was.String(), now.String()), nil
	})
}

// largestNode is how much of a resource the node has that has the most of it; nothing when
// none tells.
func (t *Target) largestNode(ctx context.Context, what corev1.ResourceName) (resource.Quantity, error) {
	return once(t, "largest node/"+string(what), func() (most resource.Quantity, err error) {
		nodes, err := t.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return most, fmt.Errorf("list the nodes: %w", err)
		}
		for i := range nodes.Items {
			if has, told := nodes.Items[i].Status.Capacity[what]; told && has.Cmp(most) > 0 {
				most = has
			}
		}
		return most, nil
	})
}

// LimitWithin is a safeguard: the limit, where there is one, is at most a few times what
// it was. A limit that is gone is LimitKept's to refuse, by its own name: list both.
type LimitWithin struct {
	limitRef `yaml:",inline"`
	Factor   float64 `yaml:"factor" doc:"How many times the baseline's limit is still a repair." default:"4" min:"1"`
}

// Observe reads the workload and its pods.
func (c *LimitWithin) Observe(ctx context.Context, t *Target) (Observation, error) {
	factor := c.Factor
	if factor < 1 {
		factor = 4
	}
	return c.limits(ctx, t, func(where string, was, now resource.Quantity, set bool) (string, error) {
		if set && now.AsApproximateFloat64() > factor*was.AsApproximateFloat64() {
			return fmt.Sprintf("the %s limit of %s was raised from %s to %s, more than %gx", c.resource(), where, was.String(), now.String(), factor), nil
		}
		return "", nil
	})
}

// LimitAtLeast is a safeguard: the limit, where there is one, leaves a container what it needs
// at its busiest. A CPU limit below that makes every request wait for the next period of
// 100 ms (the kernel's CFS bandwidth control).
type LimitAtLeast struct {
	limitRef `yaml:",inline"`
	Min      string `yaml:"min" doc:"What a limit leaves, at least: 200m." required:"true"`
}

// Validate refuses a quantity that is none.
func (c *LimitAtLeast) Validate() error {
	if q, err := resource.ParseQuantity(c.Min); err != nil || q.Sign() <= 0 {
		return fmt.Errorf("min: %q is no quantity above nothing, as 200m or 64Mi", c.Min)
	}
	return nil
}

// Observe reads the workload and its pods.
func (c *LimitAtLeast) Observe(ctx context.Context, t *Target) (Observation, error) {
	least, err := resource.ParseQuantity(c.Min)
	if err != nil {
		return Observation{}, fmt.Errorf("min: %w", err)
	}
	return c.compare(ctx, t, func(_ WorkloadState, w *workload) (Observation, error) {
		pods, err := t.selected(ctx, w.selector)
		if err != nil {
			return Observation{}, err
		}
		now, set, _ := limitIn(w.template.Spec, c.Container, c.resource())
		where := c.key()
		for i := range pods { // an in-place resize changes a pod alone
			if set && now.Cmp(least) < 0 {
				break
			}
			if limit, has, _ := limitIn(pods[i].Spec, c.Container, c.resource()); has && active(&pods[i]) {
				where, now, set = "pod "+pods[i].Name, limit, has
			}
		}
		if set && now.Cmp(least) < 0 {
			return Observation{Reason: fmt.Sprintf("the %s limit of %s is %s, below the %s that it needs at its busiest", c.resource(), where, now.String(), least.String())}, nil
		}
		return Observation{Passed: true, Reason: c.key() + " is not throttled by its " + string(c.resource()) + " limit", Evidence: "limit: " + limitText(now, set)}, nil
	})
}
