package drill

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	kubetesting "k8s.io/client-go/testing"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

const testScenario = `
apiVersion: firedrill.dev/v1alpha1
kind: Scenario
metadata: {name: test, title: It does not work}
spec:
  page: wake up
  family: configuration
  difficulty: beginner
  timeLimit: 5m
  namespace: shop
  steadyState:
    - {id: ready, type: nodeCondition, with: {node: n1, type: Ready, status: "True"}}
  faults:
    - type: patch
      with: {apiVersion: v1, kind: ConfigMap, name: settings, type: merge, patch: {data: {mode: broken}}}
  symptoms:
    - {id: unknown, type: nodeCondition, with: {node: n1, type: Ready, status: "Unknown"}}
  recovery:
    hold: 5s
    checks:
      - {id: ready, type: nodeCondition, with: {node: n1, type: Ready, status: "True"}}
  safeguards:
    - {name: node-deleted, sentence: It hides it., type: nodeKept, with: {node: n1}}
  hints: [look]
  explanation: it was broken
`

const run = "shop-aaaaa"

// world is a cluster of fakes in which a drill can run: the fault turns the node's
// condition to Unknown, repair turns it back.
type world struct {
	t       *testing.T
	client  *fake.Clientset
	dynamic *dynamicfake.FakeDynamicClient
	store   *session.Store
	journal *session.Journal
	trainee bool
	users   bool
	ahead   time.Duration // what the users were told of the nodes' clock

	scenario string
	gone     atomic.Bool // the API server answers nothing

	mu         sync.Mutex
	loads      int
	faultWorks bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, testScenario, Created{})
}

func newWorldOf(t *testing.T, text string, created Created) *world {
	t.Helper()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1", UID: "1"}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
	}}
	w := &world{t: t, client: fake.NewClientset(node), store: session.NewStore(t.TempDir()), faultWorks: true, scenario: text}
	w.dynamic = dynamicfake.NewSimpleDynamicClient(scheme.Scheme, &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Namespace: run, Name: "settings"}, Data: map[string]string{"mode": "good"},
	})
	w.dynamic.PrependReactor("patch", "configmaps", func(action kubetesting.Action) (bool, runtime.Object, error) {
		patch, ok := action.(kubetesting.PatchAction)
		if ok && patch.GetPatchType() == types.ApplyPatchType {
			return true, &unstructured.Unstructured{}, nil // the fakes cannot apply; the object is there
		}
		w.mu.Lock()
		works := w.faultWorks
		w.mu.Unlock()
		if ok && works && strings.Contains(string(patch.GetPatch()), "broken") {
			w.setReady(corev1.ConditionUnknown)
		}
		return false, nil, nil
	})
	w.client.PrependReactor("*", "*", func(kubetesting.Action) (bool, runtime.Object, error) {
		return w.gone.Load(), nil, context.DeadlineExceeded
	})
	journal, err := w.store.Create(run)
	if err != nil {
		t.Fatal(err)
	}
	w.journal = journal
	created.Run, created.Scenario, created.TimeLimit = run, "test", 5*time.Minute
	if err := Begin(t.Context(), journal, created); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) setReady(status corev1.ConditionStatus) {
	node, err := w.client.CoreV1().Nodes().Get(context.Background(), "n1", metav1.GetOptions{})
	if err != nil {
		w.t.Error(err)
		return
	}
	node.Status.Conditions[0].Status = status
	if _, err := w.client.CoreV1().Nodes().UpdateStatus(context.Background(), node, metav1.UpdateOptions{}); err != nil {
		w.t.Error(err)
	}
}

func (w *world) engine() *Engine {
	w.t.Helper()
	script := func(text string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("#!/bin/sh\n# It does.\n" + text)}
	}
	folder, err := scenario.Load(fstest.MapFS{
		"scenario.yaml":      {Data: []byte(strings.TrimSpace(w.scenario))},
		"manifests/app.yaml": {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: good}\n")},
		"solutions/a.sh":     script(""), "solutions/b.sh": script(""),
		"wrong-fixes/a.sh": script("# refused: node-deleted\n"), "wrong-fixes/b.sh": script("# refused: node-deleted\n"),
		"wrong-fixes/c.sh": script("# refused: node-deleted\n"),
	}, scenario.Vars{Values: map[string]string{"namespace": run, "run": run}})
	if err != nil {
		w.t.Fatal(err)
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, meta.RESTScopeNamespace)
	e, err := NewEngine(folder, Deps{
		Journal: w.journal, Files: w.store, Client: w.client, Dynamic: w.dynamic, Mapper: mapper,
		Images: w, Trainee: (*fakeTrainee)(w), Users: (*fakeUsers)(w), Actions: fakeActions{}, Runner: &verifier.Runner{},
		Now: time.Now, Log: slog.New(slog.DiscardHandler), ProofTimeout: 3 * time.Second,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// Loaded implements Images.
func (w *world) Loaded(context.Context, []scenario.Image) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.loads > 0, nil
}

// Load implements Images.
func (w *world) Look(ctx context.Context, images []scenario.Image) error { return w.Load(ctx, images) }

func (w *world) Load(context.Context, []scenario.Image) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loads++
	return nil
}

type fakeTrainee world

func (f *fakeTrainee) Provision(context.Context, string, string, time.Duration) error {
	f.trainee = true
	return nil
}

func (f *fakeTrainee) Remove(context.Context, string) error {
	f.trainee = false
	return nil
}

type fakeUsers world

func (f *fakeUsers) Window(context.Context, string, time.Time, time.Time) (verifier.TrafficStats, error) {
	return verifier.TrafficStats{}, errors.New("no users here")
}

func (f *fakeUsers) Deploy(context.Context) error {
	f.users = true
	return nil
}

func (f *fakeUsers) Remove(context.Context) error {
	f.users = false
	return nil
}

func (f *fakeUsers) SetAhead(by time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ahead = by
}

func (f *fakeUsers) Follow(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func (f *fakeUsers) Summary(context.Context, Moments) ([]byte, error) {
	return []byte(`{"streams":[]}`), nil
}

type fakeActions struct{}

func (fakeActions) Start(context.Context) (json.RawMessage, error) { return json.RawMessage(`1`), nil }

func (fakeActions) Watch(ctx context.Context, _ json.RawMessage, _ func([]timeline.Event, json.RawMessage) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func (w *world) run() *Run {
	w.t.Helper()
	entries, _, err := w.journal.Read(0)
	if err != nil {
		w.t.Fatal(err)
	}
	return replay(w.t, entries)
}

// until waits for the journal to say so.
func (w *world) until(what string, ok func(*Run) bool) {
	w.t.Helper()
	for deadline := time.Now().Add(40 * time.Second); !ok(w.run()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("never %s: %+v", what, w.run())
		}
	}
}

// referee runs an engine beside the test until the run, or stop, ends it, or the test does.
func (w *world) referee() (stop func(), ended <-chan error) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	e := w.engine()
	var running sync.WaitGroup
	running.Go(func() { done <- e.Run(ctx) })
	w.t.Cleanup(func() {
		cancel()
		running.Wait() // it writes into the test's folder
	})
	return cancel, done
}

func (w *world) ask(verb string) {
	w.t.Helper()
	if err := Ask(w.t.Context(), w.journal, verb); err != nil {
		w.t.Fatal(err)
	}
}

// nothingLeft asserts that the run is over and took everything with it.
func (w *world) nothingLeft() {
	w.t.Helper()
	if _, err := w.client.CoreV1().Namespaces().Get(w.t.Context(), run, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		w.t.Errorf("the namespace is still there: %v", err)
	}
	if w.trainee || w.users {
		w.t.Errorf("left behind: identity %v, prober %v", w.trainee, w.users)
	}
	r := w.run()
	if r.Phase != PhaseFinished || len(r.Pending) > 0 {
		w.t.Errorf("phase %s with %d faults not reverted", r.Phase, len(r.Pending))
	}
	cm, err := w.dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(run).
		Get(w.t.Context(), "settings", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	if mode := cm.Object["data"].(map[string]any)["mode"]; mode != "good" {
		w.t.Errorf("the fault was not reverted: mode %q", mode)
	}
}

func paged(r *Run) bool { return r.Phase == PhaseActive && r.State != nil }

func (fakeActions) Finish(context.Context, json.RawMessage, func([]timeline.Event, json.RawMessage) error) error {
	return nil
}
