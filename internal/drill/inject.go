package drill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/firedrill/firedrill/injectors"
)

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (e *Engine) injectTarget() *injectors.Target {
	return &injectors.Target{
		Client: e.Client, Dynamic: e.Dynamic, Mapper: e.Mapper,
		Namespace: e.run.Created.Run, Nodes: e.Nodes, File: e.folder.File,
	}
}

// inject injects every fault in order, each journaled with its undo before anything
// changes. After a kill it goes on with the first one not known to be injected.
func (e *Engine) inject(ctx context.Context) error {
	target := e.injectTarget()
	for i, fault := range e.plan.Faults {
		if slices.Contains(e.run.Injected, i) {
			continue
		}
		undo, err := e.undoOf(ctx, i, fault, target)
		if err != nil {
			return err
		}
		if err := fault.Injector.Inject(ctx, target, undo); err != nil {
			return fmt.Errorf("inject %s: %w", fault.Kind, err)
		}
		if err := e.note(ctx, entryInjected, Step{Step: i}); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) undoOf(ctx context.Context, i int, fault FaultStep, target *injectors.Target) (injectors.Undo, error) {
	for _, intent := range e.run.Pending {
		if intent.Step == i {
			return intent.Undo, nil // journaled by a referee that was killed
		}
	}
	undo, err := fault.Injector.Prepare(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", fault.Kind, err)
	}
	return undo, e.note(ctx, entryIntent, Intent{Step: i, Kind: fault.Kind, Undo: undo})
}

// revert takes the faults back, the last one first.
func (e *Engine) revert(ctx context.Context) error {
	var errs []error
	for _, intent := range slices.Backward(slices.Clone(e.run.Pending)) {
		if intent.Step >= len(e.plan.Faults) {
			errs = append(errs, fmt.Errorf("fault %d of the journal is not in the scenario any more", intent.Step))
			continue
		}
		if err := e.plan.Faults[intent.Step].Injector.Revert(ctx, e.injectTarget(), intent.Undo); err != nil {
			errs = append(errs, fmt.Errorf("revert %s: %w", intent.Kind, err))
			continue
		}
		errs = append(errs, e.note(ctx, entryReverted, Step{Step: intent.Step}))
	}
	return errors.Join(errs...)
}
