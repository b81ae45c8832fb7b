package verifier

import (
	"context"
	"fmt"
	"regexp"
)

// ContainerWaiting passes while a container of the pods cannot start, for the reason.
type ContainerWaiting struct {
	podSelector `yaml:",inline"`
	Reason      string `yaml:"reason" doc:"The waiting reason: CrashLoopBackOff, ImagePullBackOff, CreateContainerConfigError." required:"true"`
	Message     string `yaml:"message" doc:"Regular expression that the reason's message matches; left out: any message."`
}

// Validate refuses a selector or a pattern that does not parse.
func (c *ContainerWaiting) Validate() error {
	if _, err := regexp.Compile(c.Message); err != nil {
		return fmt.Errorf("message: %w", err)
	}
	return c.podSelector.Validate()
}

// Observe reads the pods' container statuses.
func (c *ContainerWaiting) Observe(ctx context.Context, t *Target) (Observation, error) {
	selector, err := c.parse()
	if err != nil {
		return Observation{}, err
	}
	message, err := regexp.Compile(c.Message)
	if err != nil {
		return Observation{}, fmt.Errorf("message: %w", err)
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return Observation{}, err
	}
	other := ""
	for i := range pods {
		for _, one := range containersOf(&pods[i]) {
			w := one.State.Waiting
			if w == nil || !sameWait(w.Reason, c.Reason) {
				continue
			}
			if !message.MatchString(w.Message) {
				other = "; it waits for another cause: " + w.Message
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
		Evidence: withPods(fmt.Sprintf("%d pods", len(pods)), pods) + other,
	}, nil
}

// sameWait holds ErrImagePull for ImagePullBackOff: the kubelet shows them in turn.
func sameWait(got, want string) bool {
	if got == want {
		return true
	}
	return want == reasonImageBackOff && got == reasonErrImagePull
}
