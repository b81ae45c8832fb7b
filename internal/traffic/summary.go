package traffic

import (
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/drillapp"
)

// Summary is what the users of one stream saw in a whole run.
type Summary struct {
	Stream  string         `json:"stream"`
	Sent    int            `json:"sent"`
	Failed  int            `json:"failed"`
	Missing int            `json:"missing"` // sent, but not in the record
	Classes map[string]int `json:"classes"` // requests by class, ok included
	// Percentiles of good answers.
	P50 time.Duration `json:"p50"`
	P95 time.Duration `json:"p95"`
	P99 time.Duration `json:"p99"`
	// LongestOutage is the longest stretch without a good answer that holds a failure.
	LongestOutage Outage `json:"longestOutage"`
	Before        Phase  `json:"before"` // the fault
	During        Phase  `json:"during"` // from the fault to the recovery
	After         Phase  `json:"after"`  // the recovery

	Conns map[string]Phase `json:"conns"` // by ConnNew and ConnReused, of the whole run

	Incident *Incident `json:"incident,omitempty"` // from the page to the verdict; nil: one of them was not, or is long ago

	From        time.Time `json:"from,omitzero"`        // when the first request was sent
	To          time.Time `json:"to,omitzero"`          // when the last one was
	LastFailure time.Time `json:"lastFailure,omitzero"` // when the last one that failed was
	Series      *Series   `json:"series,omitempty"`     // the same over time; nil without requests
}

// Kinds of connections. Half of the requests go over kept ones: those see a server that
// hangs up, the others one that takes no more.
const (
	ConnNew    = "new"
	ConnReused = "reused"
)

// Outage is a stretch between two good answers with a failure between them. Its times
// are when the requests were sent; without a good one on a side, it begins or ends
// with the outermost failure on record.
type Outage struct {
	From     time.Time     `json:"from"`
	To       time.Time     `json:"to"`
	Duration time.Duration `json:"duration"`
	Open     bool          `json:"open"` // no good answer since
}

// Phase is a part of a run.
type Phase struct {
	Sent      int     `json:"sent"`
	Failed    int     `json:"failed"`
	ErrorRate float64 `json:"errorRate"` // failed by sent, 0 when none was sent
	// Percentiles of good answers; 0 when there was none.
	P50 time.Duration `json:"p50"`
	P99 time.Duration `json:"p99"`
}

// Summaries sums up what every stream, by name, sent from Moments.From on: the users of a
// system that is still being deployed see errors that are nobody's.
func (r *Record) Summaries(m Moments) []Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Summary
	for _, name := range r.names() {
		all = append(all, r.streams[name].summary(name, m))
	}
	return all
}

func (s *stream) summary(name string, m Moments) Summary {
	entries := s.entries[s.from(m.From):]
	sum := Summary{Stream: name, Classes: map[string]int{}, LongestOutage: longestOutage(entries), Incident: s.incident(m)}
	sum.Missing = s.missing()
	if n := len(entries); n > 0 {
		sum.From, sum.To = entries[0].sent, entries[n-1].sent
		sum.Series = newSeries(entries)
	}
	var good []time.Duration
	phases := []*Phase{&sum.Before, &sum.During, &sum.After}
	goodIn := make([][]time.Duration, len(phases))
	for _, e := range entries {
		i := phaseAt(e.sent, m.FaultAt, m.RecoveredAt)
		sum.Sent++
		phases[i].Sent++
		sum.Classes[e.class]++
		if e.class == drillapp.ClassOK {
			good, goodIn[i] = append(good, e.elapsed), append(goodIn[i], e.elapsed)
			continue
		}
		sum.Failed++
		phases[i].Failed++
		sum.LastFailure = e.sent
	}
	for i, phase := range phases {
		if phase.Sent > 0 {
			phase.ErrorRate = float64(phase.Failed) / float64(phase.Sent)
		}
		slices.Sort(goodIn[i])
		phase.P50, phase.P99 = percentile(goodIn[i], 50), percentile(goodIn[i], 99)
	}
	sum.Conns = conns(entries)
	slices.Sort(good)
	sum.P50, sum.P95, sum.P99 = percentile(good, 50), percentile(good, 95), percentile(good, 99)
	return sum
}

// missing counts the numbers of a whole run that are not on record. A request of the record's
// last moments may still wait for its answer: it is none.
func (s *stream) missing() int {
	settled, waiting := map[string]uint64{}, map[string]uint64{} // by boot: the last number that counts, and how many are later
	for _, e := range s.entries {
		boot := e.boot.Value()
		if s.entries[len(s.entries)-1].sent.Sub(e.sent) >= s.tolerance {
			settled[boot] = max(settled[boot], e.seq)
		} else if e.seq > settled[boot] {
			waiting[boot]++
		}
	}
	n := 0
	for boot, seen := range s.seqs {
		if late := waiting[boot]; late > 0 {
			seen.last, seen.count = settled[boot], seen.count-late
		}
		if seen.count > 0 {
			n += seen.missing()
		}
	}
	return n
}

// conns sums requests up by the kind of their connection.
func conns(entries []entry) map[string]Phase {
	all, good := map[string]Phase{}, map[string][]time.Duration{}
	for _, e := range entries {
		sum := all[e.conn]
		sum.Sent++
		if e.class == drillapp.ClassOK {
			good[e.conn] = append(good[e.conn], e.elapsed)
		} else {
			sum.Failed++
		}
		all[e.conn] = sum
	}
	for kind, sum := range all {
		slices.Sort(good[kind])
		sum.ErrorRate = float64(sum.Failed) / float64(sum.Sent)
		sum.P50, sum.P99 = percentile(good[kind], 50), percentile(good[kind], 99)
		all[kind] = sum
	}
	return all
}

// phaseAt tells whether a request belongs before (0), during (1) or after (2) the
// incident; a zero time is never.
func phaseAt(sent, faultAt, recoveredAt time.Time) int {
	switch {
	case faultAt.IsZero() || sent.Before(faultAt):
		return 0
	case !recoveredAt.IsZero() && !sent.Before(recoveredAt):
		return 2
	default:
		return 1
	}
}

func longestOutage(entries []entry) Outage {
	var longest, current Outage
	var lastGood time.Time
	failing := false
	for _, e := range entries {
		if e.class != drillapp.ClassOK {
			if !failing {
				current = Outage{From: e.sent, Open: true}
				if !lastGood.IsZero() {
					current.From = lastGood
				}
			}
			failing = true
		}
		if failing {
			current.To, current.Open = e.sent, e.class != drillapp.ClassOK
			current.Duration = current.To.Sub(current.From)
			if current.Duration >= longest.Duration {
				longest = current
			}
		}
		if e.class == drillapp.ClassOK {
			failing, lastGood = false, e.sent
		}
	}
	return longest
}
