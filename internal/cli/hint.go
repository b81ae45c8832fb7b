package cli

import (
	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
)

func newHint(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:     "hint [RUN]",
		GroupID: groupDrill,
		Short:   "Give the next hint of a drill: free in training, it costs points when graded",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.openLive(cmd.Context(), optionalRun(args))
			if err != nil {
				return err
			}
			if r.InMode() == drill.ModeExam {
				return usageErrorf("run %s is an exam: there are no hints", r.name())
			}
			if r.PagedAt.IsZero() || r.Phase == drill.PhaseFinished {
				return usageErrorf("run %s is in phase %q: hints are given from the page to the end", r.name(), r.Phase)
			}
			folder, err := loadFolder(r.Created)
			if err != nil {
				return err
			}
			hints := folder.Scenario.Spec.Hints
			n := len(r.Hints)
			if n >= len(hints) {
				return usageErrorf("run %s has no more hints: all %d were given", r.name(), len(hints))
			}
			hint := drill.Hint{Number: n + 1, Of: len(hints), Text: hints[n]}
			if err := drill.GiveHint(cmd.Context(), r.journal, hint); err != nil {
				return err
			}
			return f.Printf("hint %d of %d: %s\n", hint.Number, hint.Of, hint.Text)
		},
	}
}
