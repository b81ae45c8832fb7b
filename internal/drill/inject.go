package drill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/firedrill/firedrill/injectors"
	"github.com/firedrill/firedrill/internal/scenario"
)

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (e *Engine) injectTarget() *injectors.Target {
	return &injectors.Target{
		Client: e.Client, Dynamic: e.Dynamic, Mapper: e.Mapper,
		Namespace: e.run.Created.Run, Nodes: e.Nodes, File: e.folder.File,
		Node: e.run.Created.Node, NodeSelector: e.run.Created.NodeSelector,
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
		if err := e.injectStep(ctx, Step{Step: i, Setup: setup}, step, target); err != nil {
			return fmt.Errorf("%s (%s): %w", placeOf(Step{Step: i, Setup: setup}), step.Kind, err)
		}
		if err := e.note(ctx, entryInjected, Step{Step: i, Setup: setup}); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) injectStep(ctx context.Context, which Step, step FaultStep, target *injectors.Target) error {
	undo, err := e.undoOf(ctx, which, step, target)
	if err != nil {
		return err
	}
	return step.Injector.Inject(ctx, target, undo)
}

// placeOf is where the scenario says a step.
func placeOf(which Step) string {
	list := "faults"
	if which.Setup {
		list = "setup"
	}
	return fmt.Sprintf("%s: spec.%s[%d]", scenario.FileName, list, which.Step)
}

func (e *Engine) undoOf(ctx context.Context, which Step, fault FaultStep, target *injectors.Target) (injectors.Undo, error) {
	for _, intent := range e.run.Pending {
		if intent.Step == which.Step && intent.Setup == which.Setup {
			return e.readUndo(intent) // journaled by a referee that was killed
		}
	}
	undo, err := fault.Injector.Prepare(ctx, target)
	if err != nil {
		return nil, err
	}
	file := undoFile(which)
	if err := e.Files.WriteFile(e.run.Created.Run, file, undo); err != nil {
		return nil, err
	}
	return undo, e.note(ctx, entryIntent, Intent{
		Step: which.Step, Setup: which.Setup, Kind: fault.Kind, File: file, SHA256: digest(undo),
	})
}

// undoFile is where the undo of a step lies.
func undoFile(which Step) string {
	of := "fault"
	if which.Setup {
		of = "setup"
	}
	return fmt.Sprintf("undo-%s-%d.json", of, which.Step)
}

// readUndo reads how to take a step back. One that was changed since is an error.
func (e *Engine) readUndo(intent Intent) (injectors.Undo, error) {
	undo, err := e.Files.ReadFile(e.run.Created.Run, intent.File)
	if err != nil {
		return nil, err
	}
	if digest(undo) != intent.SHA256 {
		return nil, fmt.Errorf("%s in the run's folder was changed after it was written", intent.File)
	}
	return undo, nil
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
		errs = append(errs, e.revertStep(ctx, steps[intent.Step], intent))
	}
	return errors.Join(errs...)
}

func (e *Engine) revertStep(ctx context.Context, step FaultStep, intent Intent) error {
	undo, err := e.readUndo(intent)
	if err == nil {
		err = step.Injector.Revert(ctx, e.injectTarget(), undo)
	}
	if err != nil {
		return fmt.Errorf("revert %s: %w", intent.Kind, err)
	}
	if err := e.note(ctx, entryReverted, Step{Step: intent.Step, Setup: intent.Setup}); err != nil {
		return err
	}
	return e.Files.RemoveFile(e.run.Created.Run, intent.File)
}

// removeUndos removes what is left of the undos once every step was taken back: one whose
// referee was killed before it could, or before it journaled it, may hold Secrets.
func (e *Engine) removeUndos() error {
	errs := []error{e.Files.RemoveFile(e.run.Created.Run, nodeSettingsFile)}
	for i := range e.plan.Setup {
		errs = append(errs, e.Files.RemoveFile(e.run.Created.Run, undoFile(Step{Step: i, Setup: true})))
	}
	for i := range e.plan.Faults {
		errs = append(errs, e.Files.RemoveFile(e.run.Created.Run, undoFile(Step{Step: i})))
	}
	return errors.Join(errs...)
}
