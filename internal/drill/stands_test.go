package drill

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// killed ends a referee in the middle of its run.
func killed(t *testing.T, stop func(), ended <-chan error) {
	t.Helper()
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("a stopped referee ended with %v", err)
	}
}

// A verdict stands from the moment it is journaled: a referee that is killed before it says
// that the run is decided does not have it judged again, nor taken back by an end.
func TestAVerdictStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stop, ended := w.referee()
	w.until("paged", paged)
	killed(t, stop, ended)
	decided := Verdict{Recovered: true, Reason: "recovered", DecidedAt: w.run().PagedAt}
	if _, err := w.journal.Append(t.Context(), entryVerdict, decided); err != nil {
		t.Fatal(err)
	}
	w.ask(VerbEnd)
	_, ended = w.referee()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
	r := w.run()
	if !r.Recovered() || !r.Verdict.DecidedAt.Equal(decided.DecidedAt) {
		t.Errorf("verdict %+v, want the one that was journaled", r.Verdict)
	}
	entries, _, err := w.journal.Read(0)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := 0
	for _, e := range entries {
		if e.Type == entryVerdict {
			verdicts++
		}
	}
	if verdicts != 1 {
		t.Errorf("%d verdicts", verdicts)
	}
}

// A page stands as well: whoever repairs the system while no referee is there is neither
// asked for the symptom again nor paged twice.
func TestAPageStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stop, ended := w.referee()
	w.until("paged", paged)
	killed(t, stop, ended)
	page := w.run().PagedAt
	if _, err := w.journal.Append(t.Context(), entryPhase, PhaseChange{Phase: PhaseBroken, Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	w.setReady(corev1.ConditionTrue)
	_, ended = w.referee()
	w.until("recovered", func(r *Run) bool { return r.Recovered() })
	if r := w.run(); !r.PagedAt.Equal(page) || len(r.Proofs) != 2 {
		t.Errorf("paged at %s, want %s; %d proofs", r.PagedAt, page, len(r.Proofs))
	}
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
}
