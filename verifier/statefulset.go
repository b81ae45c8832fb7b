package verifier

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// StatefulSetServes passes when the Service's clients are served by the pods of one
// StatefulSet and of nothing else, and its rollout is complete.
type StatefulSetServes struct {
	serviceRef `yaml:",inline"`
}

// Observe reads the Service's endpoints, their owner and its pods.
func (c *StatefulSetServes) Observe(ctx context.Context, t *Target) (Observation, error) {
	pods, err := c.behind(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	if len(pods) == 0 {
		return c.nobody(), nil
	}
	set, stranger, err := c.statefulSet(ctx, t, pods)
	if err != nil {
		return Observation{}, err
	}
	if set == nil {
		return Observation{Reason: "Service " + c.Service + " is not served by a StatefulSet: " + stranger}, nil
	}
	w, err := ofStatefulSet(set)
	if err != nil {
		return Observation{}, err
	}
	own, err := t.selected(ctx, w.selector)
	if err != nil {
		return Observation{}, err
	}
	evidence := fmt.Sprintf("StatefulSet %s: %d replicas wanted, %d ready, %d updated, %d behind the Service",
		set.Name, w.wanted, w.ready, w.updated, len(pods))
	reason := unfinished(w, own)
	if reason == "" {
		if reason, err = unlikeTemplate(ctx, t, w, own); err != nil {
			return Observation{}, err
		}
	}
	if reason != "" {
		return Observation{Reason: "StatefulSet " + set.Name + ": " + reason, Evidence: withPods(evidence, own)}, nil
	}
	return Observation{Passed: true, Reason: "Service " + c.Service + " is served by StatefulSet " + set.Name, Evidence: evidence}, nil
}

// scope is the StatefulSet's selector; nil as long as there is none.
func (c *StatefulSetServes) scope(ctx context.Context, t *Target) (labels.Selector, error) {
	pods, err := c.behind(ctx, t)
	if err != nil {
		return nil, err
	}
	set, _, err := c.statefulSet(ctx, t, pods)
	if set == nil || err != nil {
		return nil, err
	}
	return metav1.LabelSelectorAsSelector(set.Spec.Selector)
}

// HeadlessService is a safeguard: the StatefulSet names a Service that is headless and
// selects its pods. Only with one has each ordinal a name that stays: db-0.db.
type HeadlessService struct {
	serviceRef `yaml:",inline"`
}

// Observe reads the StatefulSet and the Service that it names.
func (c *HeadlessService) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.judge(ctx, t, func(set *appsv1.StatefulSet, _ []corev1.Pod) (Observation, error) {
		services, err := t.services(ctx)
		if err != nil {
			return Observation{}, err
		}
		name := set.Spec.ServiceName
		if name == "" {
			return Observation{Reason: "StatefulSet " + set.Name + " names no Service: its pods have no names in DNS"}, nil
		}
		for i := range services {
			s := &services[i]
			switch {
			case s.Name != name:
				continue
			case s.Spec.ClusterIP != corev1.ClusterIPNone:
				return Observation{Reason: "Service " + name + ", which StatefulSet " + set.Name + " names, is not headless"}, nil
			case len(s.Spec.Selector) == 0 || !labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(set.Spec.Template.Labels)):
				return Observation{
					Reason:   "headless Service " + name + " does not select the pods of StatefulSet " + set.Name,
					Evidence: "it selects " + labelText(s.Spec.Selector),
				}, nil
			}
			return Observation{Passed: true, Reason: "StatefulSet " + set.Name + " has its headless Service " + name}, nil
		}
		return Observation{Reason: "Service " + name + ", which StatefulSet " + set.Name + " names, does not exist"}, nil
	})
}
