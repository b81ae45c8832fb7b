package verifier

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/firedrill/firedrill/internal/scenario"
)

// defaultQuiet is how far NoRestarts looks back outside of a hold.
const defaultQuiet = 15 * time.Second

// NoRestarts passes while no container of the pods has ended: since the hold began, or
// over the window outside of one. It reads what the kubelet keeps of a container's last
// end, so a kill and a quick restart between two looks do not escape it. Times are the
// node's; what a skewed clock hides, the Runner's own watch on the pods still sees. One that
// the kubelet has given up, and that runs on for its preStop hook or its grace period, fails too.
type NoRestarts struct {
	podSelector `yaml:",inline"`
	Window      scenario.Duration `yaml:"window" doc:"How far to look back outside of a hold." default:"15s" min:"1s"`
}

// Observe reads the pods' container statuses.
func (c *NoRestarts) Observe(ctx context.Context, t *Target) (Observation, error) {
	selector, err := c.parse()
	if err != nil {
		return Observation{}, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return Observation{}, err
	}
	from := t.Since
	if from.IsZero() {
		window := c.Window.Std()
		if window <= 0 {
			window = defaultQuiet
		}
		from = t.Now().Add(-window)
	}
	var evidence string
	running := 0
	for i := range pods {
		p := &pods[i]
		if p.DeletionTimestamp != nil {
			continue // a pod on its way out ends its containers; whether it may go is the Runner's to judge
		}
		for _, one := range containersOf(p) {
			if reason := one.restless(from); reason != "" {
				return Observation{Reason: reason, Evidence: podLine(p)}, nil
			}
		}
		if active(p) {
			running++
			evidence += podLine(p) + "; "
		}
	}
	if reason, err := t.killing(ctx, pods); err != nil || reason != "" {
		return Observation{Reason: reason, Evidence: evidence}, err
	}
	if running == 0 {
		return Observation{Reason: fmt.Sprintf("no pod matches %s: nothing runs", c.Selector)}, nil
	}
	return Observation{
		Passed: true, Evidence: evidence + "since " + clockTime(from),
		Reason: fmt.Sprintf("no container of %d pods ended", running),
	}, nil
}

// restless says how a container ended after from, or that it is not running now.
func (c container) restless(from time.Time) string {
	if w := c.State.Waiting; w != nil && w.Reason == reasonCrashLoop {
		return fmt.Sprintf("container %s of pod %s is in %s, %d restarts", c.Name, c.pod.Name, w.Reason, c.RestartCount)
	}
	for _, end := range c.terminations() {
		if c.runsOnce && end.ExitCode == 0 {
			continue
		}
		if after(end.FinishedAt.Time, from) {
			return c.describe(end)
		}
	}
	if end := c.State.Terminated; end != nil && !c.runsOnce && active(c.pod) {
		return c.describe(*end)
	}
	// The kubelet may have lost the record of the end, but not that it started another one.
	if r := c.State.Running; r != nil && c.RestartCount > 0 && after(r.StartedAt.Time, from) {
		return fmt.Sprintf("container %s of pod %s was started again at %s, %d restarts",
			c.Name, c.pod.Name, clockTime(r.StartedAt.Time), c.RestartCount)
	}
	return ""
}

// ContainerTerminated passes once a container of the pods was ended for the reason, since the
// fault. It finds the end in the container's state or, between two restarts, in its last state.
type ContainerTerminated struct {
	podSelector `yaml:",inline"`
	Reason      string `yaml:"reason" doc:"The reason that the kubelet gives: OOMKilled, Error, Completed." required:"true"`
	ExitCode    int    `yaml:"exitCode" doc:"The container's exit code; 0: any." min:"0" max:"255"`
	MinRestarts int    `yaml:"minRestarts" doc:"How often the container was restarted, at least." min:"0"`
}

// Observe reads the pods' container statuses.
func (c *ContainerTerminated) Observe(ctx context.Context, t *Target) (Observation, error) {
	selector, err := c.parse()
	if err != nil {
		return Observation{}, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return Observation{}, err
	}
	seen := ""
	for i := range pods {
		for _, one := range containersOf(&pods[i]) {
			for _, end := range one.terminations() {
				if c.matches(one, end, t.FaultAt) {
					return Observation{Passed: true, Reason: one.describe(end), Evidence: podLine(&pods[i])}, nil
				}
				seen = "; seen: " + one.describe(end)
			}
		}
	}
	return Observation{
		Reason:   fmt.Sprintf("no container of the pods %s ended with %s%s", c.Selector, c.wanted(), seen),
		Evidence: withPods(fmt.Sprintf("%d pods", len(pods)), pods),
	}, nil
}

func (c *ContainerTerminated) matches(one container, end corev1.ContainerStateTerminated, faultAt time.Time) bool {
	return end.Reason == c.Reason &&
		(c.ExitCode == 0 || int(end.ExitCode) == c.ExitCode) &&
		int(one.RestartCount) >= c.MinRestarts &&
		(faultAt.IsZero() || after(end.FinishedAt.Time, faultAt))
}

func (c *ContainerTerminated) wanted() string {
	text := c.Reason
	if c.ExitCode != 0 {
		text += fmt.Sprintf(" and exit code %d", c.ExitCode)
	}
	if c.MinRestarts > 0 {
		text += fmt.Sprintf(" after %d restarts", c.MinRestarts)
	}
	return text
}
