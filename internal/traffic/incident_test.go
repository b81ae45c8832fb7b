package traffic

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drillapp"
)

// TestIncident: what is summed up lies between the page and the verdict, and nothing else.
func TestIncident(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	fill(t, r, 1, 100, drillapp.ClassConnect)   // before the page
	fill(t, r, 101, 140, drillapp.ClassConnect) // page at 10.1
	fill(t, r, 143, 200, drillapp.ClassOK)      // 141 and 142 are missing
	fill(t, r, 201, 201, drillapp.ClassTimeout) // isolated
	fill(t, r, 202, 250, drillapp.ClassOK)
	fill(t, r, 300, 400, drillapp.Class5xx) // after the verdict, at 29: and nothing from 25 to 30
	got := r.Summaries(Moments{FaultAt: at(5), PagedAt: at(10.1), DecidedAt: at(29)})[0].Incident
	want := &Incident{
		From: at(10.1), To: at(29), Sent: 148, Failed: 41, Missing: 2, Failing: true, ServedAt: at(14.3),
		LongestOutage: Outage{From: at(10.1), To: at(14.3), Duration: 4200 * time.Millisecond},
		Unseen:        []Span{{From: at(25), To: at(29)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := r.Summaries(Moments{FaultAt: at(5), PagedAt: at(10)})[0].Incident; got != nil {
		t.Errorf("without a verdict: %+v", got)
	}
}

// TestDisturbed: what fails while the referee disturbs a system that stands it is nobody's
// failure, and the users were served before it.
func TestDisturbed(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	fill(t, r, 100, 140, drillapp.ClassConnect) // page at 10
	fill(t, r, 141, 200, drillapp.ClassOK)
	fill(t, r, 201, 280, drillapp.ClassTimeout) // 20.1 to 28
	fill(t, r, 281, 400, drillapp.ClassOK)
	moments := Moments{FaultAt: at(5), PagedAt: at(10), DecidedAt: at(35), Disturbed: []Span{{From: at(20), To: at(28)}}}
	got := r.Summaries(moments)[0].Incident
	if got.Sent != 251 || got.Failed != 41 || got.Disturbed != 80 || got.Missing != 0 || !got.ServedAt.Equal(at(14.1)) || got.LongestOutage.Duration != 4100*time.Millisecond {
		t.Errorf("got %+v", got)
	}
	moments.Disturbed[0].To = at(27) // what goes on after it is not its doing
	if got := r.Summaries(moments)[0].Incident; got.Failed != 51 || got.Disturbed != 70 || !got.ServedAt.Equal(at(28.1)) {
		t.Errorf("got %+v", got)
	}
}

// TestAnIncidentThatIsForgotten: requests that are in memory no more are not taken for none.
func TestAnIncidentThatIsForgotten(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	r.streams["shop"].most = 100
	fill(t, r, 1, 5000, drillapp.ClassConnect)
	if got := r.Summaries(Moments{PagedAt: at(1), DecidedAt: at(100)})[0].Incident; got != nil {
		t.Errorf("got %+v", got)
	}
}

func TestServed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, classes string // one letter a second: . good, x failed
		failing       bool
		at            float64 // -1: never
	}{
		{name: "nothing", at: -1},
		{name: "all good", classes: ".....", at: -1},
		{name: "one that is isolated", classes: "........x.......", at: -1},
		{name: "a run, then good", classes: "xxxxx.....", failing: true, at: 5},
		{name: "bursts", classes: "xxx...xxx...xxx.........", failing: true, at: 15},
		{name: "an isolated one after the repair", classes: "xxx..............x......", failing: true, at: 3},
		{name: "again just before the verdict", classes: "xxx..............xxx", failing: true, at: -1},
		{name: "every second one", classes: "x.x.x.x.x.", failing: true, at: 9},
		{name: "never good", classes: "xxxxxxx", failing: true, at: -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var entries []entry
			for i, letter := range test.classes {
				class := drillapp.ClassOK
				if letter == 'x' {
					class = drillapp.Class5xx
				}
				entries = append(entries, entry{sent: at(float64(i)), class: class})
			}
			failing, when := served(entries)
			if failing != test.failing || when.IsZero() != (test.at < 0) || test.at >= 0 && !when.Equal(at(test.at)) {
				t.Errorf("failing %v, served at %s", failing, when)
			}
		})
	}
}
