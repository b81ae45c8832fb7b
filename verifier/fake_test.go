package verifier

import (
	"context"
	"sync"
	"time"
)

// Func is a check made of a function.
type Func func(ctx context.Context, t *Target) (Observation, error)

func (f Func) Observe(ctx context.Context, t *Target) (Observation, error) { return f(ctx, t) }

// PerturbFunc is a perturbation made of a function.
type PerturbFunc func(ctx context.Context, t *Target) (string, error)

func (f PerturbFunc) Perturb(ctx context.Context, t *Target) (string, error) { return f(ctx, t) }

// switchCheck is a check that a test turns on and off.
type switchCheck struct {
	mu   sync.Mutex
	now  Observation
	err  error
	seen []time.Time // Since of every look
}

func (s *switchCheck) set(passed bool, reason string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.err = Observation{Passed: passed, Reason: reason}, err
}

func (s *switchCheck) Observe(_ context.Context, t *Target) (Observation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, t.Since)
	return s.now, s.err
}

// fakeNodes answers commands in nodes.
type fakeNodes func(node string, command ...string) (string, error)

func (f fakeNodes) Run(_ context.Context, node string, command ...string) (string, error) {
	return f(node, command...)
}

// fakeTraffic is a prober's record.
type fakeTraffic func(stream string, from, to time.Time) (TrafficStats, error)

func (f fakeTraffic) Window(_ context.Context, stream string, from, to time.Time) (TrafficStats, error) {
	return f(stream, from, to)
}
