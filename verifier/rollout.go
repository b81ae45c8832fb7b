package verifier

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
)

// RolloutComplete passes when the newest template runs everywhere and nothing else does.
// It is what `kubectl rollout status` waits for, and more: not paused, not scaled to
// zero, no pod of before left terminating, and none changed in place.
type RolloutComplete struct {
	workloadRef `yaml:",inline"`
}

// Observe reads the workload and its pods.
func (c *RolloutComplete) Observe(ctx context.Context, t *Target) (Observation, error) {
	w, err := c.read(ctx, t)
	if apierrors.IsNotFound(err) {
		return Observation{Reason: c.key() + " does not exist"}, nil
	}
	if err != nil {
		return Observation{}, err
	}
	pods, err := t.selected(ctx, w.selector)
	if err != nil {
		return Observation{}, err
	}
	evidence := fmt.Sprintf("%s: generation %d (observed %d), replicas: %d wanted, %d there, %d updated, %d ready, %d available",
		c.key(), w.meta.Generation, w.observed, w.wanted, w.existing, w.updated, w.ready, w.available)
	if reason := unfinished(w, pods); reason != "" {
		return Observation{Reason: reason, Evidence: withPods(evidence, pods)}, nil
	}
	if reason, err := unlikeTemplate(ctx, t, w, pods); err != nil || reason != "" {
		return Observation{Reason: reason, Evidence: withPods(evidence, pods)}, err
	}
	return Observation{
		Passed: true, Evidence: evidence,
		Reason: fmt.Sprintf("%s runs %d of %d replicas of its newest template", c.key(), w.available, w.wanted),
	}, nil
}

// scope is the workload's selector.
func (c *RolloutComplete) scope(ctx context.Context, t *Target) (labels.Selector, error) {
	w, err := c.read(ctx, t)
	if err != nil {
		return nil, err
	}
	return w.selector, nil
}

// unfinished says why a rollout is not complete; empty when it is.
func unfinished(w *workload, pods []corev1.Pod) string {
	switch {
	case w.meta.DeletionTimestamp != nil:
		return "it is being deleted"
	case w.paused:
		return "its rollout is paused"
	case w.observed < w.meta.Generation:
		return "its controller has not seen the newest change yet"
	case w.wanted == 0:
		return "it is scaled to 0: nothing runs"
	case w.updated < w.wanted:
		return fmt.Sprintf("%d of %d replicas run the newest template%s", w.updated, w.wanted, suffix(w.stalled))
	case w.existing != w.wanted || w.updated != w.wanted:
		return fmt.Sprintf("%d replicas there, %d of the newest template, %d wanted: old ones are still there", w.existing, w.updated, w.wanted)
	case w.available < w.wanted || w.ready < w.wanted:
		return fmt.Sprintf("%d of %d replicas are available%s", min(w.available, w.ready), w.wanted, suffix(w.stalled))
	case w.stalled != "":
		return w.stalled
	}
	if going := terminating(pods); len(going) > 0 {
		return "still terminating: " + strings.Join(going, ", ")
	}
	return ""
}

func suffix(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func terminating(pods []corev1.Pod) []string {
	var names []string
	for _, p := range pods {
		if p.DeletionTimestamp != nil {
			names = append(names, p.Name)
		}
	}
	return names
}

func withPods(evidence string, pods []corev1.Pod) string {
	for i := range pods {
		evidence += "; " + podLine(&pods[i])
	}
	return evidence
}

// podLine is a pod as `kubectl get pods` would show it: why it waits, or its phase.
func podLine(p *corev1.Pod) string {
	status := string(p.Status.Phase)
	if p.DeletionTimestamp != nil {
		status = "Terminating"
	}
	restarts, ready := int32(0), 0
	for _, c := range p.Status.ContainerStatuses {
		restarts += c.RestartCount
		switch {
		case c.Ready:
			ready++
		case c.State.Waiting != nil && c.State.Waiting.Reason != "":
			status = c.State.Waiting.Reason
		case c.State.Terminated != nil && c.State.Terminated.Reason != "":
			status = c.State.Terminated.Reason
		}
	}
	return fmt.Sprintf("pod %s %s %d/%d ready, %d restarts", p.Name, status, ready, len(p.Spec.Containers), restarts)
}
