package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/session"
)

// examFile is the exam as it was begun, in the exam's folder. All else of its state is in
// the journals of its runs.
const examFile = "exam.yaml"

// Beside it: the folders of scenarios of one's own, as a JSON list, and when it was given up.
const (
	examDirs  = "scenarios.json"
	examEnded = "ended"
)

type examOptions struct {
	factory *Factory
	webhook string
	output  string
}

func newExam(f *Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "exam",
		GroupID: groupDrill,
		Short:   "Sit several drills, one after the other, with one result",
		Long: `Sit an exam: the drills of a file, one after the other, in mode exam (no hints, no second
try, the checks' states hidden until the verdict). The result is one score out of 100.`,
		Example: `  firedrill exam start exam.yaml
  firedrill exam next             # once the first one is decided
  firedrill exam report           # exit code 0: passed, 1: not`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newExamStart(f), newExamNext(f), newExamStatus(f), newExamReport(f), newExamEnd(f))
	return cmd
}

func newExamStart(f *Factory) *cobra.Command {
	o := &examOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "start FILE",
		Short: "Begin an exam: its first drill is started in the background",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.start(cmd.Context(), args[0])
		},
	}
	webhookFlag(cmd.Flags(), &o.webhook)
	outputFlag(cmd, &o.output, outputText, outputJSON)
	return cmd
}

func newExamNext(f *Factory) *cobra.Command {
	o := &examOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "next [EXAM]",
		Short: "Clean up after the drill that is decided, and start the next one",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := f.openExam(optionalRun(args))
			if err != nil {
				return err
			}
			return o.next(cmd.Context(), e)
		},
	}
	webhookFlag(cmd.Flags(), &o.webhook)
	outputFlag(cmd, &o.output, outputText, outputJSON)
	return cmd
}

// start reads the exam, makes sure that every drill of it can be read, and begins.
func (o *examOptions) start(ctx context.Context, path string) error {
	f := o.factory
	src, err := os.ReadFile(path)
	if err != nil {
		return usageErrorf("read the exam: %w", err)
	}
	exam, err := scenario.ReadExam(filepath.ToSlash(path), src)
	if err != nil {
		return scenarioError(err)
	}
	dirs, err := f.absoluteScenarioDirs()
	if err != nil {
		return err
	}
	for i, item := range exam.Scenarios {
		if _, err := loadFolder(drill.Created{Scenario: item.Name, Variant: item.Variant, ScenarioDirs: dirs}); err != nil {
			return usageErrorf("%s: scenarios[%d]: %w", path, i, err)
		}
	}
	id, err := f.registerExam(ctx, src, dirs)
	if err != nil {
		return err
	}
	e, err := f.openExam(id)
	if err != nil {
		return err
	}
	return o.next(ctx, e)
}

// registerExam gives the exam its name and keeps it, while no other process does the same: one
// is sat at a time.
func (f *Factory) registerExam(ctx context.Context, src []byte, dirs []string) (id string, err error) {
	h, err := f.Home()
	if err != nil {
		return "", err
	}
	lock, err := home.Acquire(ctx, h.PlacesLock(), func() { f.Log.Debug("waiting for another start") })
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if open, err := f.openExams(); err != nil {
		return "", err
	} else if len(open) > 0 {
		return "", usageErrorf("exam %s is under way: firedrill exam status (firedrill exam next goes on with it)", open[0].id)
	}
	if id, err = session.NewID("exam"); err != nil {
		return "", err
	}
	return id, writeExam(h.Exam(id), src, dirs)
}

// writeExam keeps an exam: where its scenarios of one's own lie, then its file, which makes
// the folder one.
func writeExam(folder string, src []byte, dirs []string) error {
	lie, err := json.Marshal(dirs)
	if err != nil {
		return fmt.Errorf("write the exam: %w", err)
	}
	if err := home.WriteFile(filepath.Join(folder, examDirs), lie, home.FilePerm); err != nil {
		return err
	}
	return home.WriteFile(filepath.Join(folder, examFile), src, home.FilePerm)
}

// examScenarioDirs are where an exam's scenarios lie: where they lay when it was begun, unless
// other folders are named.
func (f *Factory) examScenarioDirs(e *openExam) ([]string, error) {
	if len(f.ScenarioDirs) > 0 {
		return f.absoluteScenarioDirs()
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(e.file), examDirs))
	if errors.Is(err, fs.ErrNotExist) { // of an earlier version
		return nil, nil
	}
	var dirs []string
	if err == nil {
		err = json.Unmarshal(data, &dirs)
	}
	if err != nil {
		return nil, fmt.Errorf("read where the scenarios of exam %s lie: %w", e.id, err)
	}
	return dirs, nil
}

func newExamEnd(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "end [EXAM]",
		Short: "Give an exam up: what was not decided of it counts 0",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := f.findExam(optionalRun(args))
			if err != nil {
				return err
			}
			return f.endExam(cmd.Context(), e)
		},
	}
}

// endExam cleans up after the drills that are decided, and closes the exam.
func (f *Factory) endExam(ctx context.Context, e *openExam) error {
	if e.over() {
		return usageErrorf("exam %s is over already: firedrill exam report %s", e.id, e.id)
	}
	for i, run := range e.runs {
		if run != nil && !run.over() {
			return usageErrorf("drill %d of exam %s is under way: firedrill end %s first", i+1, e.id, run.Created.Run)
		}
	}
	for _, run := range e.runs {
		if run == nil || run.damage != nil || run.Phase == drill.PhaseFinished {
			continue
		}
		if err := f.cleanUp(ctx, run.Created.Run); err != nil {
			return err
		}
	}
	if err := home.WriteFile(filepath.Join(filepath.Dir(e.file), examEnded), []byte(time.Now().UTC().Format(time.RFC3339)+"\n"), home.FilePerm); err != nil {
		return err
	}
	return f.Printf("Exam %s is given up: firedrill exam report %s\n", e.id, e.id)
}

// next starts the first drill that was not begun, after the one before it was decided.
func (o *examOptions) next(ctx context.Context, e *openExam) error {
	f := o.factory
	if e.ended {
		return usageErrorf("exam %s was given up: firedrill exam report %s", e.id, e.id)
	}
	for i, run := range e.runs {
		switch {
		case run == nil:
			return o.begin(ctx, e, i)
		case run.damage != nil:
			if err := write(f.IO.Err, "%s drill %d counts 0: %v (firedrill down takes away what is left of it)\n", f.IO.ErrPalette().Yellow("warning:"), i+1, run.damage); err != nil {
				return err
			}
		case run.Phase == drill.PhaseFinished:
		case run.Verdict == nil:
			return usageErrorf("drill %d of exam %s is under way: repair it, or give it up with firedrill end %s", i+1, e.id, run.Created.Run)
		default:
			if err := f.cleanUp(ctx, run.Created.Run); err != nil {
				return err
			}
		}
	}
	return usageErrorf("exam %s is over: firedrill exam report %s", e.id, e.id)
}

// cleanUp ends a drill that is decided.
func (f *Factory) cleanUp(ctx context.Context, run string) error {
	r, err := f.openRun(run)
	if err != nil {
		return err
	}
	status := f.IO.NewStatus()
	status.Start("%s", steps[drill.PhaseEnding])
	err = f.endAndWait(ctx, r)
	status.End(err == nil)
	return err
}

func (o *examOptions) begin(ctx context.Context, e *openExam, i int) error {
	f, item := o.factory, e.exam.Scenarios[i]
	dirs, err := f.examScenarioDirs(e)
	if err != nil {
		return err
	}
	start := &startOptions{
		factory: f, scenarioDirs: dirs, scenario: item.Name, variant: item.Variant, limit: item.TimeLimit.Std(), proof: drill.DefaultProofTimeout,
		mode: string(drill.ModeExam), webhook: o.webhook, exam: e.id, examItem: i + 1, examSum: e.sum, detach: true, output: o.output,
	}
	if item.Seed != nil {
		start.seed = *item.Seed
	} else {
		seed, err := randomSeed()
		if err != nil {
			return err
		}
		start.seed = seed
	}
	if err := write(f.IO.Err, "Exam %s: drill %d of %d\n", e.id, i+1, len(e.exam.Scenarios)); err != nil {
		return err
	}
	return runStart(ctx, start)
}
