package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// baselineManager is the field manager of the baseline's objects: to the trainee, an
// ordinary deployment pipeline.
const baselineManager = "deploy-bot"

// applyManifests applies the baseline's files in order.
func (e *Engine) applyManifests(ctx context.Context) error {
	files, err := e.manifestFiles()
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := e.folder.File(file)
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		if err := e.applyFile(ctx, file, data); err != nil {
			return err
		}
	}
	return nil
}

// manifestFiles are the files that the scenario lists, else all in manifests/.
func (e *Engine) manifestFiles() ([]string, error) {
	if listed := e.folder.Scenario.Spec.Manifests; len(listed) > 0 {
		return listed, nil
	}
	entries, err := fs.ReadDir(e.folder.FS, "manifests")
	if err != nil {
		return nil, fmt.Errorf("list manifests: %w", err)
	}
	var files []string
	for _, entry := range entries {
		if ext := path.Ext(entry.Name()); ext == ".yaml" || ext == ".yml" || ext == ".json" {
			files = append(files, path.Join("manifests", entry.Name()))
		}
	}
	slices.Sort(files)
	return files, nil
}

func (e *Engine) applyFile(ctx context.Context, file string, data []byte) error {
	dec := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		obj := &unstructured.Unstructured{}
		if err := dec.Decode(&obj.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if len(obj.Object) == 0 {
			continue
		}
		if err := e.applyObject(ctx, obj); err != nil {
			return fmt.Errorf("%s: apply %s %s: %w", file, obj.GetKind(), obj.GetName(), err)
		}
	}
}

// applyObject applies one namespaced object. A drill's baseline never reaches beyond
// its namespace.
func (e *Engine) applyObject(ctx context.Context, obj *unstructured.Unstructured) error {
	gvk := obj.GroupVersionKind()
	mapping, err := e.Mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return err
	}
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return errors.New("only namespaced objects may be in a baseline")
	}
	obj.SetNamespace(e.run.Created.Run)
	_, err = e.Dynamic.Resource(mapping.Resource).Namespace(e.run.Created.Run).
		Apply(ctx, obj.GetName(), obj, metav1.ApplyOptions{FieldManager: baselineManager, Force: true})
	return err
}
