package verifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/firedrill/firedrill/internal/scenario"
)

// Aspects that ProbesKept can be narrowed to, so that each way to silence a probe is
// refused by a safeguard of its own.
const (
	probePresence = "presence"
	probeQuestion = "question"
	probePatience = "patience"
)

// ProbesKept is a safeguard: every probe of the baseline is there, asks what it asked, and
// is still heard in time. How often it asks a running container, and how long it leaves a
// starting one alone, are judged apart: a slow boot is a reason for the second only.
type ProbesKept struct {
	workloadRef     `yaml:",inline"`
	Aspect          string            `yaml:"aspect" doc:"What to judge: presence (a probe was removed), question (it asks something else), patience (it is heard too late). Left out: all of it." enum:"presence,question,patience"`
	Factor          float64           `yaml:"factor" doc:"How many times the baseline's time to fail is still a probe; two minutes always are." default:"4" min:"1"`
	MaxInitialDelay scenario.Duration `yaml:"maxInitialDelay" doc:"Longest initialDelaySeconds that is still a repair, if the baseline's is not longer." default:"2m" min:"1s"`
	MaxStartup      scenario.Duration `yaml:"maxStartup" doc:"Longest time that a startupProbe may leave a container that never starts." default:"5m" min:"1s"`
}

// Observe reads the workload.
func (c *ProbesKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(was WorkloadState, now *workload) (Observation, error) {
		served, err := c.passed(ctx, t, now)
		if err != nil {
			return Observation{}, err
		}
		kept := 0
		for _, name := range slices.Sorted(maps.Keys(was.Containers)) {
			before := was.Containers[name]
			present, found := templateContainer(now.template.Spec, name)
			if !found {
				return c.renamed(name), nil
			}
			for _, p := range probePairs(before, present) {
				if p.was == nil {
					continue
				}
				kept++
				if reason := c.weakened(p, before.Ports, present.Ports, served); reason != "" {
					return Observation{
						Reason:   fmt.Sprintf("the %s probe of container %s %s", p.kind, name, reason),
						Evidence: fmt.Sprintf("at the baseline: %s; now: %s", probeText(p.was), probeText(p.now)),
					}, nil
				}
			}
			if reason := c.neverStarted(before.Startup, present.StartupProbe); reason != "" {
				return Observation{Reason: fmt.Sprintf("the startup probe of container %s %s", name, reason), Evidence: probeText(present.StartupProbe)}, nil
			}
		}
		if kept == 0 {
			return Observation{}, errors.New("the baseline of " + c.key() + " has no probes: nothing to keep")
		}
		return Observation{Passed: true, Reason: c.key() + " keeps its probes", Evidence: fmt.Sprintf("%d probes", kept)}, nil
	})
}

func (c *ProbesKept) judges(aspect string) bool { return c.Aspect == "" || c.Aspect == aspect }

// renamed is the observation of a container that is gone, and its probes with it.
func (c *ProbesKept) renamed(name string) Observation {
	return Observation{
		Passed: !c.judges(probePresence), Reason: fmt.Sprintf("%s has no container %s any more", c.key(), name),
	}
}

type probePair struct {
	kind     string
	was, now *corev1.Probe
}

func probePairs(was ContainerState, now corev1.Container) []probePair {
	return []probePair{
		{"liveness", was.Liveness, now.LivenessProbe},
		{"readiness", was.Readiness, now.ReadinessProbe},
		{"startup", was.Startup, now.StartupProbe},
	}
}

func templateContainer(spec corev1.PodSpec, name string) (corev1.Container, bool) {
	for _, c := range slices.Concat(spec.Containers, spec.InitContainers) {
		if c.Name == name {
			return c, true
		}
	}
	return corev1.Container{}, false
}

// passed says whether a pod of the workload passes its probes now.
func (c *ProbesKept) passed(ctx context.Context, t *Target, w *workload) (bool, error) {
	pods, err := t.selected(ctx, w.selector)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(pods, func(p corev1.Pod) bool { return active(&p) && ready(&p) }), nil
}

// weakened says in what way a probe asks less than it did; empty when it does not. A probe
// that asks at another port, where nobody answers it, is a fault and no way around one:
// served says whether somebody does.
func (c *ProbesKept) weakened(p probePair, had map[string]int32, has []corev1.ContainerPort, served bool) string {
	var asks difference
	if p.now != nil && c.judges(probeQuestion) {
		asks = compareQuestions(p.was.ProbeHandler, p.now.ProbeHandler, had, portsByName(has))
	}
	switch {
	case p.now == nil && c.judges(probePresence):
		return "was removed"
	case p.now == nil:
		return ""
	case asks == otherQuestion:
		return "asks something else than before"
	case asks == otherPort && served:
		return "asks something else than before: at another port, where somebody answers"
	case c.judges(probePatience):
		return c.deaf(p.was, p.now)
	}
	return ""
}

const (
	defaultMaxDelay   = 120
	defaultMaxStartup = 300
	// soonEnough is a time to fail, in seconds, that is never called deaf, however quick
	// the baseline's probe was: a slow start, or a pause for the garbage, is a reason for one
	// of a minute or two.
	soonEnough = 120
)

// deaf says why a probe would be heard too late; empty when it would not.
func (c *ProbesKept) deaf(was, now *corev1.Probe) string {
	delay := max(orSeconds(c.MaxInitialDelay, defaultMaxDelay), int64(was.InitialDelaySeconds))
	switch {
	case secondsToFail(now) > c.longest(was, soonEnough):
		return fmt.Sprintf("gives up after %d s instead of %d s: it would never be heard", secondsToFail(now), secondsToFail(was))
	case int64(now.InitialDelaySeconds) > delay:
		return fmt.Sprintf("asks nothing in the first %d s of a container: it would never be heard", now.InitialDelaySeconds)
	}
	return ""
}

// neverStarted says why a startup probe, one that was added as well, keeps the others
// silent for too long; empty when it does not.
func (c *ProbesKept) neverStarted(was, now *corev1.Probe) string {
	if now == nil || !c.judges(probePatience) {
		return ""
	}
	limit := orSeconds(c.MaxStartup, defaultMaxStartup)
	if was != nil {
		limit = max(limit, int64(was.InitialDelaySeconds)+c.longest(was, limit))
	}
	if took := int64(now.InitialDelaySeconds) + secondsToFail(now); took > limit {
		return fmt.Sprintf("gives a container %d s to start, and nobody asks it anything else before: more than %d s", took, limit)
	}
	return ""
}

// longest is the time to fail that is still a probe's.
func (c *ProbesKept) longest(was *corev1.Probe, least int64) int64 {
	factor := c.Factor
	if factor < 1 {
		factor = 4
	}
	return max(int64(factor*float64(secondsToFail(was))), least)
}

func orSeconds(d scenario.Duration, fallback int64) int64 {
	if d <= 0 {
		return fallback
	}
	return int64(d.Std().Seconds())
}
