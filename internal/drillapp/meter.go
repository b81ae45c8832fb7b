package drillapp

import (
	"math/rand/v2"
	"sync"
	"time"
)

// meter keeps a process at so much CPU time a request, all that it does beside included: what
// serving, probes and the collector have used since the request before is not used again. They
// are a part of each pod, so that the same users would be more work for more pods: an
// autoscaler between two numbers of replicas would never stand still.
type meter struct {
	perRequest time.Duration
	used       func() time.Duration // CPU time so far
	spin       func()               // uses a little

	mu  sync.Mutex
	due time.Duration // what all requests so far may have used
}

func newMeter(perRequest time.Duration) *meter {
	return &meter{perRequest: perRequest, used: processTime, spin: func() {
		for range 1000 {
			_ = rand.Uint64() //nolint:gosec // work, not a secret
		}
	}}
}

const (
	// patience is how many times a request's CPU time it is waited for by the clock, so that a
	// throttled container slows down in place of standing still.
	patience = 50
	// absorbed is how many requests' time may have been used up beforehand: a start's is more,
	// and would leave the first requests after it without work.
	absorbed = 4
)

// request uses what is left of one request's CPU time.
func (m *meter) request() {
	due, begun := m.next(), time.Now()
	for m.used() < due {
		if time.Since(begun) >= patience*m.perRequest {
			m.forgive()
			return
		}
		m.spin()
	}
}

func (m *meter) next() time.Duration {
	used := m.used()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due = max(m.due, used-absorbed*m.perRequest) + m.perRequest
	return m.due
}

// forgive leaves the next requests nothing to make up for.
func (m *meter) forgive() {
	used := m.used()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due = min(m.due, used)
}
