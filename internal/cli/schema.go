package cli

import (
	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
)

func newSchema(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		GroupID: groupAuthor,
		Short:   "Print the JSON Schema of scenario.yaml",
		Long: `Print the JSON Schema (draft 2020-12) of scenario.yaml, for editors that complete and
check YAML. A scenario that begins with

  # yaml-language-server: $schema=../scenario.schema.json

is checked while it is written. firedrill lint checks more: rules between fields and files.`,
		Example: "  firedrill schema > scenario.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			schema, err := scenario.Schema(drill.Kinds())
			if err != nil {
				return err
			}
			return f.Printf("%s", schema)
		},
	}
}
