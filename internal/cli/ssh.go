package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/cluster"
)

// shellRecorder is told of the node shells that trainees open. One may be set on sshOptions.
type shellRecorder interface {
	// Started is called before the shell opens; command is empty for a login
	// shell. The command it returns is run in place of the given one, so that a
	// recorder can wrap it.
	Started(ctx context.Context, node string, command []string) ([]string, error)
	// Ended is called when the shell has ended.
	Ended(ctx context.Context, node string, command []string, code int) error
}

type sshOptions struct {
	factory  *Factory
	recorder shellRecorder
	node     string
	command  []string
}

func newSSH(f *Factory) *cobra.Command {
	o := &sshOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "ssh NODE [-- COMMAND...]",
		GroupID: groupCluster,
		Short:   "Open a shell on a node, or run a command there",
		Long: `Open a shell on a node as root, or run a command there. What is done on a worker shows on
the timeline of the run it is done for: $FIREDRILL_RUN, else the one that broke the node, else
the only run under way. The control plane's node, where the referee works, is open
only while no run is under way.`,
		Example: `  firedrill ssh firedrill-worker
  firedrill ssh firedrill-worker -- systemctl status kubelet`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.node, o.command = args[0], remoteCommand(args[1:])
			return runSSH(cmd.Context(), o)
		},
	}
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// remoteCommand is what follows the node's name. The "--" in front of it is left in
// by the flag parser, which stops at the node's name: what follows belongs to the node.
func remoteCommand(args []string) []string {
	if len(args) > 0 && args[0] == "--" {
		return args[1:]
	}
	return args
}

func runSSH(ctx context.Context, o *sshOptions) error {
	f := o.factory
	clusters, err := f.Clusters(ctx, f.IO.NewStatus())
	if err != nil {
		return err
	}
	c, err := clusters.Open(f.ClusterName)
	if err != nil {
		return err
	}
	node, err := c.Node(ctx, o.node)
	if err != nil {
		return err
	}
	if err := f.refuseControlPlane(node, c.ID()); err != nil {
		return err
	}
	if o.recorder == nil {
		if o.recorder, err = f.recorderFor(ctx, c.ID(), o.node, c); err != nil {
			return err
		}
	}
	command, err := o.recorder.Started(ctx, o.node, o.command)
	if err != nil {
		return fmt.Errorf("record the shell on node %s: %w", o.node, err)
	}
	code, err := runShell(ctx, c, f, o.node, command)
	if err != nil {
		return err
	}
	if err := o.recorder.Ended(context.WithoutCancel(ctx), o.node, o.command, code); err != nil {
		return fmt.Errorf("record the shell on node %s: %w", o.node, err)
	}
	if code != 0 {
		return &exitStatus{code}
	}
	return nil
}

// refuseControlPlane keeps trainees from the control plane's node while a run is under way
// on the cluster: root there has the administrator's access, the referee's pods and the
// audit log, and a way around everything that a drill proves.
func (f *Factory) refuseControlPlane(node cluster.NodeInfo, clusterID string) error {
	if node.Role != cluster.RoleControlPlane {
		return nil
	}
	open, err := f.runsOn(clusterID)
	if err != nil || len(open) == 0 {
		return err
	}
	return usageErrorf("node %s is the control plane, where the referee works: there is no shell on it while run %s is under way (firedrill end %s ends it)",
		node.Name, open[0].Created.Run, open[0].Created.Run)
}

// runShell connects the command to this process's own streams. Ctrl-C belongs to the
// shell then: a terminal sends it there, not to us.
func runShell(ctx context.Context, c *cluster.Cluster, f *Factory, node string, command []string) (int, error) {
	tty := f.IO.InIsTerminal() && f.IO.OutIsTerminal()
	shell := c.Interactive(ctx, node, tty, command...)
	if tty {
		defer f.IO.SaveTerminal()() // a killed engine command leaves it raw
	}
	shell.Stdin, shell.Stdout, shell.Stderr = f.IO.In, f.IO.Out, f.IO.Err
	err := shell.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 0, fmt.Errorf("open a shell on node %s: %w", node, err)
	}
	return 0, nil
}
