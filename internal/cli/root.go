// Package cli is firedrill's command line: one file a command. It is the only place
// that wires the other packages together.
package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/iostreams"
)

// Groups of commands in the help text.
const (
	groupDrill    = "drill"
	groupIncident = "incident"
	groupCluster  = "cluster"
	groupAuthor   = "author"
)

// commands is the list of all commands: a new one is a line here and a file.
func commands() []func(*Factory) *cobra.Command {
	return []func(*Factory) *cobra.Command{
		newStart, newWatch, newStatus, newWait, newHint, newReset, newEnd, newReport, newExam, newRuns, newMetrics, newDemo,
		newAck, newNote, newSeverity, newDiagnose, newResolve,
		newShell, newKubeconfig, newRefereeCommand,
		newUp, newDown, newDoctor, newSSH,
		newList, newShow, newLint, newProve, newSchema, newNew,
		newVersion,
	}
}

// Main runs the command line and returns the process's exit code. It prints the
// error, if there is one, on streams.Err.
func Main(ctx context.Context, args []string, streams *iostreams.IOStreams) int {
	root := NewRoot(NewFactory(streams))
	root.SetArgs(args)
	return reportError(streams, root.ExecuteContext(ctx))
}

// NewRoot returns the root command with every other command below it.
func NewRoot(f *Factory) *cobra.Command {
	root := &cobra.Command{
		Use:   "firedrill",
		Short: "Break a real Kubernetes cluster, and prove the repair",
		Long: `firedrill runs incident drills on a real Kubernetes cluster: it proves the system
healthy, breaks it, proves it broken, watches you repair it, and proves the repair.`,
		Example: `  firedrill up                 # a cluster of its own, about a minute
  firedrill start oomkilled    # a drill: you get paged, you repair
  firedrill down               # everything is gone again`,
		// How many letters a mistyped command may be off to be recognised.
		SuggestionsMinimumDistance: 2,

		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(f.IO.In)
	root.SetOut(f.IO.Out)
	root.SetErr(f.IO.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageErrorf("%w\nSee `%s --help`.", err, cmd.CommandPath())
	})
	verbose := root.PersistentFlags().BoolP("verbose", "v", false, "print what happens underneath, on stderr")
	root.PersistentFlags().StringVar(&f.ClusterName, "name", f.ClusterName, "name of firedrill's cluster (default: $FIREDRILL_CLUSTER)")
	root.PersistentFlags().StringArrayVar(&f.ScenarioDirs, "scenarios", nil, "folder of scenarios of your own, beside the built-in ones (may be repeated)")
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) {
		f.clusterFlag = cmd.Flags().Changed("name")
		if *verbose {
			f.level.Set(slog.LevelDebug)
		}
	}
	root.AddGroup(
		&cobra.Group{ID: groupDrill, Title: "Drills:"},
		&cobra.Group{ID: groupIncident, Title: "The incident:"},
		&cobra.Group{ID: groupCluster, Title: "The cluster:"},
		&cobra.Group{ID: groupAuthor, Title: "Writing scenarios:"},
	)
	for _, construct := range commands() {
		root.AddCommand(construct(f))
	}
	markUsageErrors(root)
	return root
}

// unknownCommand is the root's check of its arguments: they name no command.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("unknown command %q", args[0])
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		text += fmt.Sprintf(" (did you mean %s?)", strings.Join(similar, " or "))
	}
	return usageErrorf("%s\nSee `%s --help`.", text, cmd.CommandPath())
}

// markUsageErrors makes wrong arguments of any command usage errors.
func markUsageErrors(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		markUsageErrors(child)
		check := child.Args
		if check == nil {
			check = cobra.ArbitraryArgs
			if child.HasSubCommands() {
				check = unknownCommand
			}
		}
		child.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return asUsageError(cmd, err)
			}
			return nil
		}
	}
}
