package cli

import (
	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
)

func newReset(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:     "reset [RUN]",
		GroupID: groupDrill,
		Short:   "Begin a drill again: everything made anew, broken anew, a new clock",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.openRun(optionalRun(args))
			if err != nil {
				return err
			}
			if r.Phase == drill.PhaseFinished {
				return usageErrorf("run %s is over: firedrill start %s --seed %d begins the same drill again", r.name(), r.Scenario, r.Seed)
			}
			if r.InMode() == drill.ModeExam {
				return usageErrorf("run %s is an exam: there is no second try (firedrill end %s gives it up)", r.name(), r.name())
			}
			if r.InMode() == drill.ModeGraded && r.Verdict != nil { // its report tells the cause
				return usageErrorf("run %s is graded and decided: there is no second try (firedrill end %s)", r.name(), r.name())
			}
			if err := r.ask(cmd.Context(), drill.VerbReset); err != nil {
				return err
			}
			if err := r.refresh(); err != nil {
				return err
			}
			if err := f.showUntilPaged(cmd.Context(), r); err != nil {
				return err
			}
			return f.printPage(r)
		},
	}
}
