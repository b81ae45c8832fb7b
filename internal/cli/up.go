package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/cluster"
)

type upOptions struct {
	factory *Factory
	cluster cluster.Options
}

func newUp(f *Factory) *cobra.Command {
	o := &upOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "up",
		GroupID: groupCluster,
		Short:   "Make a Kubernetes cluster for drills, or reuse a healthy one",
		Long: `Make a Kubernetes cluster for drills with kind, or reuse the one that is there when
it is healthy and made from the same configuration. Its kubeconfig is private to
firedrill; yours is not touched unless you ask with --export-kubeconfig.

When it fails or you press Ctrl-C, nothing is left behind.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runUp(cmd, o) },
	}
	flags := cmd.Flags()
	flags.IntVar(&o.cluster.Workers, "workers", cluster.DefaultWorkers, "number of worker nodes (of a cluster that is there: as many as it has)")
	flags.StringVar(&o.cluster.Image, "image", "", "node image (default: $FIREDRILL_NODE_IMAGE, else that of the cluster that is there, else the locally built one, else kind's)")
	flags.BoolVar(&o.cluster.ExportKubeconfig, "export-kubeconfig", false, "also add the administrator's access to your own kubeconfig")
	flags.BoolVar(&o.cluster.Recreate, "recreate", false, "replace a cluster that is not the one asked for; runs on it are lost")
	return cmd
}

func runUp(cmd *cobra.Command, o *upOptions) error {
	ctx, f := cmd.Context(), o.factory
	if o.cluster.Workers < 0 {
		return usageErrorf("--workers %d: it cannot be less than 0", o.cluster.Workers)
	}
	status := f.IO.NewStatus()
	clusters, err := f.Clusters(ctx, status)
	if err != nil {
		return err
	}
	o.cluster.Name, o.cluster.InUse = f.ClusterName, f.inUse
	if err := o.keep(cmd, clusters); err != nil {
		return err
	}
	c, reused, err := clusters.Up(ctx, o.cluster)
	if err == nil {
		err = f.abandonRuns(ctx, status) // of the cluster that this one replaces
	}
	if err != nil {
		return err
	}
	verb := "is ready"
	if reused {
		verb = "is there already, healthy and as asked for: reused"
	}
	status.Say("Cluster %q %s.", c.Name(), verb)
	if o.cluster.ExportKubeconfig {
		status.Say("Your kubeconfig has the context %q.", cluster.ExportedContext(c.Name()))
	}
	status.Say("Next: %s", f.IO.ErrPalette().Cyan(fmt.Sprintf("firedrill start oomkilled%s", f.nameFlag())))
	return nil
}

// keep asks for what the cluster that is there was made from, as far as nothing else was
// asked for: after a reboot up brings it back, however it was made, and --recreate makes it
// anew with as many workers.
func (o *upOptions) keep(cmd *cobra.Command, clusters *cluster.Manager) error {
	workers, image, found, err := clusters.MadeFrom(o.factory.ClusterName)
	if err != nil || !found {
		return err
	}
	if !cmd.Flags().Changed("workers") {
		o.cluster.Workers = workers
	}
	if o.cluster.Image == "" && !o.cluster.Recreate && o.factory.Getenv(cluster.ImageVariable) == "" {
		o.cluster.Image = image
	}
	return nil
}

// nameFlag is what a suggested command needs to be about the same cluster.
func (f *Factory) nameFlag() string { return nameFlagOf(f.ClusterName) }

func nameFlagOf(name string) string {
	if name == "" || name == cluster.DefaultName {
		return ""
	}
	return " --name " + name
}
