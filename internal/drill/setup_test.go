package drill

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubetesting "k8s.io/client-go/testing"
)

const withSetup = `  setup:
    - type: patch
      with: {apiVersion: v1, kind: ConfigMap, name: settings, type: merge, patch: {data: {pool: ready}}}
  steadyState:
`

// pool is what the set-up changes; empty when it did not, or was taken back.
func (w *world) pool() string {
	w.t.Helper()
	cm, err := w.dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(run).
		Get(w.t.Context(), "settings", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	pool, _ := cm.Object["data"].(map[string]any)["pool"].(string)
	return pool
}

// The set-up comes before the proof that the system is healthy, is no fault, and outlives
// the namespace whose pods rest on it; a reset makes it anew.
func TestSetup(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, strings.Replace(testScenario, "  steadyState:\n", withSetup, 1), Created{})
	early := false
	w.dynamic.PrependReactor("*", "configmaps", func(action kubetesting.Action) (bool, runtime.Object, error) {
		var body string
		switch a := action.(type) {
		case kubetesting.PatchAction:
			body = string(a.GetPatch())
		default:
			return false, nil, nil
		}
		_, err := w.client.CoreV1().Namespaces().Get(t.Context(), run, metav1.GetOptions{})
		early = early || strings.Contains(body, `"pool":null`) && !apierrors.IsNotFound(err)
		return false, nil, nil
	})
	_, ended := w.referee()
	for attempt := 1; attempt <= 2; attempt++ {
		w.until("paged", func(r *Run) bool { return paged(r) && r.Attempt == attempt })
		r := w.run()
		if diff := cmp.Diff([]int{0}, r.SetUp); diff != "" || w.pool() != "ready" {
			t.Errorf("attempt %d: pool %q, set up (-want +got): %s", attempt, w.pool(), diff)
		}
		if len(r.Pending) != 2 || !r.Pending[0].Setup || r.Pending[1].Setup {
			t.Errorf("attempt %d: to be taken back: %+v", attempt, r.Pending)
		}
		if !r.FaultAt.After(r.HealthyAt) {
			t.Errorf("attempt %d: the fault at %s, healthy at %s: the set-up counts as a fault", attempt, r.FaultAt, r.HealthyAt)
		}
		if attempt == 1 {
			w.setReady(corev1.ConditionTrue) // nothing in this cluster does it when the fault is taken back
			w.ask(VerbReset)
		}
	}
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
	if w.pool() != "" || early {
		t.Errorf("pool %q; taken back before the namespace was gone: %v", w.pool(), early)
	}
}
