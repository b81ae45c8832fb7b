package verifier

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// DeletePod deletes a pod: what was repaired only inside a running pod does not come back
// with the next one.
type DeletePod struct {
	podSelector `yaml:",inline"`
}

// Perturb deletes the pod with its own grace period, and does not wait for the next one.
func (p *DeletePod) Perturb(ctx context.Context, t *Target) (string, error) {
	selector, err := p.parse()
	if err != nil {
		return "", err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return "", err
	}
	drawn := t.draw(pods, active)
	if drawn == nil {
		return "", fmt.Errorf("no pod matches %s: there is none to delete", p.Selector)
	}
	return t.deletePod(ctx, drawn)
}

// draw is the one that the run's seed takes of the pods that are eligible, in the order of
// their age; nil when none is.
func (t *Target) draw(pods []corev1.Pod, eligible func(*corev1.Pod) bool) *corev1.Pod {
	pods = slices.DeleteFunc(slices.Clone(pods), func(p corev1.Pod) bool { return !eligible(&p) })
	count := int64(len(pods))
	if count == 0 {
		return nil
	}
	slices.SortFunc(pods, byAge)
	return &pods[(t.Seed%count+count)%count] // the remainder has the seed's sign
}

// byAge puts the oldest pod first; of the same second, by name.
func byAge(a, b corev1.Pod) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}
