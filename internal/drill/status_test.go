package drill

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// TestStatusCountsTheTraineesActions: neither a bypass nor a gap is one, nor what came
// after the verdict.
func TestStatusCountsTheTraineesActions(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	event := func(actor string, at time.Time) timeline.Event {
		return timeline.Event{Source: timeline.SourceAudit, Actor: actor, Time: at}
	}
	r := &Run{Events: []timeline.Event{event("trainee", now), event("admin", now), event("firedrill", now), event("trainee", now.Add(time.Minute))}}
	if got := StatusOf(r, true, now).Actions; got != 2 {
		t.Errorf("counted %d before a verdict", got)
	}
	r.Verdict = &Verdict{DecidedAt: now}
	if got := StatusOf(r, true, now).Actions; got != 1 {
		t.Errorf("counted %d", got)
	}
}

// TestStatusOfWhatCouldNotBeObserved: a safeguard is accused when it is seen to be broken,
// and not when nobody could look.
func TestStatusOfWhatCouldNotBeObserved(t *testing.T) {
	t.Parallel()
	r := &Run{State: &verifier.State{
		Checks: []verifier.CheckState{{ID: "rolled-out", Passed: true, Reason: "2 of 2", Error: "no answer"}},
		Safeguards: []verifier.SafeguardState{
			{ID: "held", Held: true, Reason: "as before", Sentence: "An accusation."},
			{ID: "broken", Reason: "is gone", Sentence: "An accusation."},
			{ID: "unseen", Unknown: true, Reason: "as before", Sentence: "An accusation.", Error: "exec: timeout"},
		},
	}}
	s := StatusOf(r, true, time.Time{})
	if s.Checks[0].Error != "no answer" {
		t.Errorf("check %+v", s.Checks[0])
	}
	for i, want := range []string{
		`{"id":"held","held":true,"reason":"as before","at":"0001-01-01T00:00:00Z"}`,
		`{"id":"broken","held":false,"reason":"is gone","sentence":"An accusation.","at":"0001-01-01T00:00:00Z"}`,
		`{"id":"unseen","held":false,"unknown":true,"reason":"as before","error":"exec: timeout","at":"0001-01-01T00:00:00Z"}`,
	} {
		got, err := json.Marshal(s.Safeguards[i])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}
