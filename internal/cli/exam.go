package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/session"
)

// examFile is the exam as it was begun, in the exam's folder. All else of its state is in
// the journals of its runs.
const examFile = "exam.yaml"

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
	cmd.AddCommand(newExamStart(f), newExamNext(f), newExamStatus(f), newExamReport(f))
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
	if open, err := f.openExams(); err != nil {
		return err
	} else if len(open) > 0 {
		return usageErrorf("exam %s is under way: firedrill exam status (firedrill exam next goes on with it)", open[0].id)
	}
	id, err := session.NewID("exam")
	if err != nil {
		return err
	}
	h, err := f.Home()
	if err != nil {
		return err
	}
	if err := home.WriteFile(filepath.Join(h.Exam(id), examFile), src, home.FilePerm); err != nil {
		return err
	}
	e, err := f.openExam(id)
	if err != nil {
		return err
	}
	return o.next(ctx, e)
}

// next starts the first drill that was not begun, after the one before it was decided.
func (o *examOptions) next(ctx context.Context, e *openExam) error {
	f := o.factory
	for i, run := range e.runs {
		switch {
		case run == nil:
			return o.begin(ctx, e, i)
		case run.Phase == drill.PhaseFinished:
		case run.Verdict == nil:
			return usageErrorf("drill %d of exam %s is under way: repair it, or give it up with firedrill end %s", i+1, e.id, run.Created.Run)
		default:
			r, err := f.openRun(run.Created.Run)
			if err != nil {
				return err
			}
			status := f.IO.NewStatus()
			status.Start("%s", steps[drill.PhaseEnding])
			err = f.endAndWait(ctx, r)
			status.End(err == nil)
			if err != nil {
				return err
			}
		}
	}
	return usageErrorf("exam %s is over: firedrill exam report %s", e.id, e.id)
}

func (o *examOptions) begin(ctx context.Context, e *openExam, i int) error {
	f, item := o.factory, e.exam.Scenarios[i]
	start := &startOptions{
		factory: f, scenario: item.Name, variant: item.Variant, limit: item.TimeLimit.Std(), proof: drill.DefaultProofTimeout,
		mode: string(drill.ModeExam), webhook: o.webhook, exam: e.id, examItem: i + 1, detach: true, output: o.output,
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

// openExam is an exam with the runs of its drills: nil where none was begun.
type openExam struct {
	id   string
	exam *scenario.Exam
	runs []*drill.Run
}

// over tells whether every drill was decided, or is over without a verdict.
func (e *openExam) over() bool {
	for _, run := range e.runs {
		if run == nil || run.Verdict == nil && run.Phase != drill.PhaseFinished {
			return false
		}
	}
	return true
}

// openExams lists the exams that are not over, by name.
func (f *Factory) openExams() ([]*openExam, error) {
	all, err := f.exams()
	if err != nil {
		return nil, err
	}
	var open []*openExam
	for _, e := range all {
		if !e.over() {
			open = append(open, e)
		}
	}
	return open, nil
}

// exams reads every exam.
func (f *Factory) exams() ([]*openExam, error) {
	h, err := f.Home()
	if err != nil {
		return nil, err
	}
	dirs, err := os.ReadDir(h.Exams())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the exams: %w", err)
	}
	if len(dirs) == 0 {
		return nil, nil
	}
	store, err := f.store()
	if err != nil {
		return nil, err
	}
	runs, err := replayAll(store)
	if err != nil {
		return nil, err
	}
	var all []*openExam
	for _, dir := range dirs {
		path := filepath.Join(h.Exam(dir.Name()), examFile)
		src, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a folder whose file was never written is no exam
		}
		if err != nil {
			return nil, fmt.Errorf("read the exam %s: %w", dir.Name(), err)
		}
		exam, err := scenario.ReadExam(path, src)
		if err != nil {
			return nil, err
		}
		all = append(all, &openExam{id: dir.Name(), exam: exam, runs: examRuns(dir.Name(), exam, runs)})
	}
	return all, nil
}

// examRuns finds, for each drill, the run that counts: the first one that was paged or
// is on its way there. One that never got to its page was the tool's failure.
func examRuns(id string, exam *scenario.Exam, runs []*drill.Run) []*drill.Run {
	found := make([]*drill.Run, len(exam.Scenarios))
	for _, run := range runs {
		i := run.ExamItem - 1
		if run.Exam != id || i < 0 || i >= len(found) || found[i] != nil {
			continue
		}
		if run.PagedAt.IsZero() && run.Phase == drill.PhaseFinished {
			continue
		}
		found[i] = run
	}
	return found
}

// openExam finds an exam by its name; without one it is the one under way, or else the only one.
func (f *Factory) openExam(id string) (*openExam, error) {
	all, err := f.exams()
	if err != nil {
		return nil, err
	}
	var open []*openExam
	for _, e := range all {
		if id == e.id {
			return e, nil
		}
		if !e.over() {
			open = append(open, e)
		}
	}
	switch {
	case id != "":
		return nil, usageErrorf("no such exam: %q%s", id, knownExams(all))
	case len(open) == 1:
		return open[0], nil
	case len(all) == 1:
		return all[0], nil
	}
	return nil, usageErrorf("which exam? Name one%s, or begin with firedrill exam start FILE", knownExams(all))
}

func knownExams(all []*openExam) string {
	text := ""
	for _, e := range all {
		text += " " + e.id
	}
	if text == "" {
		return " (there are none yet)"
	}
	return " (known:" + text + ")"
}
