package drill

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/timeline"
)

// brokenTrail is a trail whose first watches fail.
type brokenTrail struct {
	fakeActions
	left  atomic.Int64 // how many watches fail yet
	heals atomic.Bool  // whether it goes well then
}

func (b *brokenTrail) Watch(ctx context.Context, _ json.RawMessage, sink func([]timeline.Event, json.RawMessage) error) error {
	if b.left.Add(-1) >= 0 || !b.heals.Load() {
		return errors.New("the disk is full")
	}
	if err := sink([]timeline.Event{{ID: "e1", Text: "described pod a"}}, json.RawMessage(`2`)); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// A watcher that failed is tried again; until it goes well, status tells of it.
func TestAWatcherThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engine()
	trail := &brokenTrail{}
	trail.left.Store(2)
	e.Actions = trail
	ended := w.refereeOf(e)
	trouble := func(r *Run) string { return StatusOf(r, true, time.Now()).Trouble }
	w.until("paged and in trouble", func(r *Run) bool {
		return paged(r) && trouble(r) == "the trainee's actions are not recorded: it is tried again: the disk is full"
	})
	trail.heals.Store(true)
	w.until("recorded", func(r *Run) bool { return len(r.Events) == 1 })
	w.until("out of trouble", func(r *Run) bool { return trouble(r) == "" })
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if r := w.run(); len(r.Failures) > 0 {
		t.Errorf("failures: %q", r.Failures)
	}
}

// A state of the checks says nothing of the watchers; a new phase begins without trouble.
func TestTroubleOfAWatcherStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	note := func(kind string, data any) {
		t.Helper()
		if _, err := w.journal.Append(t.Context(), kind, data); err != nil {
			t.Fatal(err)
		}
	}
	note(entryError, Failure{Watcher: "b", Message: "two", Transient: true})
	note(entryError, Failure{Watcher: "a", Message: "one", Transient: true})
	note(entryError, Failure{Message: "the cluster does not answer", Transient: true})
	if got := w.run().TroubleText(); got != "the cluster does not answer; a: one; b: two" {
		t.Errorf("trouble %q", got)
	}
	note(entryState, struct{}{})
	note(entryError, Failure{Watcher: "a", Transient: true})
	if got := w.run().TroubleText(); got != "b: two" {
		t.Errorf("trouble %q", got)
	}
	note(entryPhase, PhaseChange{Phase: PhaseEnding, Attempt: 1})
	if got := w.run().TroubleText(); strings.TrimSpace(got) != "" {
		t.Errorf("trouble %q", got)
	}
}

// lateTrail is a trail that tells what was done only when it is asked for its end.
type lateTrail struct {
	fakeActions
	asked atomic.Int64
	err   error
}

func (l *lateTrail) Finish(_ context.Context, _ json.RawMessage, sink func([]timeline.Event, json.RawMessage) error) error {
	l.asked.Add(1)
	if l.err != nil {
		return l.err
	}
	return sink([]timeline.Event{{ID: "last", Text: "deleted namespace"}}, json.RawMessage(`3`))
}

// What was done right before the end, and not told yet, is told before the run is over; that
// it could not be read is still known then.
func TestTheLastActionsAreTold(t *testing.T) {
	t.Parallel()
	for _, broken := range []error{nil, errors.New("the node is away")} {
		w := newWorld(t)
		e := w.engine()
		trail := &lateTrail{err: broken}
		e.Actions = trail
		ended := w.refereeOf(e)
		w.until("paged", paged)
		w.ask(VerbEnd)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		r := w.run()
		if told := len(r.Events) == 1 && string(r.Trail) == "3"; told != (broken == nil) || trail.asked.Load() != 1 || len(r.Failures) > 0 {
			t.Errorf("%v: asked %d times, events %v, behind %s, failures %q", broken, trail.asked.Load(), r.Events, r.Trail, r.Failures)
		}
		var want []string
		if broken != nil {
			want = []string{"the trainee's last actions may be missing: the node is away"}
		}
		if diff := cmp.Diff(want, r.Warnings); diff != "" || r.Phase != PhaseFinished || r.TroubleText() != "" {
			t.Errorf("%v: phase %s, trouble %q, warnings %s", broken, r.Phase, r.TroubleText(), diff)
		}
	}
}
