package traffic

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/drillapp"
	"github.com/firedrill/firedrill/verifier"
)

var _ verifier.Traffic = (*Record)(nil)

// Window sums up the requests sent in [from, to) by the named stream; no name is the
// only stream there is. Percentiles are of good answers. It is an error, never "no
// failures", when a stretch of the window is not in the record: longer than 3 s, or
// than the stream's timeout and a second. Requests of the last seconds may still be
// waiting for their answer: a window that ends a timeout ago is whole.
func (r *Record) Window(ctx context.Context, name string, from, to time.Time) (verifier.TrafficStats, error) {
	if err := ctx.Err(); err != nil {
		return verifier.TrafficStats{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s, err := r.stream(name)
	if err != nil {
		return verifier.TrafficStats{}, err
	}
	entries := s.entries[s.from(from):max(s.from(from), s.from(to))]
	if err := s.covers(entries, from, to); err != nil {
		if r.problem != "" {
			err = fmt.Errorf("%w: %s", err, r.problem)
		}
		return verifier.TrafficStats{}, err
	}
	stats := sumUp(entries)
	stats.Timeout = s.timeout
	return stats, nil
}

func (r *Record) stream(name string) (*stream, error) {
	if name == "" && len(r.streams) == 1 {
		for _, s := range r.streams {
			return s, nil
		}
	}
	if s := r.streams[name]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("no traffic %q in this run: it has %s", name, strings.Join(r.names(), ", "))
}

func (r *Record) names() []string {
	names := make([]string, 0, len(r.streams))
	for name := range r.streams {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// covers looks for a stretch of the window that the record knows nothing of.
func (s *stream) covers(entries []entry, from, to time.Time) error {
	last := from
	for _, e := range entries {
		if e.sent.Sub(last) > s.tolerance {
			return missing(last, e.sent)
		}
		last = e.sent
	}
	if to.Sub(last) <= s.tolerance {
		return nil
	}
	if n := len(s.entries); n > 0 {
		return fmt.Errorf("%w (the newest request on record was sent at %s)",
			missing(last, to), s.entries[n-1].sent.UTC().Format(time.RFC3339))
	}
	return fmt.Errorf("%w (no request is on record)", missing(last, to))
}

func missing(from, to time.Time) error {
	return fmt.Errorf("the users' traffic was not observed from %s to %s",
		from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
}

func sumUp(entries []entry) verifier.TrafficStats {
	stats := verifier.TrafficStats{Sent: len(entries), Errors: map[string]int{}, ByPod: map[string]int{}}
	var good []time.Duration
	for _, e := range entries {
		if e.class == drillapp.ClassOK {
			stats.OK++
			stats.ByPod[e.pod]++
			good = append(good, e.elapsed)
			continue
		}
		stats.Errors[e.class]++
		stats.LastError = e.class
		if e.err != "" {
			stats.LastError += ": " + e.err
		}
	}
	if n := len(entries); n > 0 {
		stats.Latest = entries[n-1].sent
	}
	slices.Sort(good)
	stats.P50, stats.P99 = percentile(good, 50), percentile(good, 99)
	return stats
}

// percentile of sorted durations, by nearest rank; 0 of none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}
