package cli

import (
	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/scenario"
)

type listOptions struct {
	factory *Factory
	output  string
}

// listed is a row of `firedrill list -o json`. The family is left out: it is the
// class of the cause, and trainees read this list.
type listed struct {
	Name       string            `json:"name"`
	Draft      bool              `json:"draft,omitempty"` // not proven yet
	Title      string            `json:"title"`
	Difficulty string            `json:"difficulty"`
	TimeLimit  scenario.Duration `json:"timeLimit"`
}

func newList(f *Factory) *cobra.Command {
	o := &listOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		GroupID: groupDrill,
		Short:   "List the drills there are",
		Long: `List the drills there are: the built-in ones and, with --scenarios DIR, one's own.

The class of each cause is an answer: only -o wide shows it, for instructors.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runList(o) },
	}
	outputFlag(cmd, &o.output, outputText, outputWide, outputJSON, outputYAML)
	return cmd
}

func runList(o *listOptions) error {
	all, err := o.factory.Catalogue()
	if err != nil {
		return err
	}
	var summaries []scenario.Summary
	for _, entry := range all.List() {
		summary, err := entry.Summary()
		if err != nil {
			return usageErrorf("%w", err)
		}
		summaries = append(summaries, summary)
	}
	if o.output == outputJSON || o.output == outputYAML {
		rows := make([]listed, 0, len(summaries))
		for _, s := range summaries {
			rows = append(rows, listed{Name: s.Name, Draft: s.Draft, Title: s.Title, Difficulty: s.Difficulty, TimeLimit: s.TimeLimit})
		}
		return o.factory.printData(o.output, rows)
	}
	return printList(o, summaries)
}

// difficulty is a row's difficulty, with a word of warning where it is needed.
func difficulty(s scenario.Summary) string {
	if s.Draft {
		return s.Difficulty + " (draft)"
	}
	return s.Difficulty
}

func printList(o *listOptions, summaries []scenario.Summary) error {
	if o.output == outputWide {
		if err := o.factory.mayAnswer("-o wide", ""); err != nil { // it tells the families
			return err
		}
		table := o.factory.IO.NewTable("NAME", "SYMPTOM", "DIFFICULTY", "TIME", "FAMILY")
		for _, s := range summaries {
			table.Row(s.Name, s.Title, difficulty(s), s.TimeLimit.String(), s.Family)
		}
		return table.Render()
	}
	table := o.factory.IO.NewTable("NAME", "SYMPTOM", "DIFFICULTY", "TIME")
	for _, s := range summaries {
		table.Row(s.Name, s.Title, difficulty(s), s.TimeLimit.String())
	}
	return table.Render()
}
