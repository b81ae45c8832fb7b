package verifier

import (
	"maps"
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
	twice  map[string]twiceSeen  // of a table in a pod
	apart  map[string]lacksSeen  // of a table

	calm   string    // a node that no drill breaks
	calmAt time.Time // when it was looked for
}

// calmCounts is how long a node that no drill breaks is taken for one.
const calmCounts = time.Minute

// calmNode is the node that was found lately, or is found now.
func (m *memory) calmNode(now time.Time, find func() (string, error)) (string, error) {
	if m == nil {
		return find()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calm != "" && now.Sub(m.calmAt) < calmCounts {
		return m.calm, nil
	}
	node, err := find()
	m.calm, m.calmAt = node, now
	return node, err
}

// lacksSeen is since when, by the referee's clock, a database has not had a row that another
// one behind the same Service has: by the database's life, then by row.
type lacksSeen map[string]map[string]time.Time

// twiceSeen is since when values were given twice, by the database's clock in seconds.
type twiceSeen struct {
	since  int64
	stands bool // for too long: it is over only when no row since then shares one
}

// rowsSeen is what a table held when it was last read.
type rowsSeen struct {
	owner, lives string          // whose pods have it, and which ones
	rows, lost   map[string]bool // lost: those that the pods before these had, and these have not
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
	m.leases, m.asked, m.apart = nil, nil, nil
}

// lostRows notes a table's rows, and returns how many of those that the same owner's pods
// before these had are not there. One that comes back is not lost.
func (m *memory) lostRows(key, owner, lives string, rows map[string]bool) int {
	if m == nil {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := m.rows[key]
	if seen.owner != owner {
		seen = rowsSeen{owner: owner, lives: lives}
	}
	lost := map[string]bool{}
	if seen.lives != lives {
		maps.Copy(lost, seen.rows)
	}
	maps.Copy(lost, seen.lost)
	maps.DeleteFunc(lost, func(row string, _ bool) bool { return rows[row] })
	if m.rows == nil {
		m.rows = map[string]rowsSeen{}
	}
	m.rows[key] = rowsSeen{owner: owner, lives: lives, rows: rows, lost: lost}
	return len(lost)
}

// twiceSince is since when values were given twice for too long; stands is false when not.
func (m *memory) twiceSince(key string) (since int64, stands bool) {
	if m == nil {
		return 0, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := m.twice[key]
	return seen.since, seen.stands
}

// noteTwice notes whether values are given twice, at a time of the database's.
func (m *memory) noteTwice(key string, twice bool, clock int64, long time.Duration) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !twice {
		delete(m.twice, key)
		return
	}
	seen, known := m.twice[key]
	if !known {
		seen.since = clock
	}
	seen.stands = seen.stands || clock-seen.since >= int64(long.Seconds())
	if m.twice == nil {
		m.twice = map[string]twiceSeen{}
	}
	m.twice[key] = seen
}

// lacking notes which rows of a table each database lacks, by its life, and returns how many
// of them each has lacked for long.
func (m *memory) lacking(key string, rows map[string][]string, now time.Time, long time.Duration) map[string]int {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	seen, late := lacksSeen{}, map[string]int{}
	for life, lacks := range rows {
		seen[life] = map[string]time.Time{}
		for _, row := range lacks {
			since, known := m.apart[key][life][row]
			if !known {
				since = now
			}
			seen[life][row] = since
			if now.Sub(since) >= long {
				late[life]++
			}
		}
	}
	if m.apart == nil {
		m.apart = map[string]lacksSeen{}
	}
	m.apart[key] = seen
	return late
}
