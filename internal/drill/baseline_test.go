package drill

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	kubetesting "k8s.io/client-go/testing"
)

// A question that goes unanswered once is asked again: it is no reason to end a drill.
func TestTheBaselineIsTakenAgainWhenTheClusterDoesNotAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked atomic.Int32
	w.client.PrependReactor("list", "resourcequotas", func(kubetesting.Action) (bool, runtime.Object, error) {
		return asked.Add(1) <= 2, nil, errors.New("context deadline exceeded")
	})
	w.referee()
	w.until("paged", paged)
	if r := w.run(); r.Baseline == nil || asked.Load() != 3 {
		t.Errorf("baseline %+v after %d questions, want one after 3", r.Baseline, asked.Load())
	}
}

// One that is never answered ends the drill before anything is broken, and says what it was.
func TestNothingIsBrokenWithoutABaseline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.client.PrependReactor("list", "resourcequotas", func(kubetesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("the quota service is away")
	})
	_, ended := w.referee()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	r := w.run()
	if len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "take the baseline, for 3s: list the resourcequotas") ||
		!strings.Contains(r.Failures[0], "quota service is away") {
		t.Errorf("failures %q, want what was never answered", r.Failures)
	}
	if r.Baseline != nil || r.Page != "" || len(r.Proofs) != 1 {
		t.Errorf("it went on without a baseline: %+v", r)
	}
	w.nothingLeft()
}

// A snapshot that the journal names stays as it is while the next one is written: a kill
// between that file and its entry would else leave a run that no verb can end.
func TestABaselineIsNotWrittenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engine()
	var taken []Baseline
	for range 2 {
		if err := e.takeBaseline(t.Context()); err != nil {
			t.Fatal(err)
		}
		taken = append(taken, *e.run.Baseline)
	}
	for _, b := range taken {
		data, err := e.Files.ReadFile(run, b.File)
		if err != nil || digest(data) != b.SHA256 {
			t.Errorf("%s is not what the journal says (%v); taken: %+v", b.File, err, taken)
		}
	}
}
