package scenarios_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	restclient "k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// world is a fake cluster with a scenario's healthy system in it, and its baseline.
type world struct {
	*testing.T
	client *fake.Clientset
	target *verifier.Target
	ns     string
	open   bool   // pods and services answer without a login
	units  string // how the node's units start: enabled
}

// otherWorker is the cluster's second worker, which no scenario breaks.
const otherWorker = "other-worker"

func newWorld(t *testing.T, folder *scenario.Folder, plan verifier.Plan) *world {
	t.Helper()
	w := &world{T: t, ns: folder.Vars[scenario.VarNamespace], units: "enabled"}
	objects := append(w.manifests(folder), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.ns}})
	for _, name := range []string{folder.Vars[scenario.VarNode], otherWorker} {
		objects = append(objects, w.node(name)...)
	}
	w.client = fake.NewClientset(objects...)
	for _, resource := range []string{"pods", "services"} {
		w.client.AddProxyReactor(resource, func(clienttesting.Action) (bool, restclient.ResponseWrapper, error) { return true, w, nil })
	}
	w.target = &verifier.Target{
		Client: w.client, Namespace: w.ns, Nodes: w, Now: time.Now, Actions: func() []timeline.Event { return nil },
	}
	base, err := verifier.TakeBaseline(t.Context(), w.client, w.ns)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range plan.Safeguards {
		if g.Checker = seen(g.Checker); g.Checker != nil {
			if err := base.TakeFor(t.Context(), w.target, verifier.Plan{Safeguards: []verifier.Guard{g}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.target.Baseline = base
	return w
}

// seen is the check, or nil for one that asks what a fake cluster has not: a kubelet, a
// database, or how memory grows from look to look. Their own tests have those.
func seen(c verifier.Checker) verifier.Checker {
	switch c.(type) {
	case *verifier.KubeletConfigKept, *verifier.KubeletDurationWithin, *verifier.LeakNotFed, *verifier.VolumePersistent, *verifier.PasswordAsked, *verifier.DatabaseSettings:
		return nil
	}
	return c
}

// DoRaw is how pods and services answer to whoever shows no login.
func (w *world) DoRaw(context.Context) ([]byte, error) {
	if w.open {
		return []byte("ok"), nil
	}
	return []byte("no login"), apierrors.NewGenericServerResponse(http.StatusUnauthorized, http.MethodGet, schema.GroupResource{}, "", "no login", 0, true)
}

func (w *world) Stream(context.Context) (io.ReadCloser, error) { return nil, errors.ErrUnsupported }

// Run answers the one command that safeguards run in a node: how its units are, and what they run by.
func (w *world) Run(_ context.Context, _ string, command ...string) (string, error) {
	if command[0] != "sh" || !slices.Contains(command, "kubelet.service") {
		return "", fmt.Errorf("unexpected in a node: %v", command)
	}
	var out string
	for _, unit := range []string{"kubelet", "containerd"} {
		out += fmt.Sprintf("Id=%s.service\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=%s\nMainPID=7\n\n", unit, w.units)
	}
	return out + "Process=7\nFile=/var/lib/kubelet/config.yaml\nMount=/ overlay\n", nil
}

// node is a worker that is well.
func (w *world) node(name string) []runtime.Object {
	renewed := metav1.NewMicroTime(time.Now())
	return []runtime.Object{
		&corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("node/" + name)},
			Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
		},
		&coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: corev1.NamespaceNodeLease},
			Spec:       coordinationv1.LeaseSpec{RenewTime: &renewed},
		},
	}
}

// manifests are the healthy system's objects, with the pods that its Deployments make.
func (w *world) manifests(folder *scenario.Folder) []runtime.Object {
	w.Helper()
	var objects []runtime.Object
	for _, object := range written(w.T, folder) {
		objects = append(objects, w.born(object, object.GetObjectKind().GroupVersionKind().Kind)...)
	}
	return objects
}

// written are the healthy system's objects as the scenario's files have them.
func written(t *testing.T, folder *scenario.Folder) []runtime.Object {
	t.Helper()
	files, err := fs.Glob(folder.FS, "setup/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var objects []runtime.Object
	for _, file := range append(files, folder.Scenario.Spec.Manifests...) {
		text, err := folder.File(file)
		if err != nil {
			t.Fatal(err)
		}
		reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
		for {
			document, err := reader.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			objects = append(objects, object)
		}
	}
	return objects
}

// born is an object as the API server keeps it, with what its controllers make of it.
func (w *world) born(object runtime.Object, kind string) []runtime.Object {
	m, err := meta.Accessor(object)
	if err != nil {
		w.Fatal(err)
	}
	m.SetNamespace(w.ns)
	m.SetUID(types.UID(kind + "/" + m.GetName()))
	all := []runtime.Object{object}
	switch o := object.(type) {
	case *corev1.Secret:
		if o.Data == nil {
			o.Data = map[string][]byte{}
		}
		for key, value := range o.StringData {
			o.Data[key] = []byte(value)
		}
		o.StringData = nil
	case *corev1.Service:
		o.Spec.ClusterIP = "10.96.0.7"
	case *appsv1.Deployment:
		set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
			Name: o.Name + "-7f9c", Namespace: w.ns, UID: "rs/" + o.UID, OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(o, appsv1.SchemeGroupVersion.WithKind(kind))},
		}}
		all = append(all, set)
		owner := metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))
		if o.Spec.Replicas == nil { // an autoscaler sets it
			o.Spec.Replicas = new(int32(2))
		}
		for i := range *o.Spec.Replicas {
			p := podOf(o, fmt.Sprintf("%s-%d", set.Name, i))
			p.OwnerReferences = []metav1.OwnerReference{*owner}
			all = append(all, p)
		}
	}
	return all
}

// podOf is a ready pod by a Deployment's template, which nobody owns yet.
func podOf(d *appsv1.Deployment, name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: d.Namespace, UID: types.UID(name), Labels: d.Spec.Template.Labels},
		Spec:       *d.Spec.Template.Spec.DeepCopy(),
		Status: corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		},
	}
}
