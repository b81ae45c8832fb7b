package cli

import (
	"github.com/spf13/cobra"
)

func newDown(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:     "down",
		GroupID: groupCluster,
		Short:   "Remove firedrill's cluster and everything kept of it",
		Long: `Remove firedrill's cluster: its containers, volumes and files, and its entry in your
kubeconfig if it was exported. Only a cluster that firedrill made is ever removed.
The records of past runs stay.`,
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
			return nil
		},
	}
}
