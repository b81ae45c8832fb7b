package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
)

type demoOptions struct {
	startOptions
	solution string
}

// newDemo plays a whole drill with one of its own solutions in the trainee's place.
func newDemo(f *Factory) *cobra.Command {
	o := &demoOptions{startOptions: startOptions{factory: f}}
	cmd := &cobra.Command{
		Use:     "demo [NAME]",
		GroupID: groupDrill,
		Short:   "Watch a whole drill being solved: one of its solutions plays the trainee",
		Long: `Run a whole drill, from the healthy system to the report, with one of the scenario's
own solutions in the trainee's place. It gives the answer away: for a first look, and to
see on a new machine that everything works.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.scenario = "oomkilled"; len(args) > 0 {
				o.scenario = args[0]
			}
			return runDemo(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.solution, "solution", "", "name of the solution to play (default: the last one)")
	cmd.Flags().Int64Var(&o.seed, "seed", 1, "seed of what varies from run to run")
	return cmd
}

func runDemo(ctx context.Context, o *demoOptions) error {
	f := o.factory
	if err := f.mayAnswer("the demo", o.scenario); err != nil { // it plays the solution
		return err
	}
	if err := o.hasSolution(); err != nil {
		return err
	}
	r, _, err := f.startRun(ctx, &o.startOptions)
	if err != nil {
		return err
	}
	if err := f.printPage(r); err != nil {
		return err
	}
	watchCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	played := make(chan struct{})
	go func() {
		defer close(played)
		if err := f.playSolution(watchCtx, r, o.solution); err != nil {
			stop(err) // nobody is left to repair it: the watch is over
		}
	}()
	err = f.showUntilDecided(watchCtx, r)
	stop(nil)
	<-played
	return f.finish(ctx, r, err)
}

// hasSolution refuses a solution that there is not before anything is made.
func (o *demoOptions) hasSolution() error {
	dirs, err := o.factory.absoluteScenarioDirs()
	if err != nil {
		return err
	}
	folder, err := loadFolder(drill.Created{Scenario: o.scenario, Seed: o.seed, ScenarioDirs: dirs})
	if err != nil {
		return err
	}
	_, err = chooseSolution(folder, o.solution)
	return err
}

// playSolution runs a solution's script as the trainee, with the trainee's kubeconfig.
func (f *Factory) playSolution(ctx context.Context, r *openRun, name string) error {
	folder, err := loadFolder(r.Created)
	if err != nil {
		return err
	}
	script, err := chooseSolution(folder, name)
	if err != nil {
		return err
	}
	env, err := f.scriptEnv(r.Run, folder, r.kubeconfig())
	if err != nil {
		return err
	}
	out, err := runScript(ctx, folder, script, env)
	f.Log.Debug("solution", "script", script.Path, "output", out)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("the solution %s failed: %w\n%s", script.Path, err, strings.TrimSpace(out))
	}
	return nil
}

func chooseSolution(folder *scenario.Folder, name string) (scenario.Script, error) {
	var names []string
	for _, s := range folder.Solutions {
		base := strings.TrimSuffix(filepath.Base(s.Path), ".sh")
		if base == name {
			return s, nil
		}
		names = append(names, base)
	}
	if name != "" || len(folder.Solutions) == 0 {
		return scenario.Script{}, usageErrorf("no solution %q (there are: %s)", name, strings.Join(names, ", "))
	}
	return folder.Solutions[len(folder.Solutions)-1], nil
}

// scriptEnv is what a scenario's scripts find in their environment.
func (f *Factory) scriptEnv(r *drill.Run, folder *scenario.Folder, kubeconfig string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find firedrill's own executable: %w", err)
	}
	h, err := f.Home()
	if err != nil {
		return nil, err
	}
	return append(append(os.Environ(), folder.Env()...),
		"KUBECONFIG="+kubeconfig, "FIREDRILL="+self, "FIREDRILL_HOME="+h.Dir(), "FIREDRILL_RUN="+r.Created.Run,
		"FIREDRILL_CLUSTER="+r.Cluster), nil
}
