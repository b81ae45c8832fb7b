package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
)

func newKubeconfig(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:     "kubeconfig [RUN]",
		GroupID: groupDrill,
		Short:   "Print the path of the trainee's kubeconfig",
		Example: `  export KUBECONFIG=$(firedrill kubeconfig)`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.traineeRun(cmd.Context(), args)
			if err != nil {
				return err
			}
			return f.Printf("%s\n", r.kubeconfig())
		},
	}
}

// traineeRun is a run whose trainee has been paged and can act.
func (f *Factory) traineeRun(ctx context.Context, args []string) (*openRun, error) {
	r, err := f.openLive(ctx, optionalRun(args))
	if err != nil {
		return nil, err
	}
	if r.Phase == drill.PhaseFinished {
		return nil, usageErrorf("run %s is over: its identity has no rights any more", r.name())
	}
	if r.PagedAt.IsZero() {
		return nil, usageErrorf("run %s is in phase %q: the trainee has not been paged yet", r.name(), r.Phase)
	}
	if _, err := os.Stat(r.kubeconfig()); err != nil {
		return nil, fmt.Errorf("the trainee's kubeconfig of %s: %w (firedrill reset %s makes it anew)", r.name(), err, r.name())
	}
	return r, nil
}
