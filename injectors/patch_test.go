package injectors_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/firedrill/firedrill/injectors"
)

const checkout = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
  namespace: shop-x7k2q
  uid: first
  annotations: {kubernetes.io/change-cause: "release 41"}
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: app
          image: shop/checkout:1.41
          resources: {limits: {memory: 128Mi}}
        - name: proxy
          image: shop/proxy:2
`

const workerNode = `
apiVersion: v1
kind: Node
metadata:
  name: worker
  uid: n1
spec: {}
`

// lowerLimit is one fault, written in each of the three ways.
func lowerLimit(patchType string) *injectors.Patch {
	p := &injectors.Patch{APIVersion: "apps/v1", Kind: "Deployment", Name: "checkout", Type: patchType}
	cause := map[string]any{"annotations": map[string]any{"kubernetes.io/change-cause": "release 42"}}
	limits := map[string]any{"limits": map[string]any{"memory": "64Mi"}}
	switch patchType {
	case "json":
		p.Patch = []any{
			map[string]any{"op": "replace", "path": "/spec/template/spec/containers/0/resources", "value": limits},
			map[string]any{"op": "add", "path": "/metadata/annotations/kubernetes.io~1change-cause", "value": "release 42"},
			// appended twice, this would show
			map[string]any{"op": "add", "path": "/spec/template/spec/containers/-", "value": map[string]any{"name": "agent", "image": "agent:1"}},
		}
	case "merge":
		p.Patch = map[string]any{"metadata": cause, "spec": map[string]any{"minReadySeconds": uint64(5), "template": map[string]any{
			"spec": map[string]any{"containers": []any{map[string]any{"name": "app", "image": "shop/checkout:1.41", "resources": limits}}},
		}}}
	default:
		p.Patch = map[string]any{"metadata": cause, "spec": map[string]any{"minReadySeconds": uint64(5), "template": map[string]any{
			"spec": map[string]any{"containers": []any{map[string]any{"name": "app", "resources": limits}}},
		}}}
	}
	return p
}

func TestPatchRoundTrip(t *testing.T) {
	t.Parallel()
	for _, patchType := range []string{"", "strategic", "merge", "json"} {
		t.Run("type "+patchType, func(t *testing.T) {
			t.Parallel()
			c, fault := newCluster(t, checkout), lowerLimit(patchType)
			target := c.target(nil)
			before := c.object(t, "apps/v1", "Deployment", "checkout")
			if err := fault.Validate(); err != nil {
				t.Fatal(err)
			}
			undo, err := fault.Prepare(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, c.object(t, "apps/v1", "Deployment", "checkout")); diff != "" {
				t.Errorf("Prepare changed the object:\n%s", diff)
			}
			if err := fault.Inject(t.Context(), target, undo); err != nil {
				t.Fatal(err)
			}
			broken := c.object(t, "apps/v1", "Deployment", "checkout")
			if cmp.Equal(before, broken) {
				t.Error("Inject changed nothing")
			}
			if err := fault.Inject(t.Context(), target, undo); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(broken, c.object(t, "apps/v1", "Deployment", "checkout")); diff != "" {
				t.Errorf("a second Inject changed the object:\n%s", diff)
			}
			for range 2 {
				if err := fault.Revert(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, c.object(t, "apps/v1", "Deployment", "checkout")); diff != "" {
					t.Errorf("Revert did not restore the object:\n%s", diff)
				}
			}
		})
	}
}

func TestPatchRevert(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		inject  bool
		trainee string // merge patch of the trainee's, "delete", or none
		want    string // merge patch over the object as it was
	}{
		"never injected":                     {},
		"deleted by the trainee":             {inject: true, trainee: "delete"},
		"deleted although never injected":    {trainee: "delete"},
		"the trainee's other changes stay":   {inject: true, trainee: `{"spec":{"replicas":4}}`, want: `{"spec":{"replicas":4}}`},
		"the trainee's own repair is undone": {inject: true, trainee: `{"spec":{"minReadySeconds":9}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, fault := newCluster(t, checkout), lowerLimit("strategic")
			target, deployments := c.target(nil), c.resource(t, "apps/v1", "Deployment")
			undo, err := fault.Prepare(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if tt.inject {
				if err := fault.Inject(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
			}
			switch tt.trainee {
			case "":
			case "delete":
				err = deployments.Delete(t.Context(), "checkout", metav1.DeleteOptions{})
			default:
				_, err = deployments.Patch(t.Context(), "checkout", types.MergePatchType, []byte(tt.trainee), metav1.PatchOptions{})
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := fault.Revert(t.Context(), target, undo); err != nil {
				t.Fatal(err)
			}
			reference := newCluster(t, checkout)
			if tt.want != "" {
				_, err := reference.resource(t, "apps/v1", "Deployment").Patch(t.Context(), "checkout", types.MergePatchType, []byte(tt.want), metav1.PatchOptions{})
				if err != nil {
					t.Fatal(err)
				}
			}
			want := reference.object(t, "apps/v1", "Deployment", "checkout")
			if diff := cmp.Diff(want, c.object(t, "apps/v1", "Deployment", "checkout")); diff != "" {
				t.Errorf("restored (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPatchNode(t *testing.T) {
	t.Parallel()
	c := newCluster(t, workerNode)
	fault := &injectors.Patch{APIVersion: "v1", Kind: "Node", Name: "worker", Patch: map[string]any{"spec": map[string]any{"unschedulable": true}}}
	undo, err := fault.Prepare(t.Context(), c.target(nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := fault.Inject(t.Context(), c.target(nil), undo); err != nil {
		t.Fatal(err)
	}
	// the node lifecycle controller's taint is not ours to take away
	nodes := c.resource(t, "v1", "Node")
	taint := []byte(`{"spec":{"taints":[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"}]}}`)
	if _, err := nodes.Patch(t.Context(), "worker", types.MergePatchType, taint, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := fault.Revert(t.Context(), c.target(nil), undo); err != nil {
		t.Fatal(err)
	}
	spec := c.object(t, "v1", "Node", "worker")["spec"].(map[string]any)
	if _, cordoned := spec["unschedulable"]; cordoned || spec["taints"] == nil {
		t.Errorf("spec after Revert is %v, want the taint and no cordon", spec)
	}
}

func TestPatchRefusals(t *testing.T) {
	t.Parallel()
	fields := map[string]any{"spec": map[string]any{"replicas": uint64(3)}}
	tests := map[string]struct {
		fault *injectors.Patch
		want  string
	}{
		"changes nothing":    {&injectors.Patch{APIVersion: "apps/v1", Kind: "Deployment", Name: "checkout", Patch: map[string]any{"spec": map[string]any{"replicas": uint64(2)}}}, "changes nothing"},
		"no such object":     {&injectors.Patch{APIVersion: "apps/v1", Kind: "Deployment", Name: "cart", Patch: fields}, "Deployment shop-x7k2q/cart does not exist"},
		"no such kind":       {&injectors.Patch{APIVersion: "apps/v1", Kind: "Deploymnt", Name: "checkout", Patch: fields}, "serves no such kind"},
		"bad apiVersion":     {&injectors.Patch{APIVersion: "a/b/c", Kind: "Deployment", Name: "checkout", Patch: fields}, "not group/version"},
		"other runs' matter": {&injectors.Patch{APIVersion: "v1", Kind: "Namespace", Name: "default", Patch: fields}, "would break other runs"},
		"another's node":     {&injectors.Patch{APIVersion: "v1", Kind: "Node", Name: "worker2", Patch: fields}, "worker2 is not the drill's own"},
		"everybody's class":  {&injectors.Patch{APIVersion: "storage.k8s.io/v1", Kind: "StorageClass", Name: "standard", Patch: fields}, "StorageClass standard would be other runs' as well"},
		"fields as json":     {&injectors.Patch{APIVersion: "apps/v1", Kind: "Deployment", Name: "checkout", Type: "json", Patch: fields}, "list of operations"},
		"list as merge":      {&injectors.Patch{APIVersion: "apps/v1", Kind: "Deployment", Name: "checkout", Type: "merge", Patch: []any{}}, "list of operations"},
		"refused by server":  {&injectors.Patch{APIVersion: "apps/v1", Kind: "Deployment", Name: "checkout", Type: "json", Patch: []any{map[string]any{"op": "remove", "path": "/spec/none"}}}, "would refuse the patch"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, checkout)
			_, err := tt.fault.Prepare(t.Context(), c.target(nil))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Prepare: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestPatchOfAnotherRun(t *testing.T) {
	t.Parallel()
	c, fault := newCluster(t, checkout), lowerLimit("")
	undo, err := fault.Prepare(t.Context(), c.target(nil))
	if err != nil {
		t.Fatal(err)
	}
	target := c.target(nil)
	target.Namespace = "shop-other"
	if err := fault.Revert(t.Context(), target, undo); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("Revert in another namespace: %v, want a refusal", err)
	}
}

func TestPatchOfAnAddon(t *testing.T) {
	t.Parallel()
	const manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: metrics-server, namespace: %s}\nspec: {replicas: 1}\n"
	c := newCluster(t, fmt.Sprintf(manifest, "kube-system"), fmt.Sprintf(manifest, namespace))
	fault := &injectors.Patch{
		APIVersion: "apps/v1", Kind: "Deployment", Name: "metrics-server", Addon: true, Type: "merge",
		Patch: map[string]any{"spec": map[string]any{"replicas": 0}},
	}
	replicas := func(ns string) int64 {
		object, err := c.Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}).Namespace(ns).
			Get(t.Context(), "metrics-server", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		n, _, err := unstructured.NestedInt64(object.Object, "spec", "replicas")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	target := c.target(nil)
	undo, err := fault.Prepare(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if err := fault.Inject(t.Context(), target, undo); err != nil {
		t.Fatal(err)
	}
	if replicas("kube-system") != 0 || replicas(namespace) != 1 {
		t.Error("the patch is to change the addon, and nothing of the drill's namespace")
	}
	if err := fault.Revert(t.Context(), target, undo); err != nil {
		t.Fatal(err)
	}
	if replicas("kube-system") != 1 {
		t.Error("the addon was not restored")
	}
	other := *fault
	other.Name = "coredns"
	if _, err := other.Prepare(t.Context(), target); err == nil || !strings.Contains(err.Error(), "not the Deployment of an addon") {
		t.Errorf("a patch of coredns: %v", err)
	}
}
