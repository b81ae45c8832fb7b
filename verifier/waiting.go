package verifier

import (
	"context"
	"fmt"
)

// ContainerWaiting passes while a container of the pods cannot start, for the reason.
type ContainerWaiting struct {
	podSelector `yaml:",inline"`
	Reason      string `yaml:"reason" doc:"The waiting reason: CrashLoopBackOff, ImagePullBackOff, CreateContainerConfigError." required:"true"`
}

// Observe reads the pods' container statuses.
func (c *ContainerWaiting) Observe(ctx context.Context, t *Target) (Observation, error) {
	selector, err := c.parse()
	if err != nil {
		return Observation{}, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return Observation{}, err
	}
	for i := range pods {
		for _, one := range containersOf(&pods[i]) {
			w := one.State.Waiting
			if w == nil || !sameWait(w.Reason, c.Reason) {
				continue
			}
			return Observation{
				Passed: true, Evidence: w.Message,
				Reason: fmt.Sprintf("container %s of pod %s waits: %s", one.Name, one.pod.Name, w.Reason),
			}, nil
		}
	}
	return Observation{
		Reason:   fmt.Sprintf("no container of the pods %s waits with %s", c.Selector, c.Reason),
		Evidence: withPods(fmt.Sprintf("%d pods", len(pods)), pods),
	}, nil
}

// sameWait holds ErrImagePull for ImagePullBackOff: the kubelet shows them in turn.
func sameWait(got, want string) bool {
	if got == want {
		return true
	}
	return want == reasonImageBackOff && got == reasonErrImagePull
}
