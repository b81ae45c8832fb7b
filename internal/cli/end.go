package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
)

func newEnd(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:     "end [RUN]",
		GroupID: groupDrill,
		Short:   "End a drill: take the fault and everything the run made away",
		Long: `End a drill. Without a verdict yet, it is "not recovered". The fault is taken back,
the run's namespace, prober and identity are removed, and a broken node is restored.
The journal stays: firedrill report RUN.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.openRun(optionalRun(args))
			if err != nil {
				return err
			}
			status := f.IO.NewStatus()
			status.Start("Ending %s", r.name())
			err = f.endAndWait(cmd.Context(), r)
			status.End(err == nil)
			if err != nil {
				return err
			}
			status.Say("Nothing of %s is left but its journal: firedrill report %s", r.name(), r.name())
			return nil
		},
	}
}

// endAndWait asks for the end of the run and waits until nothing is left of it.
func (f *Factory) endAndWait(ctx context.Context, r *openRun) error {
	if err := r.refresh(); err != nil {
		return err
	}
	if r.Phase == drill.PhaseFinished {
		return nil
	}
	if err := f.clusterGone(ctx, r); err != nil {
		return err
	}
	if r.Phase == drill.PhaseFinished {
		return nil
	}
	if !(r.Phase == drill.PhaseEnding && r.Detail != drill.VerbReset) {
		if err := r.ask(ctx, drill.VerbEnd); err != nil {
			return err
		}
	}
	return r.follow(ctx, f, func(run *drill.Run, _ session.Entry) (bool, error) {
		return run.Phase == drill.PhaseFinished, nil
	})
}

// clusterGone finishes a run whose cluster is not there any more: nothing is left to
// take away.
func (f *Factory) clusterGone(ctx context.Context, r *openRun) error {
	if gone, err := f.clusterRemoved(r.Run); err != nil || !gone {
		return err // there, or not known to be gone: the referee will tell
	}
	return r.abandon(ctx)
}
