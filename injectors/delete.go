package injectors

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
)

// Delete deletes one object and what it owns. Revert creates it again as it was,
// under a new UID. When somebody has put an object of that name back, Revert leaves
// theirs: what the fault did is undone.
type Delete struct {
	APIVersion string `yaml:"apiVersion" doc:"The object's apiVersion, for example v1." required:"true"`
	Kind       string `yaml:"kind" doc:"The object's kind. Kinds whose loss cannot be taken back (claims, volumes, nodes) are refused." required:"true"`
	Name       string `yaml:"name" doc:"The object's name." required:"true"`
}

// deletion is Delete's undo.
type deletion struct {
	change
	UID types.UID `json:"uid"`
}

// Validate implements Validator.
func (d *Delete) Validate() error {
	switch d.Kind {
	case "PersistentVolumeClaim", "PersistentVolume", "Node", "Namespace":
		return fmt.Errorf("deleting a %s cannot be taken back exactly, so no fault may do it", d.Kind)
	default:
		return nil
	}
}

// Prepare implements Injector.
func (d *Delete) Prepare(ctx context.Context, t *Target) (Undo, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	ref, client, err := locate(t, d.APIVersion, d.Kind, d.Name)
	if err != nil {
		return nil, err
	}
	object, err := find(ctx, client, ref)
	if err != nil {
		return nil, err
	}
	if object == nil {
		return nil, fmt.Errorf("%s does not exist, so it cannot be deleted; the baseline's manifests must create it", ref)
	}
	return encode(deletion{change: change{Ref: ref, Before: content(object)}, UID: object.GetUID()})
}

// Inject implements Injector.
func (d *Delete) Inject(ctx context.Context, t *Target, undo Undo) error {
	var gone deletion
	if err := decode(undo, &gone); err != nil {
		return err
	}
	client, err := gone.Ref.client(t)
	if err != nil {
		return err
	}
	if err := remove(ctx, client, gone.Ref, gone.UID); err != nil {
		return fmt.Errorf("delete %s: %w", gone.Ref, err)
	}
	return nil
}

// Revert implements Injector.
func (d *Delete) Revert(ctx context.Context, t *Target, undo Undo) error {
	var gone deletion
	if err := decode(undo, &gone); err != nil {
		return err
	}
	return gone.revert(ctx, t, defaultFieldManager)
}
