package verifier

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// LeakNotFed is a safeguard: a version whose memory was seen to grow with every request is
// not given more of it, by a higher limit or by more pods. Once a version was
// measured it stays known as leaking: its next restart does not make it another one.
type LeakNotFed struct {
	limitRef  `yaml:",inline"`
	growthRef `yaml:",inline"`
}

// Observe reads the workload and asks its ready pods for their metrics.
func (c *LeakNotFed) Observe(ctx context.Context, t *Target) (Observation, error) {
	if t.memory == nil {
		return Observation{}, errors.New("one look says nothing about growth")
	}
	return c.compare(ctx, t, func(was WorkloadState, now *workload) (Observation, error) {
		pods, err := t.selected(ctx, now.selector)
		if err != nil {
			return Observation{}, err
		}
		image, found := imageIn(now.template.Spec, c.Container)
		if !found {
			return Observation{Passed: true, Reason: fmt.Sprintf("%s has no container %s any more: there is nothing to compare", c.key(), c.Container)}, nil
		}
		flat, unseen := c.learn(ctx, t, pods, image)
		fed := c.fed(was, now)
		evidence, leaks := t.memory.leak(image)
		switch {
		case fed == "":
			return Observation{Passed: true, Reason: c.key() + " was given no more memory than it had", Evidence: evidence}, nil
		case leaks:
			return Observation{Reason: fmt.Sprintf("%s, and the memory of %s grows with every request", fed, image), Evidence: evidence}, nil
		case flat == 0:
			return Observation{}, errors.Join(fmt.Errorf("%s, and whether %s leaks is not known yet", fed, image), unseen)
		}
		return Observation{Passed: true, Reason: fed + ", and its memory does not grow", Evidence: fmt.Sprintf("%d pods were measured", flat)}, nil
	})
}

// learn measures the pods, keeps in mind which images leak, and counts the pods of the
// workload's own image that do not.
func (c *LeakNotFed) learn(ctx context.Context, t *Target, pods []corev1.Pod, image string) (flat int, unseen error) {
	for i := range pods {
		p := &pods[i]
		if !active(p) || !ready(p) {
			continue
		}
		runs, _ := imageIn(p.Spec, c.Container)
		g, err := c.measure(ctx, t, p)
		switch {
		case err != nil:
			unseen = err
		case g.leaks:
			t.memory.leaked(runs, g.String())
		case runs == image:
			flat++
		}
	}
	return flat, unseen
}

// fed says in what way the workload was given more memory; empty when it was not. A limit
// that is gone is LimitKept's to refuse.
func (c *LeakNotFed) fed(was WorkloadState, now *workload) string {
	before, had := was.Containers[c.Container].Limits[c.resource()]
	limit, set, _ := limitIn(now.template.Spec, c.Container, c.resource())
	switch {
	case had && set && limit.Cmp(before) > 0:
		return fmt.Sprintf("the %s limit of %s was raised from %s to %s", c.resource(), c.key(), before.String(), limit.String())
	case now.wanted > was.Replicas:
		return fmt.Sprintf("%s was scaled from %d to %d", c.key(), was.Replicas, now.wanted)
	}
	return ""
}

// leaked keeps in mind that an image leaks.
func (m *memory) leaked(image, evidence string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leaks == nil {
		m.leaks = map[string]string{}
	}
	m.leaks[image] = evidence
}

// leak is the evidence that an image leaks; false when there is none.
func (m *memory) leak(image string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	evidence, known := m.leaks[image]
	return evidence, known
}
