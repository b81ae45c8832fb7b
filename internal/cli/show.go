package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/scenario"
)

// envExam keeps answers back on a machine where trainees sit an exam.
const envExam = "FIREDRILL_EXAM"

type showOptions struct {
	factory *Factory
	name    string
	answers bool
	variant string
	output  string
}

// shown is what `firedrill show -o json` prints: nothing that tells the cause, unless
// answers were asked for.
type shown struct {
	Name         string            `json:"name"`
	Title        string            `json:"title"`
	Difficulty   string            `json:"difficulty"`
	TimeLimit    scenario.Duration `json:"timeLimit"`
	SeedQuestion int               `json:"seedQuestion,omitempty"`
	Page         string            `json:"page"`
	Answers      *answers          `json:"answers,omitempty"`
}

type answers struct {
	Variant     string              `json:"variant,omitempty"`  // the one shown
	Variants    []string            `json:"variants,omitempty"` // all of them
	Family      string              `json:"family"`
	Explanation string              `json:"explanation"`
	Faults      []shownFault        `json:"faults"`
	Safeguards  []shownSafeguard    `json:"safeguards"`
	Hints       []string            `json:"hints"`
	Solutions   []scenario.Script   `json:"solutions"`
	WrongFixes  []scenario.Script   `json:"wrongFixes"`
	Variables   map[string][]string `json:"variables,omitempty"`
	Diagnosis   *shownDiagnosis     `json:"diagnosis,omitempty"`
	Signals     []shownSignal       `json:"signals,omitempty"` // in the order in which they pay
}

type shownDiagnosis struct {
	Class     string   `json:"class"`
	AlsoClass []string `json:"alsoClass,omitempty"`
	Object    string   `json:"object"`
	Mechanism string   `json:"mechanism"`
}

type shownSignal struct {
	Name     string `json:"name"`
	Sentence string `json:"sentence"`
	Weight   int    `json:"weight"`
}

type shownFault struct {
	Type string `json:"type"`
	With any    `json:"with,omitempty"`
}

type shownSafeguard struct {
	Name     string `json:"name"`
	Sentence string `json:"sentence"`
}

func newShow(f *Factory) *cobra.Command {
	o := &showOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "show NAME",
		GroupID: groupDrill,
		Short:   "Show what a drill is about",
		Long: `Show what a drill is about: its symptom, its time limit and the page that is sent, with
names as one run of it might have them. --answers also shows the cause, the hints, the
solutions and the wrong fixes, for instructors; it is refused where ` + envExam + ` is set, and
while an exam is not over or a graded run of the scenario is not decided.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.name = args[0]
			if o.variant != "" && !o.answers {
				return usageErrorf("--variant tells the cause: it needs --answers")
			}
			return runShow(o)
		},
	}
	cmd.Flags().StringVar(&o.variant, "variant", "", "with --answers: which variant to show (default: the one that seed 0 draws)")
	cmd.Flags().BoolVar(&o.answers, "answers", false, "show the answers too")
	outputFlag(cmd, &o.output, outputText, outputJSON, outputYAML)
	return cmd
}

func runShow(o *showOptions) error {
	f := o.factory
	if o.answers {
		if err := f.mayAnswer("--answers", o.name); err != nil {
			return err
		}
	}
	entry, err := f.Scenario(o.name)
	if err != nil {
		return err
	}
	folder, err := entry.Load(scenario.Vars{Values: map[string]string{scenario.VarVariant: o.variant}})
	if err != nil {
		return scenarioError(err)
	}
	view := newShown(folder, o.answers)
	if o.output != outputText {
		return f.printData(o.output, view)
	}
	return f.Printf("%s", showText(f, view))
}

func newShown(folder *scenario.Folder, withAnswers bool) shown {
	spec := folder.Scenario.Spec
	view := shown{
		Name: folder.Scenario.Metadata.Name, Title: folder.Scenario.Metadata.Title,
		Difficulty: spec.Difficulty, TimeLimit: spec.TimeLimit, SeedQuestion: spec.SeedQuestion, Page: spec.Page,
	}
	if !withAnswers {
		return view
	}
	a := &answers{
		Variant: folder.Variant, Family: spec.Family, Explanation: spec.Explanation, Hints: spec.Hints,
		Solutions: folder.Solutions, WrongFixes: folder.WrongFixes,
	}
	for _, v := range spec.Variants {
		a.Variants = append(a.Variants, v.Name)
	}
	for _, fault := range spec.Faults {
		a.Faults = append(a.Faults, shownFault{Type: fault.Type, With: fault.With.Value()})
	}
	for _, s := range spec.Safeguards {
		a.Safeguards = append(a.Safeguards, shownSafeguard{Name: s.Name, Sentence: s.Sentence})
	}
	for _, v := range spec.Variables {
		if a.Variables == nil {
			a.Variables = map[string][]string{}
		}
		a.Variables[v.Name] = v.OneOf
	}
	a.grading(spec)
	view.Answers = a
	return view
}

// grading adds what a run is graded by.
func (a *answers) grading(spec scenario.Spec) {
	if d := spec.Diagnosis; d != nil {
		a.Diagnosis = &shownDiagnosis{Class: d.Class, AlsoClass: d.AlsoClass, Object: d.Object, Mechanism: d.Mechanism}
	}
	if spec.Rubric == nil {
		return
	}
	for _, s := range spec.Rubric.Signals {
		a.Signals = append(a.Signals, shownSignal{Name: s.Name, Sentence: s.Sentence, Weight: s.Weight})
	}
}

func showText(f *Factory, view shown) string {
	palette := f.IO.OutPalette()
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line("%s", palette.Bold(view.Title))
	line("")
	line("Name        %s", view.Name)
	line("Difficulty  %s", view.Difficulty)
	line("Time limit  %s", view.TimeLimit)
	if view.SeedQuestion > 0 {
		line("Question    %d of the incident interview", view.SeedQuestion)
	}
	line("")
	line("%s", palette.Bold("The page"))
	line("%s", indent(view.Page))
	if a := view.Answers; a != nil {
		answersText(line, palette.Bold, a)
		return out.String()
	}
	line("")
	line("Start it with: firedrill start %s", view.Name)
	return out.String()
}

func answersText(line func(string, ...any), bold func(string) string, a *answers) {
	section := func(title string) { line("\n%s", bold(title)) }
	if len(a.Variants) > 0 {
		section("Variants")
		line("  this is %s, of %s (--variant NAME shows another one)", a.Variant, strings.Join(a.Variants, ", "))
	}
	section("The cause (" + a.Family + ")")
	line("%s", indent(a.Explanation))
	if d := a.Diagnosis; d != nil {
		section("Diagnosis")
		line("  %s, %s: %s", strings.Join(append([]string{d.Class}, d.AlsoClass...), " or "), d.Object, d.Mechanism)
	}
	if len(a.Signals) > 0 {
		section("Signals, in the order in which they pay")
	}
	for i, s := range a.Signals {
		line("  %d. %s: %s", i+1, s.Name, s.Sentence)
	}
	section("Faults")
	for _, fault := range a.Faults {
		line("  %s %s", fault.Type, compactJSON(fault.With))
	}
	section("Hints")
	for i, hint := range a.Hints {
		line("  %d. %s", i+1, hint)
	}
	section("Safeguards")
	for _, s := range a.Safeguards {
		line("  %s: %s", s.Name, s.Sentence)
	}
	section("Solutions")
	for _, s := range a.Solutions {
		line("  %s: %s", s.Path, s.Description)
	}
	section("Wrong fixes")
	for _, s := range a.WrongFixes {
		line("  %s: %s (refused by %s)", s.Path, s.Description, s.Refused)
	}
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}
