package injectors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Patch changes one object. The undo holds the fields that the patch changes, as the
// API server's dry run shows them, and the whole object in case it gets deleted.
//
// Revert restores these fields and no others, so a trainee's other changes stay; a
// list (a Deployment's containers) is one field and is restored whole. Restoring a
// pod template makes a new revision, as kubectl rollout undo does.
type Patch struct {
	APIVersion   string `yaml:"apiVersion" doc:"The object's apiVersion, for example apps/v1." required:"true"`
	Kind         string `yaml:"kind" doc:"The object's kind. Namespaced objects are the drill's namespace's; of the others only the drill's own Node, and a PriorityClass or StorageClass with ${run} in its name, are allowed." required:"true"`
	Name         string `yaml:"name" doc:"The object's name." required:"true"`
	Type         string `yaml:"type" doc:"How lists are merged, as with kubectl patch --type. Default strategic." enum:"strategic,merge,json"`
	Patch        any    `yaml:"patch" doc:"The patch: fields for strategic and merge, a list of operations for json. An annotation kubernetes.io/change-cause in it names the revision." required:"true"`
	FieldManager string `yaml:"fieldManager" doc:"Who appears to have made the change. Default deploy-bot."`
	Addon        bool   `yaml:"addon" doc:"The object is the Deployment of spec.breaksAddon, in kube-system."`
}

// Validate implements Validator.
func (p *Patch) Validate() error {
	if p.Addon && (p.APIVersion != "apps/v1" || p.Kind != "Deployment" || p.Name != "metrics-server") {
		return fmt.Errorf("addon: %s %s %s is not the Deployment of an addon; write apps/v1 Deployment metrics-server", p.APIVersion, p.Kind, p.Name)
	}
	_, _, err := p.body()
	return err
}

func (p *Patch) manager() string { return orDefault(p.FieldManager) }

// body returns the patch as the API server takes it.
func (p *Patch) body() (types.PatchType, []byte, error) {
	_, isList := p.Patch.([]any)
	if isList != (p.Type == "json") {
		return "", nil, errors.New("patch is a list of operations with type json, and fields of the object with every other type")
	}
	text, err := json.Marshal(p.Patch)
	if err != nil {
		return "", nil, fmt.Errorf("patch cannot be written as JSON: %w", err)
	}
	switch p.Type {
	case "json":
		return types.JSONPatchType, text, nil
	case "merge":
		return types.MergePatchType, text, nil
	case "", "strategic":
		return types.StrategicMergePatchType, text, nil
	default:
		return "", nil, fmt.Errorf("patch type %q is none of strategic, merge, json", p.Type)
	}
}

// Prepare implements Injector.
func (p *Patch) Prepare(ctx context.Context, t *Target) (Undo, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	patchType, body, err := p.body()
	if err != nil {
		return nil, err
	}
	if p.Addon {
		t = t.inSystem()
	}
	ref, client, err := locate(t, p.APIVersion, p.Kind, p.Name)
	if err != nil {
		return nil, err
	}
	before, err := find(ctx, client, ref)
	if err != nil {
		return nil, err
	}
	if before == nil {
		return nil, fmt.Errorf("%s does not exist, so it cannot be patched; the baseline's manifests must create it", ref)
	}
	after, err := client.Patch(ctx, p.Name, patchType, body,
		metav1.PatchOptions{FieldManager: p.manager(), DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return nil, fmt.Errorf("the cluster would refuse the patch of %s: %w", ref, err)
	}
	undo := newChange(ref, before, after)
	if len(undo.Forward) == 0 {
		return nil, fmt.Errorf("the patch of %s changes nothing: the object is like that already", ref)
	}
	return encode(undo)
}

// Inject implements Injector.
func (p *Patch) Inject(ctx context.Context, t *Target, undo Undo) error {
	var c change
	if err := decode(undo, &c); err != nil {
		return err
	}
	if p.Addon {
		t = t.inSystem()
	}
	return c.forward(ctx, t, p.manager())
}

// Revert implements Injector.
func (p *Patch) Revert(ctx context.Context, t *Target, undo Undo) error {
	var c change
	if err := decode(undo, &c); err != nil {
		return err
	}
	if p.Addon {
		t = t.inSystem()
	}
	return c.revert(ctx, t, p.manager())
}
