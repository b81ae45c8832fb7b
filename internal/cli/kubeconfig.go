package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

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
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := f.traineeRun(args)
			if err != nil {
				return err
			}
			return f.Printf("%s\n", r.kubeconfig())
		},
	}
}

// traineeRun is a run whose trainee has been paged and can act.
func (f *Factory) traineeRun(args []string) (*openRun, error) {
	r, err := f.openRun(optionalRun(args))
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

func newShell(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:     "shell [RUN]",
		GroupID: groupDrill,
		Short:   "Open a shell as the drill's trainee",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.traineeRun(args)
			if err != nil {
				return err
			}
			return f.openShell(cmd.Context(), r)
		},
	}
}

func (f *Factory) openShell(ctx context.Context, r *openRun) error {
	shell := f.Getenv("SHELL")
	if runtime.GOOS == "windows" {
		shell = f.Getenv("COMSPEC")
	}
	if shell == "" {
		shell = "/bin/sh"
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), shell) // Ctrl-C belongs to what runs in the shell
	cmd.Env = append(os.Environ(), "KUBECONFIG="+r.kubeconfig(), "FIREDRILL_RUN="+r.name())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f.IO.In, f.IO.Out, f.IO.Err
	if f.IO.InIsTerminal() {
		if err := write(f.IO.Err, "You are on call for %s. kubectl acts as the trainee; exit ends the shell, not the drill.\n", r.name()); err != nil {
			return err
		}
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return &exitStatus{exit.ExitCode()}
	}
	if err != nil {
		return fmt.Errorf("open a shell: %w", err)
	}
	return nil
}
