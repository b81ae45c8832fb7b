package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/scenario"
)

type newOptions struct {
	factory *Factory
	name    string
	dir     string
}

func newNew(f *Factory) *cobra.Command {
	o := &newOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "new NAME",
		GroupID: groupAuthor,
		Short:   "Write the folder of a new scenario",
		Long: `Write the folder of a new scenario: a small drill that works, to be changed piece by
piece. The name is that of the cause; trainees see it only in firedrill list.`,
		Example: `  firedrill new disk-full --dir my-scenarios
  firedrill lint my-scenarios/disk-full
  firedrill start disk-full --scenarios my-scenarios`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.name = args[0]
			return runNew(o)
		},
	}
	cmd.Flags().StringVar(&o.dir, "dir", ".", "folder to write the scenario's folder into")
	return cmd
}

func runNew(o *newOptions) error {
	if err := scenario.WriteSkeleton(o.dir, o.name); err != nil {
		return usageErrorf("%w", err)
	}
	folder := filepath.Join(o.dir, o.name)
	return o.factory.Printf("Wrote %s.\nNext: edit %s, then firedrill lint %s\n", folder, filepath.Join(folder, scenario.FileName), folder)
}
