package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
)

type lintOptions struct {
	factory *Factory
	kinds   scenario.Kinds
	paths   []string
	output  string
}

// linted is the result for one scenario.
type linted struct {
	Name     string            `json:"name"`
	Path     string            `json:"path"`
	OK       bool              `json:"ok"`
	Problems scenario.Problems `json:"problems"`

	folder *scenario.Folder
}

func newLint(f *Factory) *cobra.Command {
	o := &lintOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "lint [PATH|NAME...]",
		GroupID: groupAuthor,
		Short:   "Check scenarios, without a cluster",
		Long: `Check scenarios: the text of scenario.yaml, every kind and its parameters, manifests,
solutions and wrong fixes. Every problem is printed, with its file, line and column; the
exit code is 2 when there is one.

A PATH is a scenario's folder or a folder of such folders; a NAME is one of firedrill list.
Without either, every scenario of firedrill list is checked.`,
		Example: `  firedrill lint ./my-scenarios/disk-full
  firedrill lint oomkilled -o json`,
		RunE: func(_ *cobra.Command, args []string) error {
			o.paths, o.kinds = args, drill.Kinds()
			return runLint(o)
		},
	}
	outputFlag(cmd, &o.output, outputText, outputJSON, outputYAML)
	return cmd
}

func runLint(o *lintOptions) error {
	entries, err := lintEntries(o)
	if err != nil {
		return err
	}
	results, good := make([]linted, 0, len(entries)), true
	for _, entry := range entries {
		result, err := lintOne(entry, o.kinds)
		if err != nil {
			return err
		}
		results, good = append(results, result), good && result.OK
	}
	if o.output == outputText {
		err = printLint(o.factory, results)
	} else {
		err = o.factory.printData(o.output, results)
	}
	if err == nil && !good {
		return &exitStatus{exitUsage}
	}
	return err
}

// lintOne checks one scenario. Only a folder that cannot be read is an error.
func lintOne(entry scenario.Entry, kinds scenario.Kinds) (linted, error) {
	folder, err := entry.Lint(kinds)
	result := linted{Name: entry.Name, Path: entry.Dir, OK: err == nil, Problems: scenario.Problems{}, folder: folder}
	if err != nil && !errors.As(err, &result.Problems) {
		return result, err
	}
	return result, nil
}

// lintEntries finds the scenarios that the arguments mean.
func lintEntries(o *lintOptions) ([]scenario.Entry, error) {
	if len(o.paths) == 0 {
		all, err := o.factory.Catalogue()
		if err != nil {
			return nil, err
		}
		return all.List(), nil
	}
	var entries []scenario.Entry
	for _, path := range o.paths {
		found, err := lintPath(o, path)
		if err != nil {
			return nil, err
		}
		entries = append(entries, found...)
	}
	return entries, nil
}

// lintPath finds what one argument means: a folder comes before a name.
func lintPath(o *lintOptions, path string) ([]scenario.Entry, error) {
	info, err := os.Stat(path)
	if err != nil {
		return lintNamed(o, path)
	}
	if !info.IsDir() {
		if filepath.Base(path) != scenario.FileName {
			return nil, usageErrorf("%s is no scenario: name its folder", path)
		}
		path = filepath.Dir(path)
	}
	entries, err := scenario.OpenAll(path)
	if err != nil {
		return nil, usageErrorf("%w", err)
	}
	return entries, nil
}

func lintNamed(o *lintOptions, name string) ([]scenario.Entry, error) {
	all, err := o.factory.Catalogue()
	if err != nil {
		return nil, err
	}
	entry, err := all.Get(name)
	if err != nil {
		return nil, usageErrorf("there is no folder %s, and %w", name, err)
	}
	return []scenario.Entry{entry}, nil
}

func printLint(f *Factory, results []linted) error {
	palette := f.IO.OutPalette()
	bad := 0
	for _, result := range results {
		if result.OK {
			spec := result.folder.Scenario.Spec
			if err := f.Printf("%s  %s (%s, %s, %s, %s)\n", palette.Green("ok"), result.Path,
				count(len(spec.Faults), "fault"), count(len(spec.Safeguards), "safeguard"),
				count(len(result.folder.Solutions), "solution"), count(len(result.folder.WrongFixes), "wrong fix")); err != nil {
				return err
			}
			continue
		}
		bad += len(result.Problems)
		if err := f.Printf("%s\n", result.Problems.Error()); err != nil {
			return err
		}
	}
	if bad > 0 {
		return write(f.IO.Err, "%s\n", count(bad, "problem"))
	}
	return nil
}

// count writes a number with its noun: 1 fault, 2 faults.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return fmt.Sprintf("1 %s", noun)
	case noun[len(noun)-1] == 'x':
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
