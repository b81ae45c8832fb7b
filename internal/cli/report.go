package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/report"
	"github.com/firedrill/firedrill/internal/scenario"
)

func newReport(f *Factory) *cobra.Command {
	var output string
	var verify bool
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
			return f.printReport(r, output)
		},
	}
	outputFlag(cmd, &output, "text", "json")
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

func (f *Factory) printReport(r *openRun, output string) error {
	if err := r.refresh(); err != nil {
		return err
	}
	var spec *scenario.Spec
	if folder, err := loadFolder(r.Created); err == nil {
		spec = &folder.Scenario.Spec
	} else {
		f.Log.Warn("the scenario cannot be read any more: no explanation", "error", err)
	}
	told := report.Build(r.Run, spec, time.Now())
	if output == "json" {
		return f.printJSON(told)
	}
	return told.Text(f.IO.Out, f.IO.OutPalette(), f.textWidth())
}
