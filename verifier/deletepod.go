package verifier

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	// With its UID, so that a pod of the same name made meanwhile is left alone.
	err = t.Client.CoreV1().Pods(t.Namespace).Delete(ctx, oldest.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &oldest.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return "", fmt.Errorf("delete pod %s: %w", oldest.Name, err)
	}
	return "deleted pod " + oldest.Name, nil
}

func older(a, b *corev1.Pod) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}
