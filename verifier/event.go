package verifier

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Event passes when the cluster reported something about one of the pods since the fault:
// FailedMount, Unhealthy. Events of pods that are gone, and of before, say nothing.
type Event struct {
	podSelector `yaml:",inline"`
	Reason      string `yaml:"reason" doc:"The event's reason: FailedMount, Unhealthy, FailedScheduling." required:"true"`
	Message     string `yaml:"message" doc:"Text that the event's message contains; left out: any."`
}

// Observe reads the pods and the namespace's events.
func (c *Event) Observe(ctx context.Context, t *Target) (Observation, error) {
	selector, err := c.parse()
	if err != nil {
		return Observation{}, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return Observation{}, err
	}
	of := map[types.UID]bool{}
	for i := range pods {
		of[pods[i].UID] = true
	}
	list, err := t.events(ctx)
	if err != nil {
		return Observation{}, err
	}
	seen := 0
	for i := range list {
		e := &list[i]
		if !of[e.InvolvedObject.UID] || e.Reason != c.Reason {
			continue
		}
		seen++
		if at := eventTime(e); strings.Contains(e.Message, c.Message) && (t.FaultAt.IsZero() || after(at, t.FaultAt)) {
			return Observation{
				Passed: true, Reason: fmt.Sprintf("pod %s: %s", e.InvolvedObject.Name, e.Reason),
				Evidence: fmt.Sprintf("%s (last at %s)", e.Message, clockTime(at)),
			}, nil
		}
	}
	return Observation{
		Reason:   fmt.Sprintf("no event %s of the pods %s%s", c.Reason, c.Selector, suffix(c.Message)),
		Evidence: withPods(fmt.Sprintf("%d such events of before or with another message", seen), pods),
	}, nil
}

// eventTime is when an event was seen last: clients fill in different fields.
func eventTime(e *corev1.Event) time.Time {
	latest := e.EventTime.Time
	for _, at := range []time.Time{e.FirstTimestamp.Time, e.LastTimestamp.Time} {
		if at.After(latest) {
			latest = at
		}
	}
	if e.Series != nil && e.Series.LastObservedTime.After(latest) {
		latest = e.Series.LastObservedTime.Time
	}
	return latest
}

// events reads every event of the drill's namespace.
func (t *Target) events(ctx context.Context) ([]corev1.Event, error) {
	return once(t, "events", func() ([]corev1.Event, error) {
		list, err := t.Client.CoreV1().Events(t.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list the events of %s: %w", t.Namespace, err)
		}
		return list.Items, nil
	})
}
