package injectors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// Apply applies objects on the server's side. Its undo: what each object was before,
// or that it did not exist. One that the fault brings is deleted at the end, unless
// somebody else has put their own in its place.
//
// The default field manager is the baseline's own, so a fault is the pipeline's next
// deployment: a field that the baseline set and the fault's manifest lacks is removed.
// Under another name the object keeps every field that the manifest does not name.
type Apply struct {
	File         string `yaml:"file" doc:"A file of the scenario's folder with one or more objects." format:"file"`
	Manifest     string `yaml:"manifest" doc:"The objects themselves, as a block of YAML."`
	FieldManager string `yaml:"fieldManager" doc:"Who appears to have made the change. Default deploy-bot."`
}

// Validate implements Validator.
func (a *Apply) Validate() error {
	if (a.File == "") == (a.Manifest == "") {
		return errors.New("apply needs either file or manifest, and only one of them")
	}
	return nil
}

// named says which file an error is about.
func (a *Apply) named(err error) error {
	if a.File == "" {
		return err
	}
	return fmt.Errorf("%s: %w", a.File, err)
}

func (a *Apply) manager() string { return orDefault(a.FieldManager) }

// Prepare implements Injector.
func (a *Apply) Prepare(ctx context.Context, t *Target) (Undo, error) {
	objects, err := a.objects(t)
	if err != nil {
		return nil, err
	}
	changes := make([]change, 0, len(objects))
	for _, object := range objects {
		ref, client, err := locateObject(t, object)
		if err != nil {
			return nil, err
		}
		before, err := find(ctx, client, ref)
		if err != nil {
			return nil, err
		}
		after, err := a.send(ctx, client, object, metav1.DryRunAll)
		if err != nil {
			return nil, a.named(fmt.Errorf("the cluster would refuse %s: %w", ref, err))
		}
		if before == nil {
			changes = append(changes, change{Ref: ref})
			continue
		}
		changes = append(changes, newChange(ref, before, after))
	}
	return encode(changes)
}

// Inject implements Injector.
func (a *Apply) Inject(ctx context.Context, t *Target, _ Undo) error {
	objects, err := a.objects(t)
	if err != nil {
		return err
	}
	for _, object := range objects {
		ref, client, err := locateObject(t, object)
		if err != nil {
			return err
		}
		if _, err := a.send(ctx, client, object); err != nil {
			return a.named(fmt.Errorf("apply %s: %w", ref, err))
		}
	}
	return nil
}

// Revert implements Injector. It takes the objects back in reverse order and goes
// on past a failure, so that one stuck object does not keep the others broken.
func (a *Apply) Revert(ctx context.Context, t *Target, undo Undo) error {
	var changes []change
	if err := decode(undo, &changes); err != nil {
		return err
	}
	var failed []error
	for i := len(changes) - 1; i >= 0; i-- {
		failed = append(failed, changes[i].revert(ctx, t, a.manager()))
	}
	return errors.Join(failed...)
}

func (a *Apply) send(ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured, dryRun ...string) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	force := true // a fault takes fields over, as a deployment that means it does
	return client.Patch(ctx, object.GetName(), types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: a.manager(), Force: &force, DryRun: dryRun})
}

// objects reads the manifests.
func (a *Apply) objects(t *Target) ([]*unstructured.Unstructured, error) {
	name, text := "manifest", []byte(a.Manifest)
	if a.File != "" {
		var err error
		name = a.File
		if text, err = t.File(a.File); err != nil {
			return nil, err
		}
	}
	var objects []*unstructured.Unstructured
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), len(text))
	for {
		object := &unstructured.Unstructured{}
		err := documents.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: object %d: %w", name, len(objects)+1, err)
		}
		if len(object.Object) > 0 { // a comment between two separators is no object
			objects = append(objects, object)
		}
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("%s holds no object to apply", name)
	}
	return objects, nil
}

func locateObject(t *Target, object *unstructured.Unstructured) (objectRef, dynamic.ResourceInterface, error) {
	if object.GetName() == "" || object.GetKind() == "" {
		return objectRef{}, nil, errors.New("an object to apply lacks its kind or metadata.name")
	}
	if namespace := object.GetNamespace(); namespace != "" && namespace != t.Namespace {
		return objectRef{}, nil, fmt.Errorf("%s %s: its namespace is %s, but a fault stays in the drill's; leave metadata.namespace out", object.GetKind(), object.GetName(), namespace)
	}
	return locate(t, object.GetAPIVersion(), object.GetKind(), object.GetName())
}

func orDefault(manager string) string {
	if manager == "" {
		return defaultFieldManager
	}
	return manager
}
