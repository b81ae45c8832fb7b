package verifier

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// restartedAt is the annotation by which kubectl rollout restart changes a pod template.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// DeletePodBehind deletes a pod behind a Service, so that the scenario need not know what
// a repair labels its pods with.
type DeletePodBehind struct {
	serviceRef `yaml:",inline"`
}

// Perturb deletes the pod with its own grace period, and does not wait for the next one.
func (p *DeletePodBehind) Perturb(ctx context.Context, t *Target) (string, error) {
	pods, err := p.behind(ctx, t)
	if err != nil {
		return "", err
	}
	drawn := t.draw(pods, active)
	if drawn == nil {
		return "", fmt.Errorf("no pod behind Service %s is ready: there is none to delete", p.Service)
	}
	return t.deletePod(ctx, drawn)
}

// deletePod deletes with the UID, so that a pod of the same name made meanwhile is left alone.
func (t *Target) deletePod(ctx context.Context, p *corev1.Pod) (string, error) {
	err := t.Client.CoreV1().Pods(t.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &p.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return "", fmt.Errorf("delete pod %s: %w", p.Name, err)
	}
	return "deleted pod " + p.Name, nil
}

// RolloutRestart makes a new revision of the workload behind a Service: what two pods of
// two revisions do to each other shows only in a rollout. Where pods of an older one stay
// until they are deleted (OnDelete, a partition), it deletes one.
type RolloutRestart struct {
	serviceRef `yaml:",inline"`
}

// Perturb changes the pod template and does not wait for the rollout.
func (p *RolloutRestart) Perturb(ctx context.Context, t *Target) (string, error) {
	pods, err := p.behind(ctx, t)
	if err != nil {
		return "", err
	}
	if len(pods) == 0 {
		return "", fmt.Errorf("no pod behind Service %s is ready: there is nothing to roll out", p.Service)
	}
	kind, name, err := t.workloadOf(ctx, &pods[0])
	if err != nil {
		return "", err
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{restartedAt: t.Now().UTC().Format(time.RFC3339Nano)},
	}}}})
	if err != nil {
		return "", err
	}
	byHand, err := t.patchWorkload(ctx, kind, name, patch)
	if err != nil {
		return "", fmt.Errorf("restart %s %s: %w", kind, name, err)
	}
	did := "rolled " + kind + " " + name + " out anew"
	if !byHand {
		return did, nil
	}
	deleted, err := t.deletePod(ctx, t.draw(pods, func(*corev1.Pod) bool { return true }))
	return did + ", " + deleted, err
}

// workloadOf names what a pod belongs to; the ReplicaSet's Deployment instead of itself.
func (t *Target) workloadOf(ctx context.Context, p *corev1.Pod) (kind, name string, err error) {
	owner := metav1.GetControllerOf(p)
	if owner == nil {
		return "", "", &NotSurvivedError{Reason: "pod " + p.Name + " was made by hand: there is nothing to roll out"}
	}
	if owner.Kind != "ReplicaSet" {
		return owner.Kind, owner.Name, nil
	}
	set, err := t.Client.AppsV1().ReplicaSets(t.Namespace).Get(ctx, owner.Name, metav1.GetOptions{})
	if err != nil {
		return "", "", fmt.Errorf("read ReplicaSet %s: %w", owner.Name, err)
	}
	above := metav1.GetControllerOf(set)
	if above == nil {
		return "", "", &NotSurvivedError{Reason: "ReplicaSet " + set.Name + " was made by hand: there is nothing to roll out"}
	}
	return above.Kind, above.Name, nil
}

// patchWorkload patches a workload, and tells whether its pods are replaced by hand.
func (t *Target) patchWorkload(ctx context.Context, kind, name string, patch []byte) (byHand bool, err error) {
	apps := t.Client.AppsV1()
	switch kind {
	case kindDeployment:
		_, err = apps.Deployments(t.Namespace).Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
		return false, err
	case kindStatefulSet:
		s, err := apps.StatefulSets(t.Namespace).Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
		return err == nil && updatedByHand(s), err
	case kindDaemonSet:
		d, err := apps.DaemonSets(t.Namespace).Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
		return err == nil && d.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType, err
	}
	return false, fmt.Errorf("a %s has no rollout", kind)
}
