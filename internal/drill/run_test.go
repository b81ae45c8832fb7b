package drill

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/internal/timeline"
)

// script makes a journal's entries, a second apart, from kinds and their data.
func script(t *testing.T, start time.Time, pairs ...any) []session.Entry {
	t.Helper()
	var entries []session.Entry
	for i := 0; i < len(pairs); i += 2 {
		data, err := json.Marshal(pairs[i+1])
		if err != nil {
			t.Fatal(err)
		}
		n := int64(len(entries))
		entries = append(entries, session.Entry{
			Seq: n + 1, Time: start.Add(time.Duration(n) * time.Second), Type: pairs[i].(string), Data: data,
		})
	}
	return entries
}

func replay(t *testing.T, entries []session.Entry) *Run {
	t.Helper()
	r, err := Replay(entries)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReplayFollowsARun(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	entries := script(t, start,
		entryCreated, Created{Run: "shop-aaaaa", Scenario: "oomkilled", TimeLimit: 15 * time.Minute},
		entryPhase, PhaseChange{Phase: PhaseInjecting, Attempt: 1},
		entryIntent, Intent{Step: 0, Kind: "patch", File: "undo-fault-0.json", SHA256: "x"},
		entryInjected, Step{Step: 0},
		entryIntent, Intent{Step: 1, Kind: "systemdUnit", File: "undo-fault-1.json"},
		entryPage, Page{Text: "wake up"},
		entryActions, ActionsSeen{Events: []timeline.Event{{ID: "a", Text: "got pods"}}, Next: json.RawMessage(`"1:100"`)},
		entryActions, ActionsSeen{Next: json.RawMessage(`"1:200"`)},
		entryReverted, Step{Step: 1},
		"entry-of-a-later-version", map[string]int{"x": 1},
	)
	r := replay(t, entries)
	if diff := cmp.Diff([]Intent{{Step: 0, Kind: "patch", File: "undo-fault-0.json", SHA256: "x"}}, r.Pending); diff != "" {
		t.Errorf("faults to revert: %s", diff)
	}
	if diff := cmp.Diff([]int{0}, r.Injected); diff != "" {
		t.Errorf("injected: %s", diff)
	}
	if string(r.Trail) != `"1:200"` || len(r.Events) != 1 {
		t.Errorf("trail at %s, %d events: want 1:200 and 1", r.Trail, len(r.Events))
	}
	if want := start.Add(2 * time.Second); !r.FaultAt.Equal(want) {
		t.Errorf("fault at %s, want %s: the first intent", r.FaultAt, want)
	}
	if want := start.Add(5 * time.Second); !r.PagedAt.Equal(want) {
		t.Errorf("paged at %s, want %s", r.PagedAt, want)
	}
}

func TestACommandIsOpenUntilItsPhase(t *testing.T) {
	t.Parallel()
	start := time.Now()
	entries := script(t, start,
		entryCreated, Created{Run: "shop-aaaaa"},
		entryCommand, Command{Verb: VerbReset}, // 2
		entryCommand, Command{Verb: VerbEnd}, // 3
	)
	if got := replay(t, entries).Asked; len(got) != 2 || got[0].Verb != VerbReset || got[0].Seq != 2 {
		t.Fatalf("open commands: %+v", got)
	}
	entries = script(t, start,
		entryCreated, Created{Run: "shop-aaaaa"},
		entryCommand, Command{Verb: VerbReset}, // 2
		entryCommand, Command{Verb: VerbEnd}, // 3
		entryPhase, PhaseChange{Phase: PhaseEnding, Detail: VerbReset, Command: 2, Attempt: 1},
	)
	if got := replay(t, entries).Asked; len(got) != 1 || got[0].Verb != VerbEnd {
		t.Errorf("the end that was asked for during a reset is lost: %+v", got)
	}
}

func TestAResetStartsANewClock(t *testing.T) {
	t.Parallel()
	r := replay(t, script(t, time.Now(),
		entryCreated, Created{Run: "shop-aaaaa", TimeLimit: time.Minute},
		entryPhase, PhaseChange{Phase: PhaseActive, Attempt: 1},
		entryIntent, Intent{Step: 0},
		entryPage, Page{Text: "one"},
		entryVerdict, Verdict{Reason: "not recovered: x"},
		entryActions, ActionsSeen{Events: []timeline.Event{{ID: "a", Text: "got pods"}}},
		entryPhase, PhaseChange{Phase: PhasePreparing, Attempt: 2},
	))
	if r.Verdict != nil || !r.PagedAt.IsZero() || !r.FaultAt.IsZero() || r.Baseline != nil {
		t.Errorf("something of the first attempt is left: %+v", r)
	}
	if len(r.Events) != 1 {
		t.Error("the timeline of the first attempt is lost")
	}
}

func TestClockCountsWhatWasObserved(t *testing.T) {
	t.Parallel()
	page := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return page.Add(time.Duration(s) * time.Second) }
	tests := map[string]struct {
		run  Run
		now  time.Time
		want time.Duration
	}{
		"before the page":      {Run{}, at(10), 0},
		"running":              {Run{PagedAt: page}, at(10), 10 * time.Second},
		"stops at the verdict": {Run{PagedAt: page, Verdict: &Verdict{DecidedAt: at(4)}}, at(10), 4 * time.Second},
		"stops at the end":     {Run{PagedAt: page, FinishedAt: at(6)}, at(10), 6 * time.Second},
		"a gap":                {Run{PagedAt: page, Gaps: []Gap{{From: at(2), To: at(5)}}}, at(10), 7 * time.Second},
		"a gap over the page":  {Run{PagedAt: page, Gaps: []Gap{{From: at(-5), To: at(5)}}}, at(10), 5 * time.Second},
		"a gap still open":     {Run{PagedAt: page, Gaps: []Gap{{From: at(8), To: at(20)}}}, at(10), 8 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.run.Clock(tt.now); got != tt.want {
				t.Errorf("clock = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestVerdictTextIsNeverAGuess(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		run  Run
		want string
	}{
		"nothing yet": {Run{}, "pending"},
		"failed":      {Run{Failures: []string{"no symptom"}}, "no verdict: no symptom"},
		"decided":     {Run{Verdict: &Verdict{Reason: "not recovered: limit-removed: x"}}, "not recovered: limit-removed: x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.run.VerdictText(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
