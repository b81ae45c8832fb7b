package verifier

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// reasonKilling is the reason of the kubelet's event when it ends a container.
const reasonKilling = "Killing"

// longEnd is how long a container may take to end without anybody asking after it: then its
// end is seen within one look back of noRestarts, a settling and a hold. It is Kubernetes'
// default grace period.
const longEnd = 30 * time.Second

// killing says which running container the kubelet has given up already: a preStop hook, or a
// long grace period, lets it look well until it is killed all the same.
func (t *Target) killing(ctx context.Context, pods []corev1.Pod) (string, error) {
	for i := range pods {
		p := &pods[i]
		for _, c := range containersOf(p) {
			if !active(p) || c.State.Running == nil || !endsSlowly(p.Spec, c.Name) {
				continue
			}
			list, err := t.events(ctx)
			if err != nil {
				return "", err
			}
			for j := range list {
				e := &list[j]
				if e.InvolvedObject.UID == p.UID && e.Reason == reasonKilling && e.InvolvedObject.FieldPath == "spec.containers{"+c.Name+"}" &&
					eventTime(e).After(c.State.Running.StartedAt.Time) {
					return fmt.Sprintf("container %s of pod %s is being ended: %s (at %s)", c.Name, p.Name, e.Message, clockTime(eventTime(e))), nil
				}
			}
		}
	}
	return "", nil
}

// endsSlowly tells whether a container has a hook before its end, or more time for it than longEnd.
func endsSlowly(spec corev1.PodSpec, name string) bool {
	c, found := templateContainer(spec, name)
	if !found {
		return false
	}
	long := func(seconds *int64) bool { return seconds != nil && time.Duration(*seconds)*time.Second > longEnd }
	for _, probe := range []*corev1.Probe{c.LivenessProbe, c.StartupProbe} {
		if probe != nil && long(probe.TerminationGracePeriodSeconds) {
			return true
		}
	}
	return long(spec.TerminationGracePeriodSeconds) || c.Lifecycle != nil && c.Lifecycle.PreStop != nil
}
