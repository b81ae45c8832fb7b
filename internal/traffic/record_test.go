package traffic

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drillapp"
	"github.com/firedrill/firedrill/internal/scenario"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

// text is the prober's line number seq of a stream at 10 requests a second.
func text(t *testing.T, boot string, seq uint64, class string) []byte {
	t.Helper()
	line := drillapp.Line{
		Stream: "shop", Boot: boot, Seq: seq, Sent: at(float64(seq) / 10), Millis: float64(seq % 100), Class: class,
		Pod: fmt.Sprintf("shop-%d", seq%2), Conn: "new",
	}
	if class != drillapp.ClassOK {
		line.Pod, line.Error = "", "it failed"
	}
	data, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// fill adds the lines first to last of boot "b1", with the class that classOf names.
func fill(t *testing.T, r *Record, first, last uint64, class string) {
	t.Helper()
	for seq := first; seq <= last; seq++ {
		mustAdd(t, r, text(t, "b1", seq, class))
	}
}

func mustAdd(t *testing.T, r *Record, line []byte) bool {
	t.Helper()
	added, err := r.add(line)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func shopTraffic() []scenario.Traffic {
	return []scenario.Traffic{{Name: "shop", URL: "http://checkout/order", Rate: 10}}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	fill(t, r, 1, 100, drillapp.ClassOK)
	fill(t, r, 101, 110, drillapp.ClassTimeout)
	fill(t, r, 111, 120, drillapp.Class5xx)
	fill(t, r, 121, 200, drillapp.ClassOK)
	got, err := r.Window(t.Context(), "shop", at(5), at(15))
	if err != nil {
		t.Fatal(err)
	}
	if got.Sent != 100 || got.OK != 80 || got.LastError != "5xx: it failed" || !got.Latest.Equal(at(14.9)) {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(map[string]int{"timeout": 10, "5xx": 10}, got.Errors); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"shop-0": 40, "shop-1": 40}, got.ByPod); diff != "" {
		t.Error(diff)
	}
	if got.P50 != 59*time.Millisecond || got.P99 != 99*time.Millisecond { // 21..99 and 0 ms
		t.Errorf("p50 %s, p99 %s", got.P50, got.P99)
	}
	if same, err := r.Window(t.Context(), "", at(5), at(15)); err != nil || same.Sent != 100 {
		t.Errorf("the only stream without its name: %+v, %v", same, err)
	}
}

// "Not observed" is an error, never "no failures".
func TestWindowNotObserved(t *testing.T) {
	t.Parallel()
	whole := func(t *testing.T, r *Record) { fill(t, r, 100, 300, drillapp.ClassOK) } // 10 s to 30 s
	tests := []struct {
		name     string
		record   func(*testing.T, *Record)
		stream   string
		from, to float64
		timeout  time.Duration
		want     string // empty: observed
	}{
		{name: "whole", record: whole, from: 12, to: 28},
		{name: "the last moments are on their way", record: whole, from: 12, to: 32.9},
		{name: "nothing yet", record: func(*testing.T, *Record) {}, from: 12, to: 28, want: "no request is on record"},
		{name: "behind", record: whole, from: 12, to: 34, want: "sent at 2026-11-23T12:00:30Z"},
		{name: "behind by less than a long timeout", record: whole, from: 12, to: 34, timeout: 5 * time.Second},
		{name: "before the prober ran", record: whole, from: 2, to: 28, want: "not observed from 2026-11-23T12:00:02Z to 2026-11-23T12:00:10Z"},
		{name: "after all of it", record: whole, from: 50, to: 60, want: "not observed"},
		{name: "unknown stream", record: whole, stream: "search", from: 12, to: 28, want: `no traffic "search" in this run: it has shop`},
		{name: "gap", from: 12, to: 28, want: "not observed from 2026-11-23T12:00:15Z to 2026-11-23T12:00:20Z", record: func(t *testing.T, r *Record) {
			fill(t, r, 100, 150, drillapp.ClassOK)
			fill(t, r, 200, 300, drillapp.ClassOK)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			streams := shopTraffic()
			streams[0].Timeout = scenario.Duration(test.timeout)
			r := newRecord(streams)
			test.record(t, r)
			_, err := r.Window(t.Context(), test.stream, at(test.from), at(test.to))
			if test.want == "" && err != nil {
				t.Errorf("got %v", err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestAddLeavesOut(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	line := text(t, "b1", 7, drillapp.ClassOK)
	tests := []struct {
		name string
		line []byte
		want bool
	}{
		{name: "first", line: line, want: true},
		{name: "duplicate", line: line},
		{name: "cut off", line: line[:len(line)-10]},
		{name: "a message of the prober", line: []byte(`time=2026-11-23T12:00:00Z level=ERROR msg=exiting`)},
		{name: "other JSON", line: []byte(`{"level":"info"}`)},
		{name: "the prober restarted: its numbers start again", line: text(t, "b2", 7, drillapp.ClassOK), want: true},
		{name: "absurd number", line: text(t, "b3", maxSeq+1, drillapp.ClassOK)},
		{name: "late answer", line: text(t, "b1", 3, drillapp.ClassTimeout), want: true},
		{name: "duplicate of a late answer", line: text(t, "b1", 3, drillapp.ClassTimeout)},
	}
	for _, test := range tests {
		if got := mustAdd(t, r, test.line); got != test.want {
			t.Errorf("%s: added %t, want %t", test.name, got, test.want)
		}
	}
	if s := r.streams["shop"]; len(s.entries) != 3 || !s.entries[0].sent.Equal(at(.3)) {
		t.Errorf("want three entries in order of sending, got %+v", s.entries)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	s := r.streams["shop"]
	if s.most < 4*3600*10*2 {
		t.Errorf("%d entries stay in memory: twice the longest time limit's do not fit", s.most)
	}
	s.most = 10_000
	fill(t, r, 1, 30_000, drillapp.ClassOK)
	if n := len(s.entries); n > s.most+5000 || n < s.most {
		t.Errorf("%d entries kept of 30000", n)
	}
}
