package traffic

import (
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/drillapp"
)

// maxBuckets bounds a series: what a chart shows, and what a journal holds of it.
const maxBuckets = 240

// Series is what the users of one stream saw over time.
type Series struct {
	Interval time.Duration `json:"interval"`
	Buckets  []Bucket      `json:"buckets"` // in order; an interval without a request has none
}

// Bucket is one interval of a series.
type Bucket struct {
	At     time.Time     `json:"at"` // its start: a whole multiple of the interval
	Sent   int           `json:"sent"`
	Failed int           `json:"failed"`
	P99    time.Duration `json:"p99"` // of good answers; 0 when there was none
}

// newSeries sums up entries, which are in order of sending and at least one, in at most
// maxBuckets equal intervals of a length that a person would choose.
func newSeries(entries []entry) *Series {
	s := &Series{Interval: interval(entries[len(entries)-1].sent.Sub(entries[0].sent))}
	var good []time.Duration
	last := func() *Bucket { return &s.Buckets[len(s.Buckets)-1] }
	finish := func() {
		slices.Sort(good)
		last().P99, good = percentile(good, 99), good[:0]
	}
	for _, e := range entries {
		at := e.sent.UTC().Truncate(s.Interval)
		if len(s.Buckets) == 0 || !last().At.Equal(at) {
			if len(s.Buckets) > 0 {
				finish()
			}
			s.Buckets = append(s.Buckets, Bucket{At: at})
		}
		last().Sent++
		if e.class == drillapp.ClassOK {
			good = append(good, e.elapsed)
		} else {
			last().Failed++
		}
	}
	finish()
	return s
}

// interval is the shortest of a few round lengths that cuts a span into few enough.
func interval(span time.Duration) time.Duration {
	for _, seconds := range []time.Duration{1, 2, 5, 10, 15, 30, 60, 120} {
		if span/(seconds*time.Second) < maxBuckets {
			return seconds * time.Second
		}
	}
	return 10 * time.Minute
}
