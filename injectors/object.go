package injectors

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// defaultFieldManager is the name a fault's changes go by in metadata.managedFields,
// the same as the baseline's: a trainee who looks there must find the deployment
// pipeline, not the drill.
const defaultFieldManager = "deploy-bot"

// objectRef names one object of the cluster. Its JSON form is part of the undo.
type objectRef struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"` // empty for cluster-scoped kinds
	Name       string `json:"name"`
}

// String names the object as errors do: "Deployment shop-x7k2q/checkout".
func (r objectRef) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// clusterScoped tells whether a fault may touch this kind although it belongs to no
// namespace, and so to no single run. Nodes are a drill's own by breaksNode; the
// classes do nothing until an object names them.
func clusterScoped(gk schema.GroupKind) bool {
	switch gk {
	case schema.GroupKind{Kind: "Node"},
		schema.GroupKind{Group: "scheduling.k8s.io", Kind: "PriorityClass"},
		schema.GroupKind{Group: "storage.k8s.io", Kind: "StorageClass"}:
		return true
	default:
		return false
	}
}

// locate returns the reference of a named object and the client for it. Objects of
// namespaced kinds are always the drill's namespace's.
func locate(t *Target, apiVersion, kind, name string) (objectRef, dynamic.ResourceInterface, error) {
	ref := objectRef{APIVersion: apiVersion, Kind: kind, Name: name}
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return ref, nil, fmt.Errorf("%s %s: apiVersion %q is not group/version: %w", kind, name, apiVersion, err)
	}
	gk := gv.WithKind(kind).GroupKind()
	mapping, err := t.Mapper.RESTMapping(gk, gv.Version)
	if err != nil {
		return ref, nil, fmt.Errorf("%s %s: the cluster serves no such kind in %s; kubectl api-resources lists those it does: %w", kind, name, apiVersion, err)
	}
	resource := t.Dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		ref.Namespace = t.Namespace
		return ref, resource.Namespace(t.Namespace), nil
	}
	if !clusterScoped(gk) {
		return ref, nil, fmt.Errorf("%s %s belongs to no namespace, so breaking it would break other runs; of the cluster-scoped kinds only Node, PriorityClass and StorageClass may be touched", kind, name)
	}
	return ref, resource, nil
}

// client returns the client for an object that was located before.
func (r objectRef) client(t *Target) (dynamic.ResourceInterface, error) {
	_, client, err := locate(t, r.APIVersion, r.Kind, r.Name)
	if err != nil {
		return nil, err
	}
	if r.Namespace != "" && r.Namespace != t.Namespace {
		return nil, fmt.Errorf("%s: the undo is of another run than the one in namespace %s", r, t.Namespace)
	}
	return client, nil
}

// find gets an object; nil when there is none.
func find(ctx context.Context, client dynamic.ResourceInterface, ref objectRef) (*unstructured.Unstructured, error) {
	object, err := client.Get(ctx, ref.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", ref, err)
	}
	return object, nil
}

// content returns a copy of what a person wrote of an object: all but the status and
// what the API server keeps in the metadata.
func content(object *unstructured.Unstructured) map[string]any {
	written := object.DeepCopy().Object
	delete(written, "status")
	for _, field := range []string{
		"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation",
		"managedFields", "resourceVersion", "selfLink", "uid",
	} {
		unstructured.RemoveNestedField(written, "metadata", field)
	}
	return written
}
