package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// Output formats of -o.
const (
	outputText = "text"
	outputWide = "wide"
	outputJSON = "json"
	outputYAML = "yaml"
)

// outputFlag adds -o with the formats a command knows; the first is the default. It
// comes after the command's RunE is set.
func outputFlag(cmd *cobra.Command, into *string, formats ...string) {
	cmd.Flags().StringVarP(into, "output", "o", formats[0], "output format: "+strings.Join(formats, ", "))
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(*into, formats...); err != nil {
			return err
		}
		return run(cmd, args)
	}
}

func checkOutput(got string, formats ...string) error {
	if !slices.Contains(formats, got) {
		return usageErrorf("--output %q: use %s", got, strings.Join(formats, " or "))
	}
	return nil
}

// printJSON writes v to Out, indented.
func (f *Factory) printJSON(v any) error { return f.printData(outputJSON, v) }

// printData writes v to Out as JSON or YAML; the fields have the same names in both.
func (f *Factory) printData(format string, v any) error { return writeData(f.IO.Out, format, v) }

// writeData writes v as JSON or YAML; the fields have the same names in both.
func writeData(out io.Writer, format string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err == nil && format == outputYAML {
		data, err = yaml.JSONToYAML(data)
	}
	if err != nil {
		return fmt.Errorf("print %s: %w", format, err)
	}
	return write(out, "%s\n", strings.TrimRight(string(data), "\n"))
}

// optionalRun is the run that a command's arguments name, or "" for the only one that
// is under way.
func optionalRun(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// compactJSON is v on one line, for a person to read.
func compactJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}
