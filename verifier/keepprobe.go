package verifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
)

// ProbesKept is a safeguard: every probe of the baseline is there, asks what it asked, and
// still gives up within a few times the time it gave up in.
type ProbesKept struct {
	workloadRef `yaml:",inline"`
	Factor      float64 `yaml:"factor" doc:"How many times the baseline's time to fail is still a probe." default:"4" min:"1"`
}

// Observe reads the workload.
func (c *ProbesKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(was WorkloadState, now *workload) (Observation, error) {
		kept := 0
		for _, name := range slices.Sorted(maps.Keys(was.Containers)) {
			present, found := templateContainer(now.template.Spec, name)
			if !found {
				return Observation{Reason: fmt.Sprintf("%s has no container %s any more", c.key(), name)}, nil
			}
			for _, p := range probePairs(was.Containers[name], present) {
				if p.was == nil {
					continue
				}
				kept++
				if reason := c.weakened(p.was, p.now); reason != "" {
					return Observation{
						Reason:   fmt.Sprintf("the %s probe of container %s %s", p.kind, name, reason),
						Evidence: fmt.Sprintf("at the baseline: %s; now: %s", probeText(p.was), probeText(p.now)),
					}, nil
				}
			}
		}
		if kept == 0 {
			return Observation{}, errors.New("the baseline of " + c.key() + " has no probes: nothing to keep")
		}
		return Observation{Passed: true, Reason: c.key() + " keeps its probes", Evidence: fmt.Sprintf("%d probes", kept)}, nil
	})
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

// weakened says in what way a probe asks less than it did; empty when it does not.
func (c *ProbesKept) weakened(was, now *corev1.Probe) string {
	factor := c.Factor
	if factor < 1 {
		factor = 4
	}
	switch {
	case now == nil:
		return "was removed"
	case !apiequality.Semantic.DeepEqual(was.ProbeHandler, now.ProbeHandler):
		return "asks something else than before"
	case float64(secondsToFail(now)) > factor*float64(secondsToFail(was)):
		return fmt.Sprintf("gives up after %d s instead of %d s: it would never be heard", secondsToFail(now), secondsToFail(was))
	}
	return ""
}

// secondsToFail is how long a container that never answers goes unnoticed, with the
// API's defaults for what is not set (period 10 s, threshold 3).
func secondsToFail(p *corev1.Probe) int64 {
	period, threshold := p.PeriodSeconds, p.FailureThreshold
	if period <= 0 {
		period = 10
	}
	if threshold <= 0 {
		threshold = 3
	}
	return int64(p.InitialDelaySeconds) + int64(period)*int64(threshold)
}

func probeText(p *corev1.Probe) string {
	if p == nil {
		return "none"
	}
	handler := "none"
	switch h := p.ProbeHandler; {
	case h.HTTPGet != nil:
		handler = fmt.Sprintf("GET %s on port %s", h.HTTPGet.Path, h.HTTPGet.Port.String())
	case h.TCPSocket != nil:
		handler = "TCP on port " + h.TCPSocket.Port.String()
	case h.Exec != nil:
		handler = fmt.Sprintf("command %v", h.Exec.Command)
	case h.GRPC != nil:
		handler = fmt.Sprintf("gRPC on port %d", h.GRPC.Port)
	}
	return fmt.Sprintf("%s, gives up after %d s", handler, secondsToFail(p))
}
