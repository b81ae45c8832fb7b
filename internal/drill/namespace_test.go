package drill

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// TestANamespaceThatADeadAPIKeeps: the metrics API is taken away where its server can have no
// image, and only there; the namespace goes once it is.
func TestANamespaceThatADeadAPIKeeps(t *testing.T) {
	t.Parallel()
	apis := schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	waiting := func(reason string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	for name, tc := range map[string]struct {
		fails bool // discovery does
		pods  []corev1.ContainerState
		gone  bool
	}{
		"no image":                {fails: true, pods: []corev1.ContainerState{waiting("ImagePullBackOff")}, gone: true},
		"no image, of two":        {fails: true, pods: []corev1.ContainerState{waiting("ErrImagePull"), waiting("ImagePullBackOff")}, gone: true},
		"it restarts":             {fails: true, pods: []corev1.ContainerState{waiting("CrashLoopBackOff")}},
		"one of two runs":         {fails: true, pods: []corev1.ContainerState{waiting("ImagePullBackOff"), running}},
		"no pod as yet":           {fails: true},
		"something else keeps it": {pods: []corev1.ContainerState{waiting("ImagePullBackOff")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := &unstructured.Unstructured{}
			api.SetAPIVersion("apiregistration.k8s.io/v1")
			api.SetKind("APIService")
			api.SetName("v1beta1.metrics.k8s.io")
			dynamic := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{apis: "APIServiceList"}, api)
			ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: run, Labels: map[string]string{LabelRun: run}}}
			if tc.fails {
				ns.Status.Conditions = []corev1.NamespaceCondition{{Type: corev1.NamespaceDeletionDiscoveryFailure, Status: corev1.ConditionTrue, Message: "stale"}}
			}
			objects := []runtime.Object{ns}
			for i, state := range tc.pods {
				objects = append(objects, &corev1.Pod{
					ObjectMeta: metav1.ObjectMeta{Name: string(rune('a' + i)), Namespace: metav1.NamespaceSystem, Labels: map[string]string{"k8s-app": "metrics-server"}},
					Status:     corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{State: state}}},
				})
			}
			e := &Engine{
				Deps: Deps{Client: fake.NewClientset(objects...), Dynamic: dynamic, Log: slog.New(slog.DiscardHandler)},
				run:  &Run{Created: Created{Run: run}},
			}
			there := func() bool {
				_, err := dynamic.Resource(apis).Get(t.Context(), "v1beta1.metrics.k8s.io", metav1.GetOptions{})
				return err == nil
			}
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), deadAPIGrace-time.Second)
				defer cancel()
				if err := e.awaitNamespaceGone(ctx); err == nil || !there() {
					t.Errorf("in the first %s: %v, the API is there: %t", deadAPIGrace, err, there())
				}
				ctx, cancel = context.WithTimeout(t.Context(), 2*deadAPIGrace)
				defer cancel()
				if err := e.awaitNamespaceGone(ctx); err == nil || there() == tc.gone {
					t.Errorf("later: %v, the API is there: %t", err, there())
				}
				if n := stirred(e); tc.fails && (n < 5+11 || n > 5+12) || !tc.fails && n > 0 {
					t.Errorf("stirred %d times", n)
				}
			})
		})
	}
}

// stirred is how often Kubernetes was made to look at the run's namespace again.
func stirred(e *Engine) int {
	n := 0
	for _, action := range e.Client.(*fake.Clientset).Actions() {
		if patch, ok := action.(clienttesting.PatchAction); ok && action.Matches("patch", "namespaces") && strings.Contains(string(patch.GetPatch()), "still-there") {
			n++
		}
	}
	return n
}
