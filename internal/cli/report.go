package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/report"
	"github.com/firedrill/firedrill/internal/scenario"
)

func newReport(f *Factory) *cobra.Command {
	var output string
	var verify bool
	var weightsFile string
	cmd := &cobra.Command{
		Use:     "report [RUN]",
		GroupID: groupDrill,
		Short:   "Tell a run: verdict, times, timeline, what the users saw, each with its evidence",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := f.openRun(optionalRun(args))
			if err != nil {
				return err
			}
			if verify {
				return f.verifyJournal(r, output)
			}
			weights, err := readWeights(weightsFile)
			if err != nil {
				return err
			}
			return f.printReport(r, output, weights)
		},
	}
	outputFlag(cmd, &output, "text", "json")
	cmd.Flags().StringVar(&weightsFile, "weights", "", "YAML file with an instructor's weights of the grade's parts, out of 100 (docs/grading.md)")
	cmd.Flags().BoolVar(&verify, "verify", false, "only tell whether the run's journal was edited")
	return cmd
}

// verified is what "report --verify -o json" prints of a journal that is whole.
type verified struct {
	Run     string `json:"run"`
	Whole   bool   `json:"whole"`
	Entries int64  `json:"entries"`
}

func (f *Factory) verifyJournal(r *openRun, output string) error {
	if err := r.journal.Verify(); err != nil {
		return fmt.Errorf("run %s: %w", r.name(), err)
	}
	if output == outputJSON {
		return f.printJSON(verified{Run: r.name(), Whole: true, Entries: r.LastSeq})
	}
	return f.Printf("%s: the journal is whole, %d entries\n", r.name(), r.LastSeq)
}

// pipeWidth is how long a line of text may be where no terminal cuts it.
const pipeWidth = 160

// textWidth is how long a line of text on Out may be.
func (f *Factory) textWidth() int {
	if !f.IO.OutIsTerminal() {
		return pipeWidth
	}
	return f.IO.Width()
}

// readWeights reads an instructor's weights; without a file the default ones count: nil.
func readWeights(file string) (*grade.Weights, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // none is no error
	}
	weights, err := grade.ReadWeights(file)
	if err != nil {
		return nil, usageErrorf("--weights: %w", err)
	}
	return weights, nil
}

// specOf is the run's scenario, or nil when it cannot be read any more.
func (f *Factory) specOf(run *drill.Run) *scenario.Spec {
	folder, err := loadFolder(run.Created)
	if err != nil {
		f.Log.Warn("the scenario cannot be read any more: no explanation", "error", err)
		return nil
	}
	return &folder.Scenario.Spec
}

func (f *Factory) printReport(r *openRun, output string, weights *grade.Weights) error {
	if err := r.refresh(); err != nil {
		return err
	}
	spec := f.specOf(r.Run)
	told := report.Build(r.Run, spec, time.Now())
	if weights != nil {
		told.Grade = report.GradeOf(r.Run, spec, weights)
	}
	if output == "json" {
		return f.printJSON(told)
	}
	return told.Text(f.IO.Out, f.IO.OutPalette(), f.textWidth())
}
