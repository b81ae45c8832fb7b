package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PodsOnClaim passes when several running pods mount one claim at once.
type PodsOnClaim struct {
	Claim string `yaml:"claim" doc:"Name of the PersistentVolumeClaim." required:"true"`
	Min   int    `yaml:"min" doc:"Running pods, at least." default:"2" min:"1"`
}

// Observe reads the pods.
func (c *PodsOnClaim) Observe(ctx context.Context, t *Target) (Observation, error) {
	pods, err := t.pods(ctx)
	if err != nil {
		return Observation{}, err
	}
	var names []string
	for i := range pods {
		p := &pods[i]
		if active(p) && p.Status.Phase == corev1.PodRunning && slices.Contains(mountedClaims(p), c.Claim) {
			names = append(names, p.Name)
		}
	}
	evidence := strings.Join(names, ", ")
	if len(names) < max(c.Min, 1) {
		return Observation{Reason: fmt.Sprintf("%d running pods mount claim %s", len(names), c.Claim), Evidence: evidence}, nil
	}
	return Observation{Passed: true, Reason: fmt.Sprintf("%d running pods mount claim %s at once", len(names), c.Claim), Evidence: evidence}, nil
}

// ClaimKept is a safeguard: the claim, and so its volume, is the one of the baseline.
type ClaimKept struct {
	Name string `yaml:"name" doc:"Name of the PersistentVolumeClaim." required:"true"`
}

// Observe reads the claim.
func (c *ClaimKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	if t.Baseline == nil {
		return Observation{}, errors.New("no baseline was taken yet")
	}
	was, known := t.Baseline.Claims[c.Name]
	if !known {
		return Observation{}, fmt.Errorf("the baseline has no claim %s", c.Name)
	}
	now, err := t.Client.CoreV1().PersistentVolumeClaims(t.Namespace).Get(ctx, c.Name, metav1.GetOptions{})
	what := "claim " + c.Name
	switch {
	case apierrors.IsNotFound(err):
		return Observation{Reason: what + " was deleted, and its volume with it", Evidence: "UID at the baseline " + string(was.UID)}, nil
	case err != nil:
		return Observation{}, fmt.Errorf("read %s: %w", what, err)
	case now.UID != was.UID:
		return Observation{Reason: what + " was deleted, and its volume with it; there is a new one of the name: nothing puts that right (firedrill reset)", Evidence: sameUID(was.UID, now.UID)}, nil
	case now.DeletionTimestamp != nil:
		return Observation{Reason: what + " goes, and its volume with it, as soon as no pod uses it"}, nil
	}
	return Observation{Passed: true, Reason: what + " is the one it was", Evidence: "UID " + string(now.UID)}, nil
}

// JobComplete passes when the Job is complete.
type JobComplete struct {
	Name string `yaml:"name" doc:"Name of the Job." required:"true"`
}

// Observe reads the Job.
func (c *JobComplete) Observe(ctx context.Context, t *Target) (Observation, error) {
	job, err := t.Client.BatchV1().Jobs(t.Namespace).Get(ctx, c.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return Observation{Reason: "Job " + c.Name + " does not exist"}, nil
	}
	if err != nil {
		return Observation{}, fmt.Errorf("read Job %s: %w", c.Name, err)
	}
	for _, condition := range job.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete:
			return Observation{Passed: true, Reason: "Job " + c.Name + " is complete"}, nil
		case batchv1.JobFailed:
			return Observation{Reason: "Job " + c.Name + " failed" + suffix(condition.Message)}, nil
		}
	}
	return Observation{Reason: "Job " + c.Name + " is not complete yet", Evidence: fmt.Sprintf("%d pods active, %d failed", job.Status.Active, job.Status.Failed)}, nil
}
