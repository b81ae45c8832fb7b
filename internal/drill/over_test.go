package drill

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// refereeOf runs an engine that the test has changed, until it ends.
func (w *world) refereeOf(e *Engine) <-chan error {
	done := make(chan error, 1)
	go func() { done <- e.Run(w.t.Context()) }()
	return done
}

// endsSoon fails the test when the referee goes on.
func endsSoon(t *testing.T, ended <-chan error) {
	t.Helper()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the referee ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the referee goes on")
	}
}

// away makes the API server answer nothing any more.
func (w *world) away() { w.gone.Store(true) }

// What firedrill down journals ends the referee, whatever phase it is in.
func TestARefereeEndsWhenItsRunWasAbandoned(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]struct {
		reach   func(w *world)
		reached func(*Run) bool
	}{
		"active":  {func(*world) {}, paged},
		"decided": {func(w *world) { w.setReady(corev1.ConditionTrue) }, func(r *Run) bool { return r.Phase == PhaseDecided }},
		"ending":  {func(w *world) { w.away(); w.ask(VerbEnd) }, func(r *Run) bool { return r.Phase == PhaseEnding && r.Trouble != "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, ended := w.referee()
			w.until("paged", paged)
			at.reach(w)
			w.until(name, at.reached)
			if err := Abandon(t.Context(), w.journal, w.run(), WhyGone("firedrill")); err != nil {
				t.Fatal(err)
			}
			endsSoon(t, ended)
			if r := w.run(); r.Phase != PhaseFinished {
				t.Errorf("phase %s after the run was abandoned", r.Phase)
			}
		})
	}
}

// A cluster that was removed behind firedrill's back ends its run; one that only does not
// answer, or of which nothing is known, does not.
func TestARefereeGivesUpAClusterThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engine()
	var asked, gone atomic.Int64
	e.ClusterGone = func() (bool, error) {
		if asked.Add(1) == 1 {
			return true, context.DeadlineExceeded // whatever else it says
		}
		return gone.Load() > 0, nil
	}
	ended := w.refereeOf(e)
	w.until("paged", paged)
	w.until("asked twice", func(*Run) bool { return asked.Load() > 1 })
	if r := w.run(); r.Phase != PhaseActive {
		t.Errorf("phase %s while the cluster is there", r.Phase)
	}
	w.away()
	gone.Store(1)
	endsSoon(t, ended)
	r := w.run()
	if r.Phase != PhaseFinished || r.Verdict != nil || !strings.Contains(strings.Join(r.Failures, "; "), "is gone") {
		t.Errorf("phase %s, verdict %v, failures %q", r.Phase, r.Verdict, r.Failures)
	}
}
