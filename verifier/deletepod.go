package verifier

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// DeletePod deletes the oldest pod: what was repaired only inside a running pod does not
// come back with the next one.
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
	var oldest *corev1.Pod
	for i := range pods {
		if one := &pods[i]; active(one) && (oldest == nil || older(one, oldest)) {
			oldest = one
		}
	}
	if oldest == nil {
		return "", fmt.Errorf("no pod matches %s: there is none to delete", p.Selector)
	}
	return t.deletePod(ctx, oldest)
}

func older(a, b *corev1.Pod) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}
