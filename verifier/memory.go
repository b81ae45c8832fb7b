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
	rows   map[string]rowsSeen   // of a table
}

// rowsSeen is what a table held when it was last read.
type rowsSeen struct {
	owner, lives string // whose pods have it, and which ones
	rows         map[string]bool
	lost         int // rows that the pods before these had, and these did not
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

// lostRows notes a table's rows, and returns how many of those that the same owner's pods
// before these had were not there any more. It stands for as long as these pods do.
func (m *memory) lostRows(key, owner, lives string, rows map[string]bool) int {
	if m == nil {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := m.rows[key]
	switch {
	case seen.owner != owner:
		seen = rowsSeen{owner: owner}
	case seen.lives != lives:
		seen.lost = 0
		for row := range seen.rows {
			if !rows[row] {
				seen.lost++
			}
		}
	}
	seen.lives, seen.rows = lives, rows
	if m.rows == nil {
		m.rows = map[string]rowsSeen{}
	}
	m.rows[key] = seen
	return seen.lost
}
