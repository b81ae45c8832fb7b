package injectors_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/firedrill/firedrill/injectors"
)

const namespace = "shop-x7k2q"

// kinds are those of the tests: client-go's whole scheme takes the fake a while.
func kinds() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(appsv1.AddToScheme(scheme))
	utilruntime.Must(corev1.AddToScheme(scheme))
	return scheme
}

// cluster is client-go's fake with what injectors need of a real API server beside
// it: dry runs, typed strategic patches, field managers, UID preconditions.
type cluster struct {
	*dynamicfake.FakeDynamicClient
	mapper meta.RESTMapper
	uids   int
}

func newCluster(t *testing.T, manifests ...string) *cluster {
	t.Helper()
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, gvk := range []schema.GroupVersionKind{
		{Group: "apps", Version: "v1", Kind: "Deployment"},
		{Version: "v1", Kind: "ConfigMap"},
		{Version: "v1", Kind: "Service"},
		{Version: "v1", Kind: "PersistentVolumeClaim"},
	} {
		mapper.Add(gvk, meta.RESTScopeNamespace)
	}
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "Node"}, meta.RESTScopeRoot)
	mapper.Add(schema.GroupVersionKind{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass"}, meta.RESTScopeRoot)
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, meta.RESTScopeRoot)

	var objects []runtime.Object
	for _, manifest := range manifests {
		objects = append(objects, parse(t, manifest))
	}
	c := &cluster{FakeDynamicClient: dynamicfake.NewSimpleDynamicClient(kinds(), objects...), mapper: mapper}
	c.PrependReactor("patch", "*", c.patch)
	c.PrependReactor("delete", "*", c.delete)
	return c
}

// target is the drill's, over this cluster; files are the scenario's.
func (c *cluster) target(files fstest.MapFS) *injectors.Target {
	return &injectors.Target{
		Dynamic: c, Mapper: c.mapper, Namespace: namespace, Node: "worker",
		File: func(path string) ([]byte, error) { return fs.ReadFile(files, path) },
	}
}

// resource is the client for a kind of the drill's namespace.
func (c *cluster) resource(t *testing.T, apiVersion, kind string) dynamic.ResourceInterface {
	t.Helper()
	gvk := schema.FromAPIVersionAndKind(apiVersion, kind)
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		t.Fatal(err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.Resource(mapping.Resource)
	}
	return c.Resource(mapping.Resource).Namespace(namespace)
}

// object returns an object without what the fake or the API server adds to it; nil
// when there is none.
func (c *cluster) object(t *testing.T, apiVersion, kind, name string) map[string]any {
	t.Helper()
	object, err := c.resource(t, apiVersion, kind).Get(t.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"managedFields", "uid", "generation", "resourceVersion"} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	delete(object.Object, "status")
	return object.Object
}

func (c *cluster) patch(action clienttesting.Action) (bool, runtime.Object, error) {
	patch, ok := action.(clienttesting.PatchActionImpl)
	if !ok {
		return false, nil, nil
	}
	gvr, ns := patch.GetResource(), patch.GetNamespace()
	found, err := c.Tracker().Get(gvr, ns, patch.GetName())
	exists := err == nil
	if !exists && (!apierrors.IsNotFound(err) || patch.GetPatchType() != types.ApplyPatchType) {
		return true, nil, err
	}
	after := &unstructured.Unstructured{}
	if exists {
		after, err = merge(found.(*unstructured.Unstructured), patch)
	} else {
		c.uids++
		err = json.Unmarshal(patch.GetPatch(), &after.Object)
		after.SetNamespace(ns)
		after.SetUID(types.UID(fmt.Sprintf("made-%d", c.uids)))
	}
	if err != nil {
		return true, nil, err
	}
	manage(after, patch.PatchOptions.FieldManager)
	switch {
	case slices.Contains(patch.PatchOptions.DryRun, metav1.DryRunAll):
		err = nil
	case exists:
		err = c.Tracker().Update(gvr, after, ns)
	default:
		err = c.Tracker().Create(gvr, after, ns)
	}
	return true, after.DeepCopy(), err
}

// merge applies the patch to a copy: the fake's own way in a scratch cluster, but typed
// for the kinds of patch that need to know which lists merge by which key.
func merge(before *unstructured.Unstructured, patch clienttesting.PatchActionImpl) (*unstructured.Unstructured, error) {
	if kind := patch.GetPatchType(); kind == types.JSONPatchType || kind == types.MergePatchType {
		scratch := dynamicfake.NewSimpleDynamicClient(kinds(), before)
		return scratch.Resource(patch.GetResource()).Namespace(patch.GetNamespace()).
			Patch(context.Background(), patch.GetName(), kind, patch.GetPatch(), metav1.PatchOptions{})
	}
	old, err := json.Marshal(before)
	if err != nil {
		return nil, err
	}
	typed, err := kinds().New(before.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	merged, err := strategicpatch.StrategicMergePatch(old, patch.GetPatch(), typed)
	if err != nil {
		return nil, err
	}
	after := &unstructured.Unstructured{}
	return after, after.UnmarshalJSON(merged)
}

func manage(object *unstructured.Unstructured, manager string) {
	entries := object.GetManagedFields()
	if !slices.ContainsFunc(entries, func(e metav1.ManagedFieldsEntry) bool { return e.Manager == manager }) {
		object.SetManagedFields(append(entries, metav1.ManagedFieldsEntry{Manager: manager}))
	}
}

func (c *cluster) delete(action clienttesting.Action) (bool, runtime.Object, error) {
	del, ok := action.(clienttesting.DeleteActionImpl)
	if !ok || del.DeleteOptions.Preconditions == nil {
		return false, nil, nil
	}
	found, err := c.Tracker().Get(del.GetResource(), del.GetNamespace(), del.GetName())
	if err != nil {
		return true, nil, err
	}
	if found.(*unstructured.Unstructured).GetUID() != *del.DeleteOptions.Preconditions.UID {
		return true, nil, apierrors.NewConflict(del.GetResource().GroupResource(), del.GetName(), errors.New("another UID"))
	}
	return false, nil, nil
}

func parse(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	text, err := yaml.ToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	return object
}
