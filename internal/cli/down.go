package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/iostreams"
)

func newDown(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:     "down",
		GroupID: groupCluster,
		Short:   "Remove firedrill's cluster and everything kept of it",
		Long: `Remove firedrill's cluster: its containers, volumes and files, and its entry in your
kubeconfig if it was exported. Only a cluster that firedrill made is ever removed.
Runs under way on it are over, without a verdict. The records of runs stay.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			status := f.IO.NewStatus()
			clusters, err := f.Clusters(cmd.Context(), status)
			if err != nil {
				return err
			}
			existed, err := clusters.Down(cmd.Context(), f.ClusterName)
			if err != nil {
				return err
			}
			if !existed {
				status.Say("There is no cluster %q: nothing to remove.", f.ClusterName)
			}
			return f.abandonRuns(cmd.Context(), status)
		},
	}
}

// abandonRuns finishes the runs whose cluster of that name was removed, be it for another
// one: their referees end, and no verb takes them for under way.
func (f *Factory) abandonRuns(ctx context.Context, status *iostreams.Status) error {
	store, err := f.store()
	if err != nil {
		return err
	}
	open, err := unfinished(store)
	if err != nil {
		return err
	}
	for _, run := range open {
		if run.Cluster != f.ClusterName {
			continue
		}
		if gone, err := f.clusterRemoved(run); err != nil {
			return err
		} else if !gone {
			continue
		}
		r, err := f.openRun(run.Created.Run)
		if err != nil {
			return err
		}
		if err := r.abandon(ctx); err != nil {
			return err
		}
		status.Say("Run %s is over: its cluster is gone.", r.name())
	}
	return nil
}

// clusterRemoved tells whether the run's cluster was removed.
func (f *Factory) clusterRemoved(r *drill.Run) (bool, error) {
	h, err := f.Home()
	if err != nil {
		return false, err
	}
	return cluster.Gone(h, r.Cluster, r.ClusterID)
}

// abandon finishes a run whose cluster is gone, and reads what became of it.
func (r *openRun) abandon(ctx context.Context) error {
	if err := drill.Abandon(ctx, r.journal, r.Run, drill.WhyGone(r.Cluster)); err != nil {
		return err
	}
	return r.refresh()
}
