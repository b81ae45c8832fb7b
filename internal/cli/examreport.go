package cli

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/report"
)

// examResult is what "exam report -o json" prints: a contract (docs/cli.md).
type examResult struct {
	Exam   string      `json:"exam"`
	Title  string      `json:"title"`
	PassAt float64     `json:"passAt"`
	Score  float64     `json:"score"` // 0 to 100; drills that were not decided count 0
	Passed bool        `json:"passed"`
	Over   bool        `json:"over"` // every drill was decided
	Drills []examDrill `json:"drills"`
}

// examDrill is one drill of an exam.
type examDrill struct {
	Place     int      `json:"place"` // from 1
	Run       string   `json:"run,omitempty"`
	Title     string   `json:"title,omitempty"`    // the symptom, once it was begun
	Scenario  string   `json:"scenario,omitempty"` // the cause's name, once it is decided
	State     string   `json:"state"`              // waiting, under way, decided
	Weight    float64  `json:"weight"`
	Grade     *float64 `json:"grade,omitempty"` // 0 to 100, once it is decided
	Points    float64  `json:"points"`          // what it adds to the score
	Recovered bool     `json:"recovered"`
	Verdict   string   `json:"verdict,omitempty"`
	// Unwatched is for how many seconds of the drill no referee watched, though the clock ran.
	Unwatched float64 `json:"unwatchedSeconds,omitempty"`
	// Stood is for how many seconds its clock stood, as the cluster did not answer.
	Stood  float64 `json:"stoodSeconds,omitempty"`
	Edited string  `json:"edited,omitempty"` // what was done to its journal: it counts 0, and the exam is not passed
}

// States of an exam's drill.
const (
	drillWaiting  = "waiting"
	drillUnderWay = "under way"
	drillDecided  = "decided"
)

func newExamStatus(f *Factory) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "status [EXAM]",
		Short: "Say how far an exam has come",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := f.openExam(optionalRun(args))
			if err != nil {
				return err
			}
			return f.printExam(f.resultOf(cmd.Context(), e, nil), output)
		},
	}
	outputFlag(cmd, &output, outputText, outputJSON)
	return cmd
}

func newExamReport(f *Factory) *cobra.Command {
	var output, weightsFile string
	cmd := &cobra.Command{
		Use:   "report [EXAM]",
		Short: "Print an exam's result: exit code 0 when it is passed, 1 when not",
		Long: `Print an exam's result: exit code 0 when it is passed, 1 when not. The journal of every
drill is verified: one that was edited counts nothing, and the exam is not passed.`,
		Example: `  firedrill exam report
  firedrill exam report exam-x7k2q --weights ours.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			weights, err := readWeights(weightsFile)
			if err != nil {
				return err
			}
			e, err := f.openExam(optionalRun(args))
			if err != nil {
				return err
			}
			result := f.resultOf(cmd.Context(), e, weights)
			if err := f.printExam(result, output); err != nil {
				return err
			}
			if !result.Passed {
				return &exitStatus{exitError}
			}
			return nil
		},
	}
	weightsFlag(cmd.Flags(), &weightsFile)
	outputFlag(cmd, &output, outputText, outputJSON)
	return cmd
}

// resultOf adds up the grades: each drill gives as much of its weight as it was graded. An
// exam of which a journal was edited is not passed, whatever the others gave.
func (f *Factory) resultOf(ctx context.Context, e *openExam, weights *grade.Weights) examResult {
	result := examResult{Exam: e.id, Title: e.exam.Title, PassAt: e.exam.PassAt, Over: e.over(), Drills: []examDrill{}}
	total, edited := e.exam.Weights(), false
	for i, item := range e.exam.Scenarios {
		row := examDrill{Place: i + 1, State: drillWaiting, Weight: item.Weight}
		if run := e.runs[i]; run != nil {
			row.Run, row.Title, row.State = run.Created.Run, run.Title, drillUnderWay
			if err := f.verifyRun(ctx, run.Created.Run); err != nil {
				row.Edited, edited = err.Error(), true
			}
			for _, g := range run.Gaps {
				if g.Counted {
					row.Unwatched += g.To.Sub(g.From).Seconds()
				}
			}
			for _, g := range run.OffTheClock() {
				row.Stood += g.To.Sub(g.From).Seconds()
			}
			if run.over() {
				f.decided(&row, run.Run, weights)
			}
		}
		if row.Grade != nil {
			row.Points = hundredths(*row.Grade * item.Weight / total)
			result.Score += *row.Grade * item.Weight / total
		}
		result.Drills = append(result.Drills, row)
	}
	// The score itself is compared: what is told is rounded.
	result.Passed = result.Over && result.Score >= result.PassAt-exact && !edited
	result.Score = hundredths(result.Score)
	return result
}

// verifyRun tells what was done to a run's journal by hand; nil when nothing was.
func (f *Factory) verifyRun(ctx context.Context, name string) error {
	r, err := f.openRun(name)
	if err != nil {
		return err
	}
	_, err = f.verify(ctx, r)
	return err
}

// decided fills in how a drill ended. One without a verdict counts 0, and so does one whose
// journal was edited.
func (f *Factory) decided(row *examDrill, run *drill.Run, weights *grade.Weights) {
	row.State, row.Scenario, row.Recovered, row.Verdict = drillDecided, run.Scenario, run.Recovered(), run.VerdictText()
	points := 0.0
	if row.Edited == "" {
		if g := report.GradeOf(run, f.specOf(run), weights); g != nil {
			points = g.Total
		}
	}
	row.Grade = &points
}

// exact is what a sum of weighted grades may be off by: floats, not points.
const exact = 1e-6

func hundredths(x float64) float64 { return math.Round(x*100) / 100 }

func (f *Factory) printExam(result examResult, output string) error {
	if output == outputJSON {
		return f.printJSON(result)
	}
	p := f.IO.OutPalette()
	word := p.Yellow("NOT OVER")
	switch {
	case result.Passed:
		word = p.Green("PASSED")
	case result.Over:
		word = p.Red("NOT PASSED")
	}
	if err := f.Printf("%s  %s\n%s: %g of 100, passed at %g\n\n", word, p.Bold(result.Title), result.Exam, result.Score, result.PassAt); err != nil {
		return err
	}
	table := f.IO.NewTable("", "RUN", "STATE", "WEIGHT", "GRADE", "POINTS", "VERDICT")
	for _, d := range result.Drills {
		grade := "-"
		if d.Grade != nil {
			grade = fmt.Sprintf("%g", *d.Grade)
		}
		table.Row(fmt.Sprint(d.Place), d.Run, d.State, fmt.Sprintf("%g", d.Weight), grade, fmt.Sprintf("%g", d.Points), short(d.Verdict, f.textWidth()-60))
	}
	if err := table.Render(); err != nil {
		return fmt.Errorf("print the exam: %w", err)
	}
	for _, d := range result.Drills {
		if d.Stood > 0 {
			if err := f.Printf("%s drill %d (%s): the clock stood for %.0f s, in which the cluster did not answer; was that the drill's doing? (firedrill report %s)\n",
				p.Yellow("clock stood:"), d.Place, d.Run, d.Stood, d.Run); err != nil {
				return err
			}
		}
		if d.Unwatched > 0 {
			if err := f.Printf("%s drill %d (%s): no referee watched for %.0f s, and the clock ran on: it was ended or stopped, or the machine was too busy or started anew (firedrill report %s)\n",
				p.Yellow("not watched:"), d.Place, d.Run, d.Unwatched, d.Run); err != nil {
				return err
			}
		}
		if d.Edited == "" {
			continue
		}
		if err := f.Printf("%s drill %d (%s) counts 0: %s\n", p.Red("edited:"), d.Place, d.Run, report.Harmless(d.Edited)); err != nil {
			return err
		}
	}
	return nil
}
