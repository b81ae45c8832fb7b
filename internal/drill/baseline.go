package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/firedrill/firedrill/verifier"
)

// What the names of snapshots in the run's folder begin with, and of the one that was
// completed at the page. A file that the journal already names is never written again: a
// kill between the file and its entry would leave a journal that calls it changed.
const (
	baselineFile       = "baseline"
	baselineAtPageFile = "baseline-at-page"
)

// baselineAsk is how long a database may take to answer one question of a snapshot. A
// snapshot is tried again as long as a proof may take: on a busy machine a question to a
// database, or to the API server, may go unanswered.
const baselineAsk = 20 * time.Second

// takeBaseline takes the snapshot that every later comparison rests on.
func (e *Engine) takeBaseline(ctx context.Context) error {
	if err := e.keepNodeSettings(ctx); err != nil {
		return err
	}
	return e.keepBaseline(ctx, baselineFile, e.snapshot)
}

// completeBaseline adds what the recovery checks compare with of the moment of the page.
func (e *Engine) completeBaseline(ctx context.Context) error {
	if !e.plan.Recovery.AsksAtPage() || e.run.Baseline != nil && strings.HasPrefix(e.run.Baseline.File, baselineAtPageFile) {
		return nil
	}
	return e.keepBaseline(ctx, baselineAtPageFile, func(ctx context.Context) (*verifier.Baseline, error) {
		target, err := e.target()
		if err != nil {
			return nil, err
		}
		if target.Baseline == nil {
			return nil, errors.New("there is no baseline to complete")
		}
		target.AskLimit = baselineAsk
		return target.Baseline, target.Baseline.TakeAtPage(ctx, target, e.plan.Recovery)
	})
}

// keepBaseline takes a snapshot, tries it again for a while, and writes it down.
func (e *Engine) keepBaseline(ctx context.Context, name string, take func(context.Context) (*verifier.Baseline, error)) error {
	var base *verifier.Baseline
	patience := e.proofTimeout()
	last := errors.New("no snapshot came to an end")
	waitErr := wait.PollUntilContextTimeout(ctx, time.Second/2, patience, true, func(ctx context.Context) (bool, error) {
		taken, err := take(ctx)
		if err != nil {
			last = err
			return false, nil //nolint:nilerr // tried again; the last error is told
		}
		base = taken
		return true, nil
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if waitErr != nil {
		return fmt.Errorf("take the baseline, for %s: %w", patience, last)
	}
	data, err := json.MarshalIndent(base, "", " ")
	if err != nil {
		return fmt.Errorf("write the baseline: %w", err)
	}
	e.mu.Lock()
	file := fmt.Sprintf("%s-%d.json", name, e.run.LastSeq)
	e.mu.Unlock()
	if err := e.Files.WriteFile(e.run.Created.Run, file, data); err != nil {
		return err
	}
	return e.note(ctx, entryBaseline, Baseline{File: file, SHA256: digest(data)})
}

func (e *Engine) snapshot(ctx context.Context) (*verifier.Baseline, error) {
	target, err := e.target()
	if err != nil {
		return nil, err
	}
	target.AskLimit = baselineAsk
	base, err := verifier.TakeBaseline(ctx, e.Client, e.run.Created.Run)
	if err != nil {
		return nil, err
	}
	if err := base.TakeFor(ctx, target, e.plan.Recovery); err != nil {
		return nil, err
	}
	if addon := e.run.Created.Addon; addon != "" {
		return base, base.TakeAddon(ctx, e.Client, addon)
	}
	return base, nil
}

// baseline reads the snapshot back and makes sure that nobody changed it.
func (e *Engine) baseline() (*verifier.Baseline, error) { return ReadBaseline(e.Files, e.run) }

// ReadBaseline reads the baseline of a run; nil when none was taken yet. One that was
// changed since is an error.
func ReadBaseline(files interface {
	ReadFile(run, name string) ([]byte, error)
}, run *Run,
) (*verifier.Baseline, error) {
	if run.Baseline == nil {
		return nil, nil //nolint:nilnil // documented
	}
	data, err := files.ReadFile(run.Created.Run, run.Baseline.File)
	if err != nil {
		return nil, err
	}
	if digest(data) != run.Baseline.SHA256 {
		return nil, errors.New("the baseline in the run's folder was changed after it was taken: firedrill reset or end the run")
	}
	base := new(verifier.Baseline)
	if err := json.Unmarshal(data, base); err != nil {
		return nil, fmt.Errorf("read the baseline: %w", err)
	}
	return base, nil
}
