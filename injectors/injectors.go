// Package injectors breaks a cluster in the ways a scenario names, and takes it back.
package injectors

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// Undo is what an injector needs to take its fault back exactly. It is journaled
// before the fault is injected, so a killed process never loses it.
type Undo = json.RawMessage

// Injector breaks one thing.
type Injector interface {
	// Prepare looks at what is about to be broken and returns how to restore it.
	// It changes nothing.
	Prepare(ctx context.Context, t *Target) (Undo, error)
	// Inject breaks it. A second call finds it broken and does nothing.
	Inject(ctx context.Context, t *Target, undo Undo) error
	// Revert restores what Prepare saw, whether Inject ran whole, in part or never.
	Revert(ctx context.Context, t *Target, undo Undo) error
}

// Validator is implemented by parameters with rules that their types cannot say.
type Validator interface {
	Validate() error
}

// Kind is a row of the registry: a type a scenario may name under "faults:".
// New returns a pointer to the kind's zero parameters; its yaml tags are the
// scenario's fields, its `doc` tags their description.
type Kind struct {
	Name string
	Doc  string
	New  func() Injector
}

// Nodes runs commands in the cluster's nodes; the cluster's provider implements it.
type Nodes interface {
	// Run runs a command as root in the named node and returns its combined output.
	// A non-zero exit is an error that holds the output.
	Run(ctx context.Context, node string, command ...string) (string, error)
}

// Target is the system to break.
type Target struct {
	Client    kubernetes.Interface
	Dynamic   dynamic.Interface
	Mapper    meta.RESTMapper
	Namespace string // the drill's namespace
	Nodes     Nodes  // nil when the provider has no node access
	Node      string // the worker that is the drill's own, to be broken; "": none
	// NodeSelector selects the nodes that the drill's pods run on; "" selects all. Others
	// may be broken by other drills, and are left alone.
	NodeSelector string
	File         func(path string) ([]byte, error) // a file of the scenario's folder, variables expanded
}

// breakable refuses a node that is not the drill's own: other drills' pods may be on it.
func (t *Target) breakable(node string) error {
	if node != t.Node {
		return fmt.Errorf("node %s is not the drill's own, so breaking it would break other runs; write ${node} for its name, with spec.breaksNode: true", node)
	}
	return nil
}

// inSystem is the target for an object of the whole cluster's services.
func (t *Target) inSystem() *Target {
	system := *t
	system.Namespace = metav1.NamespaceSystem
	return &system
}
