package traffic

import (
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/drillapp"
)

// A failed request is isolated when the requests around it, from isolatedWithin before to
// isolatedWithin after, hold no other failure, or failures of isolatedShare of them at
// most: the ratio above which the pages of the drills are sent.
const (
	isolatedWithin = 5 * time.Second
	isolatedShare  = 0.05
)

// Moments are the times of a run that a summary is split at; a zero one is never.
type Moments struct {
	From        time.Time // since when the requests are those of the healthy system
	FaultAt     time.Time // when the first fault was injected
	PagedAt     time.Time // when the trainee was paged
	RecoveredAt time.Time // when the system was recovered
	DecidedAt   time.Time // when the verdict fell
	Disturbed   []Span    // when the referee disturbed the system, which stood it, to prove the recovery
}

// Span is a stretch of time.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Incident is what the users of a stream saw from the page to the verdict, both included:
// what the trainee answers for. So what failed while the referee disturbed the system, and
// the system stood it, is counted apart: Failed, the outage and ServedAt are without it.
type Incident struct {
	From          time.Time `json:"from"`
	To            time.Time `json:"to"`
	Sent          int       `json:"sent"`
	Failed        int       `json:"failed"`
	Missing       int       `json:"missing"`             // sent, but not in the record
	Disturbed     int       `json:"disturbed,omitempty"` // failed while the referee disturbed the system
	LongestOutage Outage    `json:"longestOutage"`
	Unseen        []Span    `json:"unseen,omitempty"`  // stretches that the record knows nothing of
	Failing       bool      `json:"failing"`           // some failures were not isolated
	ServedAt      time.Time `json:"servedAt,omitzero"` // first good answer after the last of those; zero: none
}

// incident sums up a stream between the page and the verdict; nil before there are both,
// and when requests of that time are in memory no more.
func (s *stream) incident(m Moments) *Incident {
	from, to := m.PagedAt, m.DecidedAt
	if from.IsZero() || to.IsZero() || from.Before(s.droppedTo) {
		return nil
	}
	entries := s.entries[s.from(from):max(s.from(from), s.from(to.Add(1)))]
	in := &Incident{From: from, To: to, Sent: len(entries), Missing: s.missingOf(entries), Unseen: s.unseen(entries, from, to)}
	own := make([]entry, 0, len(entries)) // what the trainee answers for
	for _, e := range entries {
		switch failed := e.class != drillapp.ClassOK; {
		case failed && m.disturbed(e.sent):
			in.Disturbed++
			continue
		case failed:
			in.Failed++
		}
		own = append(own, e)
	}
	in.LongestOutage = longestOutage(own)
	in.Failing, in.ServedAt = served(own)
	return in
}

// disturbed tells whether the referee disturbed the system then.
func (m Moments) disturbed(at time.Time) bool {
	return slices.ContainsFunc(m.Disturbed, func(s Span) bool { return !at.Before(s.From) && !at.After(s.To) })
}

// missingOf counts the numbers that are left out between a boot's first and last request of
// some. A request of the record's last moments may still wait for its answer: it is none.
func (s *stream) missingOf(entries []entry) int {
	if len(s.entries) == 0 {
		return 0
	}
	newest := s.entries[len(s.entries)-1].sent
	seqs := map[string]span{}
	for _, e := range entries {
		if newest.Sub(e.sent) >= s.tolerance {
			seqs[e.boot.Value()] = seqs[e.boot.Value()].with(e.seq)
		}
	}
	n := 0
	for _, seen := range seqs {
		n += seen.missing()
	}
	return n
}

// unseen are the stretches without a request that are longer than the record tolerates.
func (s *stream) unseen(entries []entry, from, to time.Time) []Span {
	var all []Span
	last := from
	add := func(next time.Time) {
		if next.Sub(last) > s.tolerance {
			all = append(all, Span{From: last, To: next})
		}
		last = next
	}
	for _, e := range entries {
		add(e.sent)
	}
	add(to)
	return all
}

// served tells whether any failure was not isolated, and when the first good answer after
// the last of those was asked for.
func served(entries []entry) (failing bool, at time.Time) {
	failed := make([]int, len(entries)+1) // failed[i]: of the first i
	for i, e := range entries {
		failed[i+1] = failed[i]
		if e.class != drillapp.ClassOK {
			failed[i+1]++
		}
	}
	first, end := 0, 0 // of the requests around one
	for _, e := range entries {
		for e.sent.Sub(entries[first].sent) > isolatedWithin {
			first++
		}
		for end < len(entries) && entries[end].sent.Sub(e.sent) <= isolatedWithin {
			end++
		}
		around := failed[end] - failed[first]
		switch {
		case e.class == drillapp.ClassOK:
			if failing && at.IsZero() {
				at = e.sent
			}
		case around > 1 && float64(around) > isolatedShare*float64(end-first):
			failing, at = true, time.Time{}
		}
	}
	return failing, at
}
