package cli

import (
	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
)

func newWatch(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:     "watch [RUN]",
		GroupID: groupDrill,
		Short:   "Watch a drill until its verdict; Ctrl-C only stops watching",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.openRun(optionalRun(args))
			if err != nil {
				return err
			}
			if r.PagedAt.IsZero() && r.Phase != drill.PhaseFinished {
				if err := f.showUntilPaged(cmd.Context(), r); err != nil {
					return err
				}
			}
			if r.Verdict == nil && r.Phase != drill.PhaseFinished {
				if err := f.showUntilDecided(cmd.Context(), r); err != nil {
					return err
				}
			}
			if err := f.Printf("%s\n", r.VerdictText()); err != nil {
				return err
			}
			return verdictExit(r.Run)
		},
	}
}
