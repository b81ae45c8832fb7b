package verifier

import (
	"sync"
	"time"
)

// memory is what the rounds of one Watch or Until remember of each other.
type memory struct {
	mu     sync.Mutex
	leases map[string]leaseSeen
	asked  map[string]*questions // by the life of a database
	usages map[string][]usage    // of a pod's memory, by the life of its containers
	leaks  map[string]string     // by image: how it was seen to leak
}

// leaseSeen is when a node's Lease was first looked at, and when it last moved: by the
// referee's own clock, so that a node whose clock is off is judged as well.
type leaseSeen struct {
	renewed      time.Time // the Lease's renewTime, by the node's clock
	first, moved time.Time // by the referee's clock; moved is zero until it was seen to move
}

// lease notes a Lease's renewTime as seen now, and returns all that is known of it.
func (m *memory) lease(node string, renewed, now time.Time) leaseSeen {
	if m == nil {
		return leaseSeen{renewed: renewed, first: now}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	seen, known := m.leases[node]
	switch {
	case !known:
		seen = leaseSeen{renewed: renewed, first: now}
	case !renewed.Equal(seen.renewed):
		seen.renewed, seen.moved = renewed, now
	}
	if m.leases == nil {
		m.leases = map[string]leaseSeen{}
	}
	m.leases[node] = seen
	return seen
}

// forget drops the times: after a gap, those of before say nothing about now. What was
// measured by requests, and not by times, stays true.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leases, m.asked = nil, nil
}
