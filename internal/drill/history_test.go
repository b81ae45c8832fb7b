package drill

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/verifier"
)

func TestReadHistory(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	state := func(passed, held, unknown bool) verifier.State {
		return verifier.State{
			Checks:     []verifier.CheckState{{ID: "served", Passed: passed, Reason: "r", At: start}},
			Safeguards: []verifier.SafeguardState{{ID: "kept", Held: held, Unknown: unknown}},
		}
	}
	h, err := ReadHistory(script(t, start,
		entryPhase, PhaseChange{Phase: PhaseActive, Attempt: 1},
		entryState, state(true, true, false), // of an attempt that was reset
		entryPhase, PhaseChange{Phase: PhasePreparing, Attempt: 2},
		entryPhase, PhaseChange{Phase: PhaseActive, Attempt: 2},
		entryState, state(false, true, false),
		entryState, state(false, true, false), // nothing new
		entryState, state(true, true, true),
		entryVerdict, Verdict{Recovered: true},
		entryPhase, PhaseChange{Phase: PhaseDecided, Attempt: 2},
		entryPhase, PhaseChange{Phase: PhaseFinished, Attempt: 2},
	))
	if err != nil {
		t.Fatal(err)
	}
	at := func(entry int) time.Time { return start.Add(time.Duration(entry) * time.Second) }
	want := History{
		Phases: []PhaseSpan{
			{Phase: PhasePreparing, Attempt: 2, From: at(2), To: at(3)},
			{Phase: PhaseActive, Attempt: 2, From: at(3), To: at(8)},
			{Phase: PhaseDecided, Attempt: 2, From: at(8), To: at(9)},
		},
		Checks: []CheckSpan{
			{ID: "served", State: SpanFailed, Reason: "r", From: at(4), To: at(6)},
			{ID: "kept", Safeguard: true, State: SpanPassed, From: at(4), To: at(6)},
			{ID: "served", State: SpanPassed, Reason: "r", From: at(6), To: at(7)},
			{ID: "kept", Safeguard: true, State: SpanUnknown, From: at(6), To: at(7)},
		},
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	if !Ends(entryPhase, PhaseChange{Phase: PhaseFinished}) {
		t.Error("the end is none")
	}
	if Ends(entryPhase, PhaseChange{Phase: PhaseDecided}) || Ends(entryCommand, Command{Verb: VerbEnd}) {
		t.Error("a run goes on after its end")
	}
}
