package verifier

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Reasons that the kubelet gives.
const (
	reasonCrashLoop    = "CrashLoopBackOff"
	reasonImageBackOff = "ImagePullBackOff"
	reasonErrImagePull = "ErrImagePull"
)

// container is one container's status, with what its pod says of it.
type container struct {
	corev1.ContainerStatus
	pod *corev1.Pod
	// runsOnce: an init container that is no sidecar, for which to end well is to do its job.
	runsOnce bool
}

// containersOf lists a pod's containers: init ones and sidecars first. Ephemeral ones
// are left out: they are a trainee's debugging.
func containersOf(p *corev1.Pod) []container {
	sidecar := map[string]bool{}
	for _, c := range p.Spec.InitContainers {
		sidecar[c.Name] = c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	}
	var all []container
	for _, s := range p.Status.InitContainerStatuses {
		all = append(all, container{ContainerStatus: s, pod: p, runsOnce: !sidecar[s.Name]})
	}
	for _, s := range p.Status.ContainerStatuses {
		all = append(all, container{ContainerStatus: s, pod: p})
	}
	return all
}

// terminations lists the ends of the container that are still on record: now, and the one before.
func (c container) terminations() []corev1.ContainerStateTerminated {
	var ends []corev1.ContainerStateTerminated
	if t := c.State.Terminated; t != nil {
		ends = append(ends, *t)
	}
	if t := c.LastTerminationState.Terminated; t != nil {
		ends = append(ends, *t)
	}
	return ends
}

func (c container) describe(end corev1.ContainerStateTerminated) string {
	at := ""
	if !end.FinishedAt.IsZero() {
		at = " at " + clockTime(end.FinishedAt.Time)
	}
	return fmt.Sprintf("container %s of pod %s ended%s: %s, exit code %d, %d restarts",
		c.Name, c.pod.Name, at, end.Reason, end.ExitCode, c.RestartCount)
}

func clockTime(t time.Time) string { return t.UTC().Format(time.TimeOnly) }

// after says whether a time of the API, which has whole seconds, may lie at or after
// from. In doubt it may: an end in the second in which a hold started counts.
func after(at, from time.Time) bool {
	return !at.IsZero() && !at.Before(from.Truncate(time.Second))
}

// active says that a pod is neither finished nor on its way out.
func active(p *corev1.Pod) bool {
	return p.DeletionTimestamp == nil && p.Status.Phase != corev1.PodFailed && p.Status.Phase != corev1.PodSucceeded
}

func ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
