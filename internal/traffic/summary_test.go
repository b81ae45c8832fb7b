package traffic

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drillapp"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	fill(t, r, 1, 100, drillapp.ClassOK)
	fill(t, r, 101, 101, drillapp.ClassConnect) // a first, short outage
	fill(t, r, 102, 110, drillapp.ClassOK)
	fill(t, r, 111, 150, drillapp.ClassConnect)
	fill(t, r, 152, 200, drillapp.ClassOK) // 151 is missing
	fill(t, r, 201, 210, drillapp.Class5xx)
	got := r.Summaries(Moments{FaultAt: at(10), RecoveredAt: at(18)})[0]
	want := Summary{
		Stream: "shop", Sent: 209, Failed: 51, Missing: 1,
		Classes: map[string]int{"ok": 158, "connect": 41, "5xx": 10},
		P50:     60 * time.Millisecond, P95: 96 * time.Millisecond, P99: 99 * time.Millisecond,
		LongestOutage: Outage{From: at(11), To: at(15.2), Duration: 4200 * time.Millisecond},
		Before:        Phase{Sent: 99},
		During:        Phase{Sent: 79, Failed: 41, ErrorRate: 41. / 79},
		After:         Phase{Sent: 31, Failed: 10, ErrorRate: 10. / 31},
	}
	// Each request of fill takes as many milliseconds as its number has in its last two digits.
	want.Before.P50, want.Before.P99 = 50*time.Millisecond, 99*time.Millisecond
	want.During.P50, want.During.P99 = 60*time.Millisecond, 79*time.Millisecond
	want.After.P50, want.After.P99 = 89*time.Millisecond, 99*time.Millisecond
	want.Conns = map[string]Phase{ConnNew: {Sent: 209, Failed: 51, ErrorRate: 51. / 209, P50: want.P50, P99: want.P99}}
	want.From, want.To, want.LastFailure = at(0.1), at(21), at(21)
	if got.Series == nil || len(got.Series.Buckets) == 0 {
		t.Fatal("no series")
	}
	got.Series = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestMissing: what waits for its answer when the record ends is not lost, and what was lost
// before stays so, also in a prober's earlier life.
func TestMissing(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	fill(t, r, 1, 100, drillapp.ClassOK)
	fill(t, r, 103, 180, drillapp.ClassOK)
	fill(t, r, 190, 200, drillapp.ClassOK) // 181 to 189 hang, as long as a second
	if got := r.Summaries(Moments{})[0].Missing; got != 2 {
		t.Errorf("%d missing, want 2", got)
	}
	fill(t, r, 201, 300, drillapp.ClassOK) // they had ten seconds more
	if got := r.Summaries(Moments{})[0].Missing; got != 11 {
		t.Errorf("%d missing, want 11", got)
	}
}

// TestConns: what a server that hangs up does to kept connections is told apart.
func TestConns(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	for seq := uint64(1); seq <= 100; seq++ {
		line := drillapp.Line{Stream: "shop", Boot: "b1", Seq: seq, Sent: at(float64(seq) / 10), Millis: 10, Class: drillapp.ClassOK, Conn: "new"}
		if seq%2 == 0 {
			line.Conn, line.Millis = "reused", 2
		}
		if seq > 90 && seq%2 == 0 {
			line.Class = drillapp.ClassReset
		}
		data, err := json.Marshal(line)
		if err != nil {
			t.Fatal(err)
		}
		mustAdd(t, r, data)
	}
	want := map[string]Phase{
		ConnNew:    {Sent: 50, P50: 10 * time.Millisecond, P99: 10 * time.Millisecond},
		ConnReused: {Sent: 50, Failed: 5, ErrorRate: 0.1, P50: 2 * time.Millisecond, P99: 2 * time.Millisecond},
	}
	if diff := cmp.Diff(want, r.Summaries(Moments{})[0].Conns); diff != "" {
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
