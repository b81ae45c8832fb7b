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
		NodeSelector: e.run.Created.NodeSelector,
	}
}

// inject injects every fault in order, each journaled with its undo before anything
// changes. After a kill it goes on with the first one not known to be injected.
func (e *Engine) inject(ctx context.Context) error {
	return e.injectAll(ctx, false, e.plan.Faults, e.run.Injected)
}

// setUp makes what the healthy system needs after its manifests, journaled as the
// faults are.
func (e *Engine) setUp(ctx context.Context) error {
	return e.injectAll(ctx, true, e.plan.Setup, e.run.SetUp)
}

func (e *Engine) injectAll(ctx context.Context, setup bool, steps []FaultStep, done []int) error {
	target := e.injectTarget()
	for i, step := range steps {
		if slices.Contains(done, i) {
			continue
		}
		undo, err := e.undoOf(ctx, Step{Step: i, Setup: setup}, step, target)
		if err != nil {
			return err
		}
		if err := step.Injector.Inject(ctx, target, undo); err != nil {
			return fmt.Errorf("inject %s: %w", step.Kind, err)
		}
		if err := e.note(ctx, entryInjected, Step{Step: i, Setup: setup}); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) undoOf(ctx context.Context, which Step, fault FaultStep, target *injectors.Target) (injectors.Undo, error) {
	for _, intent := range e.run.Pending {
		if intent.Step == which.Step && intent.Setup == which.Setup {
			return intent.Undo, nil // journaled by a referee that was killed
		}
	}
	undo, err := fault.Injector.Prepare(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", fault.Kind, err)
	}
	return undo, e.note(ctx, entryIntent, Intent{Step: which.Step, Setup: which.Setup, Kind: fault.Kind, Undo: undo})
}

// revert takes the faults back, or the set-up, the last step first.
func (e *Engine) revert(ctx context.Context, setup bool) error {
	steps := e.plan.Faults
	if setup {
		steps = e.plan.Setup
	}
	var errs []error
	for _, intent := range slices.Backward(slices.Clone(e.run.Pending)) {
		if intent.Setup != setup {
			continue
		}
		if intent.Step >= len(steps) {
			errs = append(errs, fmt.Errorf("%s, step %d of the journal, is not in the scenario any more", intent.Kind, intent.Step))
			continue
		}
		if err := steps[intent.Step].Injector.Revert(ctx, e.injectTarget(), intent.Undo); err != nil {
			errs = append(errs, fmt.Errorf("revert %s: %w", intent.Kind, err))
			continue
		}
		errs = append(errs, e.note(ctx, entryReverted, Step{Step: intent.Step, Setup: setup}))
	}
	return errors.Join(errs...)
}
