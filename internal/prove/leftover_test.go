package prove

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/firedrill/firedrill/internal/drill"
)

// What belongs to runs under way is not the cluster's: of one that begins while it is looked
// at, and of one whose namespace is gone and whose volume is not yet.
func TestSnapshotLeavesRunsOut(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	volume := func(name, of string) *corev1.PersistentVolume {
		return &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PersistentVolumeSpec{ClaimRef: &corev1.ObjectReference{Namespace: of}}}
	}
	account := func(namespace string) *corev1.ServiceAccount {
		return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: namespace}}
	}
	client := dynamicfake.NewSimpleDynamicClient(scheme, volume("pvc-1", "store-ending"), volume("pvc-2", "kube-system"), account("kube-system"))
	begun := false
	client.PrependReactor("list", "serviceaccounts", func(clienttesting.Action) (bool, runtime.Object, error) {
		if !begun { // after the namespaces were listed
			begun = true
			namespace, inIt := &unstructured.Unstructured{}, &unstructured.Unstructured{}
			namespace.SetName("shop-begun")
			namespace.SetLabels(map[string]string{drill.LabelRun: "shop-begun"})
			inIt.SetName("default")
			inIt.SetNamespace("shop-begun")
			for kind, o := range map[string]*unstructured.Unstructured{"Namespace": namespace, "ServiceAccount": inIt} {
				o.SetAPIVersion("v1")
				o.SetKind(kind)
				if err := client.Tracker().Add(o); err != nil {
					t.Error(err)
				}
			}
		}
		return false, nil, nil
	})
	i := &Inspector{Dynamic: client, Nodes: nodes("")}
	for _, kind := range []string{"namespaces", "persistentvolumes", "serviceaccounts"} {
		i.kinds = append(i.kinds, corev1.SchemeGroupVersion.WithResource(kind))
	}
	got, err := i.Snapshot(t.Context(), "store-ending")
	if err != nil || !begun {
		t.Fatal(begun, err)
	}
	want := []string{"persistentvolumes/pvc-2", "serviceaccounts/kube-system/default"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got.things))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSnapshotDiff(t *testing.T) {
	t.Parallel()
	was := map[string]string{
		"nodes/w": "1", "nodes/w/unit/kubelet": "active enabled", "nodes/w2": "1", "nodes/w2/unit/kubelet": "active enabled",
		"configmaps/kube-system/a": "1", "pods/kube-system/x": "1",
	}
	is := map[string]string{
		"nodes/w": "2", "nodes/w/unit/kubelet": "active disabled", "nodes/w2": "2",
		"persistentvolumes/pvc-1": "1", "pods/kube-system/y": "1",
	}
	gone, changed, added := "gone: configmaps/kube-system/a", []string{
		"changed: nodes/w", "changed: nodes/w/unit/kubelet (was active enabled, is active disabled)",
	}, "new: persistentvolumes/pvc-1"
	other := []string{"changed: nodes/w2", "gone: nodes/w2/unit/kubelet"}
	for name, c := range map[string]struct {
		before, after []string // what runs under way hold
		want          []string
	}{
		"nothing held":    {nil, nil, slices.Concat([]string{gone}, changed, other, []string{added})},
		"held before":     {[]string{"w2"}, nil, slices.Concat([]string{gone}, changed, []string{added})},
		"held after":      {nil, []string{"w"}, slices.Concat([]string{gone}, other, []string{added})},
		"held throughout": {[]string{"w"}, []string{"w2"}, []string{gone, added}},
	} {
		got := Snapshot{things: was, held: c.before}.Diff(Snapshot{things: is, held: c.after})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// nodes answers every command alike.
type nodes string

func (n nodes) Run(context.Context, string, ...string) (string, error) { return string(n), nil }

// TestNodeDiff: what a run left of the node that it broke is its own, and told with it.
func TestNodeDiff(t *testing.T) {
	t.Parallel()
	other := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "market-x7k2q", Labels: map[string]string{drill.LabelRun: "market-x7k2q"}}}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	i := &Inspector{
		Dynamic: dynamicfake.NewSimpleDynamicClient(scheme, other),
		Nodes:   nodes("unit/kubelet active disabled\nunit/containerd active enabled\nfile/etc/containerd/certs.d/registry.market-x7k2q.internal/hosts.toml 1\n"),
	}
	before := Snapshot{things: map[string]string{"nodes/w/unit/kubelet": "active enabled", "nodes/w/unit/containerd": "active enabled", "nodes/w2/unit/kubelet": "active enabled", "pods/a": "1"}}
	got, err := i.NodeDiff(t.Context(), "w", before)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"changed: nodes/w/unit/kubelet (was active enabled, is active disabled)"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	before.held = []string{"w"}
	if got, err := i.NodeDiff(t.Context(), "w", before); err != nil || got != nil {
		t.Errorf("of a node that was broken before: %v, %v", got, err)
	}
}

// An addon that a run under way broke has other ReplicaSets than before, and others when the run is over.
func TestReplicaSetsOfAHeldAddonAreNotCompared(t *testing.T) {
	t.Parallel()
	was := Snapshot{things: map[string]string{"deployments/kube-system/dns": "1", "replicasets/kube-system/dns-5f": "1", "replicasets/kube-system/dnsmasq-7c": "1"}}
	is := Snapshot{things: map[string]string{"deployments/kube-system/dns": "2", "replicasets/kube-system/dns-6a": "1"}, held: []string{"dns"}}
	if diff := cmp.Diff([]string{"gone: replicasets/kube-system/dnsmasq-7c"}, was.Diff(is)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A registry of a run under way is not the cluster's: it comes and goes with the run.
func TestFilesOfRunsAreLeftOut(t *testing.T) {
	t.Parallel()
	runs := map[string]bool{"market-x7k2q": true}
	for file, want := range map[string]bool{
		"file/etc/containerd/certs.d/registry.market-x7k2q.internal/hosts.toml": true,
		"file/etc/containerd/certs.d/registry.market-gone1.internal/hosts.toml": false,
		"file/etc/containerd/config.toml":                                       false,
	} {
		if got := ofARun(file, runs); got != want {
			t.Errorf("%s is a run's: %v, want %v", file, got, want)
		}
	}
}
