package traffic

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drillapp"
)

func TestSeriesCountsEveryRequestOnce(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	var entries []entry
	add := func(second float64, class string, ms int) {
		entries = append(entries, entry{
			sent: start.Add(time.Duration(second * float64(time.Second))), class: class, elapsed: time.Duration(ms) * time.Millisecond,
		})
	}
	add(0.2, drillapp.ClassOK, 10)
	add(0.9, drillapp.ClassOK, 30)
	add(1, drillapp.Class5xx, 5) // an interval's start belongs to it
	add(1.5, drillapp.ClassOK, 20)
	add(4, drillapp.ClassTimeout, 2000) // nothing was sent in between
	want := &Series{Interval: time.Second, Buckets: []Bucket{
		{At: start, Sent: 2, P99: 30 * time.Millisecond},
		{At: start.Add(time.Second), Sent: 2, Failed: 1, P99: 20 * time.Millisecond},
		{At: start.Add(4 * time.Second), Sent: 1, Failed: 1},
	}}
	if diff := cmp.Diff(want, newSeries(entries)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSeriesIsBounded(t *testing.T) {
	t.Parallel()
	for span, want := range map[time.Duration]time.Duration{
		0: time.Second, 3 * time.Minute: time.Second, 15 * time.Minute: 5 * time.Second,
		time.Hour: 30 * time.Second, 2 * time.Hour: time.Minute, 24 * time.Hour: 10 * time.Minute,
	} {
		if got := interval(span); got != want {
			t.Errorf("%s is cut into intervals of %s, want %s", span, got, want)
		}
		if n := span / interval(span); n >= maxBuckets {
			t.Errorf("%s gives %d intervals", span, n)
		}
	}
}
