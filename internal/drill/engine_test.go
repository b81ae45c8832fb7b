package drill

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	kubetesting "k8s.io/client-go/testing"
)

func TestARunFromHealthyToVerdict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, ended := w.referee()
	w.until("paged", paged)
	if r := w.run(); len(r.Proofs) != 2 || !r.Proofs[0].Passed || !r.Proofs[1].Passed || r.Page != "wake up" || r.Baseline == nil {
		t.Errorf("paged without both proofs and a baseline: %+v", r)
	}
	if r := w.run(); r.Verdict != nil {
		t.Errorf("a verdict on an untouched system: %+v", r.Verdict)
	}
	w.setReady(corev1.ConditionTrue)
	w.until("decided", func(r *Run) bool { return r.Verdict != nil })
	r := w.run()
	if !r.Recovered() || r.Verdict.RecoveredAt.IsZero() || r.Verdict.DecidedAt.Sub(r.Verdict.RecoveredAt) < 5*time.Second {
		t.Errorf("verdict: %+v, want recovered after a hold of 5s", r.Verdict)
	}
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
}

// The recovery checks must pass the healthy system, and must not when the flaw is in it.
func TestProveHealthy(t *testing.T) {
	t.Parallel()
	latent := strings.Replace(testScenario, "  namespace: shop\n", "  namespace: shop\n  latent: true\n", 1)
	refusing := strings.Replace(testScenario, `    checks:
      - {id: ready, type: nodeCondition, with: {node: n1, type: Ready, status: "True"}}`, `    checks:
      - {id: ready, type: nodeCondition, with: {node: n1, type: Ready, status: "False"}}`, 1)
	// What cannot be observed is no flaw: the baseline has no such Deployment.
	blind := strings.Replace(latent, `{id: ready, type: nodeCondition, with: {node: n1, type: Ready, status: "True"}}
  safeguards`, `{id: kept, type: replicasKept, with: {name: nobody}}
  safeguards`, 1)
	for name, test := range map[string]struct{ scenario, fails string }{
		"latent, not seen":     {blind, "no recovery check was seen failing at the end of 15s"},
		"good":                 {testScenario, ""},
		"latent but recovered": {latent, "the scenario says that its flaw is latent (scenario.yaml: spec.latent), and its recovery checks pass"},
		"latent":               {strings.Replace(refusing, "  namespace: shop\n", "  namespace: shop\n  latent: true\n", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, test.scenario, Created{ProveHealthy: true})
			_, ended := w.referee()
			if test.fails == "" {
				w.until("paged", paged)
				if r := w.run(); len(r.Proofs) != 3 || r.Proofs[1].What != proofRecovered || !r.Proofs[1].Passed {
					t.Errorf("proofs: %+v", r.Proofs)
				}
				w.ask(VerbEnd)
			}
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			failures := strings.Join(w.run().Failures, "; ")
			if (test.fails == "") != (failures == "") || !strings.Contains(failures, test.fails) {
				t.Errorf("failures %q, want %q", failures, test.fails)
			}
		})
	}
}

func TestEndBeforeTheRepairIsNotRecovered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, ended := w.referee()
	w.until("paged", paged)
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
	v := w.run().Verdict
	if v == nil || v.Recovered || v.Cause != "ended" || !strings.HasPrefix(v.Reason, "not recovered: ready: ") {
		t.Errorf("verdict: %+v, want not recovered for the failing check", v)
	}
}

func TestASymptomThatNeverShowsEndsTheRunClean(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.faultWorks = false
	_, ended := w.referee()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
	r := w.run()
	if len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "unknown") || r.Page != "" || r.Verdict != nil {
		t.Errorf("failures %q, page %q, verdict %v: want one that names the symptom", r.Failures, r.Page, r.Verdict)
	}
}

// A run with KeepFailed is left as it is when it fails, until somebody ends it.
func TestAFailedRunIsLeftForInspection(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, testScenario, Created{KeepFailed: true})
	w.faultWorks = false
	_, ended := w.referee()
	w.until("left", (*Run).LeftFailed)
	if _, err := w.client.CoreV1().Namespaces().Get(t.Context(), run, metav1.GetOptions{}); err != nil {
		t.Errorf("the namespace: %v", err)
	}
	r := w.run()
	if len(r.Failures) != 1 || len(r.Pending) != 1 || r.Page != "" || !strings.Contains(r.VerdictText(), "did not show its symptom") {
		t.Errorf("failures %q, %d faults, page %q, %q", r.Failures, len(r.Pending), r.Page, r.VerdictText())
	}
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
}

func TestAKilledRefereeIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stop, ended := w.referee()
	w.until("injecting or later", func(r *Run) bool { return len(r.Pending) > 0 })
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped referee ended with %v", err)
	}
	_, ended = w.referee()
	w.until("paged", paged)
	if r := w.run(); len(r.Pending) != 1 {
		t.Errorf("%d faults journaled after a kill, want 1: an undo of the broken state would restore nothing", len(r.Pending))
	}
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
}

// An undo holds whole objects, Secrets among them: it is kept beside the journal, until it is
// taken, and one that was changed there is not.
func TestAnUndoStaysOutOfTheJournal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, ended := w.referee()
	w.until("paged", paged)
	r := w.run()
	undo, err := w.store.ReadFile(r.Created.Run, r.Pending[0].File)
	if err != nil || len(undo) == 0 {
		t.Fatalf("undo %q: %v", undo, err)
	}
	entries, _, err := w.journal.Read(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if bytes.Contains(e.Data, undo) {
			t.Errorf("the journal holds the undo: %s", e.Data)
		}
	}
	if err := w.store.WriteFile(r.Created.Run, r.Pending[0].File, []byte(`{"forged":true}`)); err != nil {
		t.Fatal(err)
	}
	if err := w.engine().revert(t.Context(), false); err == nil || !strings.Contains(err.Error(), "was changed after it was written") {
		t.Errorf("a forged undo was taken: %v", err)
	}
	if err := w.store.WriteFile(r.Created.Run, r.Pending[0].File, undo); err != nil {
		t.Fatal(err)
	}
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
	if _, err := w.store.ReadFile(r.Created.Run, r.Pending[0].File); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the undo is still there: %v", err)
	}
}

func TestAResetBreaksItAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, ended := w.referee()
	w.until("paged", paged)
	w.setReady(corev1.ConditionTrue) // as the new deployment of a real system would be
	w.ask(VerbReset)
	w.until("paged again", func(r *Run) bool { return paged(r) && r.Attempt == 2 })
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
	if w.loads != 2 {
		t.Errorf("prepared %d times, want 2", w.loads)
	}
}

func TestACommandToADeadRefereeIsHeardByTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ask(VerbEnd)
	_, ended := w.referee()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
	if r := w.run(); r.Page != "" {
		t.Error("paged although the end was asked for")
	}
}

func TestAForeignNamespaceIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: run}}
	if _, err := w.client.CoreV1().Namespaces().Create(t.Context(), foreign, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	e := w.engine()
	if err := e.createNamespace(t.Context(), run, ""); err == nil {
		t.Error("a namespace of somebody else's was taken")
	}
	if err := e.deleteNamespace(t.Context()); err == nil {
		t.Error("a namespace of somebody else's was deleted without a word")
	}
	if _, err := w.client.CoreV1().Namespaces().Get(t.Context(), run, metav1.GetOptions{}); err != nil {
		t.Errorf("the namespace of somebody else's is gone: %v", err)
	}
}

// The namespace goes first, and its pods need no time to drain: a fault that is reverted in
// it starts none that nobody needs.
func TestTheEndRemovesTheNamespaceBeforeTheFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var mu sync.Mutex
	var order []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, what)
	}
	w.client.PrependReactor("delete", "namespaces", func(kubetesting.Action) (bool, runtime.Object, error) {
		note("namespace")
		return false, nil, nil
	})
	w.client.PrependReactor("delete-collection", "pods", func(action kubetesting.Action) (bool, runtime.Object, error) {
		if d, ok := action.(kubetesting.DeleteCollectionActionImpl); ok && d.DeleteOptions.GracePeriodSeconds != nil && *d.DeleteOptions.GracePeriodSeconds == 1 {
			note("pods")
		}
		return true, nil, nil
	})
	w.dynamic.PrependReactor("patch", "configmaps", func(action kubetesting.Action) (bool, runtime.Object, error) {
		if patch, ok := action.(kubetesting.PatchAction); ok && strings.Contains(string(patch.GetPatch()), "good") && patch.GetPatchType() == types.MergePatchType {
			note("fault")
		}
		return false, nil, nil
	})
	_, ended := w.referee()
	w.until("paged", paged)
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
	if got := strings.Join(order, " "); got != "namespace pods fault" {
		t.Errorf("removed in the order %q, want the namespace, its pods, the fault", got)
	}
}
