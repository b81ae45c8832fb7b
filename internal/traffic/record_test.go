package traffic

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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
	const day = 4 * 3600 * 10 // four hours' requests
	fill(t, r, 1, day, drillapp.ClassOK)
	entries := r.streams["shop"].entries
	if most := int(keep/time.Second)*10 + 5000; len(entries) > most || len(entries) < int(keep/time.Second)*10 {
		t.Errorf("%d entries kept of %d", len(entries), day)
	}
}

func TestFileSurvivesACrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), FileName)
	open := func() *Record {
		r, err := Open(path, shopTraffic())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
		return r
	}
	first := open()
	fill(t, first, 1, 50, drillapp.ClassOK)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	cutOff := text(t, "b1", 51, drillapp.ClassOK)
	appendTo(t, path, cutOff[:20]) // kill -9 in the middle of a line

	second := open()
	if want := at(5).Add(-syncEvery); !second.resumeAt().Equal(want) {
		t.Errorf("resumes at %s, want %s", second.resumeAt(), want)
	}
	fill(t, second, 40, 60, drillapp.ClassOK) // the log, read again from a little earlier
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}

	third, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	sums := third.Summaries(time.Time{}, time.Time{})
	if len(sums) != 1 || sums[0].Sent != 60 || sums[0].Missing != 0 {
		t.Errorf("want all 60 once, got %+v", sums)
	}
	data, err := os.ReadFile(path)
	if err != nil || strings.Count(string(data), "\n") != 60 {
		t.Errorf("%d lines in the file, %v", strings.Count(string(data), "\n"), err)
	}
}

func appendTo(t *testing.T, path string, data []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFileIsSyncedEveryFewSeconds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), FileName)
	r, err := Open(path, shopTraffic())
	if err != nil {
		t.Fatal(err)
	}
	now := start
	r.now = func() time.Time { return now }
	r.syncedAt = now
	fill(t, r, 1, 1, drillapp.ClassOK)
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("written at once: %v, %v", info, err)
	}
	now = now.Add(syncEvery)
	fill(t, r, 2, 2, drillapp.ClassOK)
	if data, err := os.ReadFile(path); err != nil || strings.Count(string(data), "\n") != 2 {
		t.Errorf("not written after %s: %q, %v", syncEvery, data, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestLoadWithoutAFile(t *testing.T) {
	t.Parallel()
	r, err := Load(filepath.Join(t.TempDir(), FileName))
	if err != nil || len(r.Summaries(start, start)) != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	fill(t, r, 1, 100, drillapp.ClassOK)
	fill(t, r, 101, 101, drillapp.ClassConnect) // a first, short outage
	fill(t, r, 102, 110, drillapp.ClassOK)
	fill(t, r, 111, 150, drillapp.ClassConnect)
	fill(t, r, 152, 200, drillapp.ClassOK) // 151 is missing
	fill(t, r, 201, 210, drillapp.Class5xx)
	got := r.Summaries(at(10), at(18))[0]
	want := Summary{
		Stream: "shop", Sent: 209, Failed: 51, Missing: 1,
		Classes: map[string]int{"ok": 158, "connect": 41, "5xx": 10},
		P50:     60 * time.Millisecond, P95: 96 * time.Millisecond, P99: 99 * time.Millisecond,
		LongestOutage: Outage{From: at(11), To: at(15.2), Duration: 4200 * time.Millisecond},
		Before:        Phase{Sent: 99},
		During:        Phase{Sent: 79, Failed: 41, ErrorRate: 41. / 79},
		After:         Phase{Sent: 31, Failed: 10, ErrorRate: 10. / 31},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestLongestOutage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, classes string // one letter a second: . good, x failed
		want          Outage
	}{
		{name: "none", classes: "....."},
		{name: "nothing"},
		{name: "between good ones", classes: "..xx..", want: Outage{From: at(1), To: at(4), Duration: 3 * time.Second}},
		{name: "still out", classes: "..x.xxx", want: Outage{From: at(3), To: at(6), Duration: 3 * time.Second, Open: true}},
		{name: "never good", classes: "xxx", want: Outage{From: at(0), To: at(2), Duration: 2 * time.Second, Open: true}},
		{name: "every second one is two seconds, not all", classes: ".x.x.x.", want: Outage{From: at(4), To: at(6), Duration: 2 * time.Second}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var entries []entry
			for i, letter := range test.classes {
				class := drillapp.ClassOK
				if letter == 'x' {
					class = drillapp.ClassTimeout
				}
				entries = append(entries, entry{sent: at(float64(i)), class: class})
			}
			if diff := cmp.Diff(test.want, longestOutage(entries)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
