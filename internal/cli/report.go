package cli

import (
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
				if err := r.journal.Verify(); err != nil {
					return err
				}
				return f.Printf("%s: the journal is whole, %d entries\n", r.name(), r.LastSeq)
			}
			return f.printReport(r, output)
		},
	}
	outputFlag(cmd, &output, "text", "json")
	cmd.Flags().BoolVar(&verify, "verify", false, "only tell whether the run's journal was edited")
	return cmd
}

// pipeWidth is how long a line of the report may be where no terminal cuts it.
const pipeWidth = 160

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
	width := f.IO.Width()
	if !f.IO.OutIsTerminal() {
		width = pipeWidth
	}
	return told.Text(f.IO.Out, f.IO.OutPalette(), width)
}
