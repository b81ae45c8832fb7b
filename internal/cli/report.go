package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/report"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/traffic"
)

// Formats of a report beside those that other commands have.
const (
	outputMarkdown = "markdown"
	outputHTML     = "html"
	outputCSV      = "csv"
	outputXAPI     = "xapi"
)

// reportPerm is a report's: it is made to be handed on.
const reportPerm = 0o644

// reportOptions are the flags of report.
type reportOptions struct {
	factory   *Factory
	output    string
	file      string
	table     string
	actor     string
	objective float64 // in percent
	weights   string  // file of an instructor's weights; "" is the default ones
	verify    bool
}

func newReport(f *Factory) *cobra.Command {
	o := &reportOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "report [RUN]",
		GroupID: groupDrill,
		Short:   "Tell a run: verdict, grade, times, timeline, what the users saw, each with its evidence",
		Long: `Tell a run: its verdict, its grade, the times, what the users saw and what was done,
each with its evidence. Without RUN it is the run under way, and when none is the newest one.
The html format is one page that needs nothing else and opens offline; junit, csv and xapi are
for build servers, spreadsheets and learning record stores.`,
		Example: `  firedrill report
  firedrill report shop-x7k2q -o html --file shop-x7k2q.html
  firedrill report shop-x7k2q -o csv --table summary
  firedrill report shop-x7k2q -o xapi --actor ann@example.org
  firedrill report shop-x7k2q --verify`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			name, err := f.runToTell(optionalRun(args))
			if err != nil {
				return err
			}
			if o.verify {
				r, err := f.openRun(name)
				if err != nil {
					return err
				}
				return f.printVerified(cmd.Context(), r, o.output)
			}
			r, err := f.openLive(cmd.Context(), name)
			if err != nil {
				return err
			}
			return o.run(r)
		},
	}
	outputFlag(cmd, &o.output, outputText, outputJSON, outputYAML, outputMarkdown, outputHTML, outputJUnit, outputCSV, outputXAPI)
	flags := cmd.Flags()
	flags.StringVar(&o.file, "file", "", "write the report to this file, whole or not at all, instead of stdout")
	flags.StringVar(&o.table, "table", report.TableTimeline, "of -o csv: "+strings.Join(report.Tables(), ", "))
	flags.StringVar(&o.actor, "actor", "", "of -o xapi: the trainee's address or name (default: an anonymous account)")
	flags.Float64Var(&o.objective, "objective", 100*report.DefaultObjective, "per cent of the users' requests that get a good answer over 28 days: the error budget is reckoned from it")
	weightsFlag(flags, &o.weights)
	flags.BoolVar(&o.verify, "verify", false, "only tell whether the run's journal was edited")
	return cmd
}

// check refuses what does not fit together, before anything is read.
func (o *reportOptions) check() error {
	switch {
	case !slices.Contains(report.Tables(), o.table):
		return usageErrorf("--table %q: use %s", o.table, strings.Join(report.Tables(), ", "))
	case o.table != report.TableTimeline && o.output != outputCSV:
		return usageErrorf("--table %s: only -o csv has tables", o.table)
	case o.actor != "" && o.output != outputXAPI:
		return usageErrorf("--actor %s: only -o xapi tells who", o.actor)
	case o.objective <= 0 || o.objective >= 100:
		return usageErrorf("--objective %g: per cent, more than 0 and less than 100, for example 99.9", o.objective)
	case o.verify && o.output != outputText && o.output != outputJSON:
		return usageErrorf("--verify has no -o %s: use text or json", o.output)
	case o.verify && o.file != "":
		return usageErrorf("--verify writes no file: leave --file out")
	}
	return nil
}

// pipeWidth is how long a line of text may be where no terminal cuts it.
const pipeWidth = 160

// textWidth is how long a line of text on Out may be.
func (f *Factory) textWidth() int {
	if !f.IO.OutIsTerminal() {
		return pipeWidth
	}
	return f.IO.Width()
}

func weightsFlag(flags *pflag.FlagSet, into *string) {
	flags.StringVar(into, "weights", "", "YAML file with an instructor's weights of the grade's parts, out of 100 (docs/grading.md)")
}

// readWeights reads an instructor's weights; without a file the default ones count: nil.
func readWeights(file string) (*grade.Weights, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // none is no error
	}
	weights, err := grade.ReadWeights(file)
	if err != nil {
		return nil, usageErrorf("--weights: %w", err)
	}
	return weights, nil
}

// specOf is the run's scenario, or nil when it cannot be read any more.
func (f *Factory) specOf(run *drill.Run) *scenario.Spec {
	folder, err := loadFolder(run.Created)
	if err != nil {
		f.Log.Warn("the scenario cannot be read any more: no explanation", "error", err)
		return nil
	}
	return &folder.Scenario.Spec
}

// run renders the report and puts it where it was asked for.
func (o *reportOptions) run(r *openRun) error {
	f := o.factory
	weights, err := readWeights(o.weights)
	if err != nil {
		return err
	}
	told, err := f.tell(r, weights)
	if err != nil {
		return err
	}
	told.SetObjective(o.objective / 100)
	if o.file == "" {
		return o.render(told, f.IO.Out, f.IO.OutPalette(), f.textWidth())
	}
	var document bytes.Buffer
	if err := o.render(told, &document, iostreams.Palette{}, pipeWidth); err != nil {
		return err
	}
	path, err := filepath.Abs(o.file)
	if err != nil {
		return fmt.Errorf("--file %s: %w", o.file, err)
	}
	return home.WriteFile(path, document.Bytes(), reportPerm)
}

func (o *reportOptions) render(told *report.Report, out io.Writer, palette report.Palette, width int) error {
	switch o.output {
	case outputJSON, outputYAML:
		return writeData(out, o.output, told)
	case outputMarkdown:
		return told.Markdown(out)
	case outputHTML:
		return told.HTML(out)
	case outputJUnit:
		return told.JUnit(out)
	case outputCSV:
		return told.CSV(out, o.table)
	case outputXAPI:
		actor, err := report.ParseActor(o.actor, told.Run)
		if err != nil {
			return usageErrorf("--actor: %w", err)
		}
		return told.XAPI(out, actor)
	default:
		return told.Text(out, palette, width)
	}
}

// printReport tells the run to a person.
func (f *Factory) printReport(r *openRun) error {
	return (&reportOptions{factory: f, output: outputText, objective: 100 * report.DefaultObjective}).run(r)
}

// tell makes the report of a run as its journal stands.
func (f *Factory) tell(r *openRun, weights *grade.Weights) (*report.Report, error) {
	entries, _, err := r.journal.Read(0)
	if err != nil {
		return nil, err
	}
	if err := r.refresh(); err != nil {
		return nil, err
	}
	spec := f.specOf(r.Run)
	if err := r.usersSoFar(); err != nil {
		f.Log.Warn("what the users saw is not told", "error", err)
	}
	told := report.Build(r.Run, spec, time.Now())
	if weights != nil {
		told.Grade = report.GradeOf(r.Run, spec, weights)
	}
	if r.Hidden() {
		return told, nil // the history is that of the checks
	}
	history, err := drill.ReadHistory(entries)
	told.History = &history
	return told, err
}

// usersSoFar sums up the record of a run under way; the journal has it at the end only.
func (r *openRun) usersSoFar() error {
	if r.Users != nil || r.PagedAt.IsZero() {
		return nil
	}
	record, err := traffic.Load(filepath.Join(r.store.Dir(r.name()), traffic.FileName))
	if err != nil {
		return err
	}
	r.Users, err = json.Marshal(map[string]any{"streams": record.Summaries(trafficMoments(r.Moments()))})
	return err
}
