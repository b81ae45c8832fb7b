package injectors

import (
	"context"
	"fmt"
	"strings"

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

// ownOfClass refuses an object that belongs to no namespace, unless it is the drill's alone:
// its node, or a class with the run's name in its own, which does nothing until an object
// names it.
func (t *Target) ownOfClass(gk schema.GroupKind, name string) error {
	switch gk {
	case schema.GroupKind{Kind: "Node"}:
		return t.breakable(name)
	case schema.GroupKind{Group: "scheduling.k8s.io", Kind: "PriorityClass"}, schema.GroupKind{Group: "storage.k8s.io", Kind: "StorageClass"}:
		if strings.Contains(name, t.Namespace) {
			return nil
		}
		return fmt.Errorf("%s %s would be other runs' as well; write ${run} in its name", gk.Kind, name)
	}
	return fmt.Errorf("%s %s belongs to no namespace, so breaking it would break other runs; of the cluster-scoped kinds only Node, PriorityClass and StorageClass may be touched", gk.Kind, name)
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
	return ref, resource, t.ownOfClass(gk, name)
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
