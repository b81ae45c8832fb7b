package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
)

// Kinds of a resolution.
const (
	kindMitigation = "mitigation" // the users are served again, the cause is still there
	kindFix        = "fix"        // the cause is gone
)

type resolveOptions struct {
	factory  *Factory
	run      string
	done     string
	kind     string
	followUp string
	output   string
}

func newResolve(f *Factory) *cobra.Command {
	o := &resolveOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "resolve [RUN]",
		GroupID: groupIncident,
		Short:   "Close the incident: what was done, mitigation or fix, what follows",
		Long: `Close the incident with a word of what was done, whether that mitigates or fixes it, and
what is still to be done. It is taken from the page until the run ends, after the verdict
too. On a terminal you are asked for what no flag gives. The verdict does not depend on it.`,
		Example: `  firedrill resolve --done "rolled back to 2.3.0" --kind mitigation --follow-up "size the limit from the working set"`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.run = optionalRun(args)
			return runResolve(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.done, "done", "", "what was done")
	flags.StringVar(&o.kind, "kind", "", "mitigation: the users are served again; fix: the cause is gone")
	flags.StringVar(&o.followUp, "follow-up", "", "what is still to be done")
	outputFlag(cmd, &o.output, outputText, outputJSON)
	return cmd
}

func runResolve(ctx context.Context, o *resolveOptions) error {
	f := o.factory
	r, err := f.openIncident(ctx, o.run, drill.UpdateResolve)
	if err != nil {
		return err
	}
	asked := o.done == "" || o.kind == ""
	u := drill.Update{Verb: drill.UpdateResolve}
	if o.done == "" {
		if o.done, err = f.ask(ctx, "--done", "What was done? "); err != nil {
			return err
		}
	}
	if u.Text, err = cleanText("--done", o.done, maxReason); err != nil {
		return err
	}
	kinds := []string{kindMitigation, kindFix}
	if o.kind == "" {
		if o.kind, err = f.choose(ctx, "--kind", "Is it a mitigation or a fix?", kinds); err != nil {
			return err
		}
	}
	if u.Kind, err = option("--kind", strings.ToLower(o.kind), kinds); err != nil {
		return usageErrorf("--kind %q: use %s", o.kind, strings.Join(kinds, " or "))
	}
	if o.followUp == "" && asked {
		if o.followUp, err = f.ask(ctx, "--follow-up", "What is still to be done? "); err != nil {
			return err
		}
	}
	if o.followUp != "" {
		if u.FollowUp, err = cleanText("--follow-up", o.followUp, maxReason); err != nil {
			return err
		}
	}
	return f.tellIncident(ctx, r, u, o.output)
}
