package cli

import (
	"encoding/xml"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/prove"
)

const outputJUnit = "junit"

// proveView shows how a proof goes: a line for each case that is done, and on a terminal
// one at the bottom that says what is under way.
type proveView struct {
	p      iostreams.Palette
	status *iostreams.Status
	start  time.Time
	all    int

	mu           sync.Mutex
	open, closed int
	failed       int
	latest       string
}

func newProveView(f *Factory, all int) *proveView {
	v := &proveView{p: f.IO.ErrPalette(), status: f.IO.NewStatus(), start: time.Now(), all: all}
	v.status.Start("Proving %s", count(all, "case"))
	return v
}

func (v *proveView) begun(c prove.Case) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open++
	v.latest = c.Name()
	v.bottom()
}

func (v *proveView) done(r prove.Result) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open--
	v.closed++
	mark := v.p.Green("✓")
	if r.Failure != "" {
		v.failed++
		mark = v.p.Red("✗")
	}
	alone := ""
	if r.Beside != "" {
		alone = v.p.Gray("  alone")
	}
	v.status.Say(" %s %-58s %4.0f s%s", mark, r.Case.Name(), r.Steps.Total().Seconds(), alone)
	if r.Failure != "" {
		v.status.Say("%s", failureText(r))
	}
	v.bottom()
}

// putAside tells of a case that failed, maybe for the others beside it.
func (v *proveView) putAside(r prove.Result) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open--
	v.status.Say(" %s %-58s %4.0f s", v.p.Yellow("↻"), r.Case.Name(), r.Steps.Total().Seconds())
	v.status.Say("     failed beside others; it is proven once more at the end, alone\n%s", failureText(r))
	v.bottom()
}

func (v *proveView) bottom() {
	v.status.Update("%d of %d proven, %d failed, %d under way for %s (%s)",
		v.closed-v.failed, v.all, v.failed, v.open, time.Since(v.start).Round(time.Second), v.latest)
}

func (v *proveView) close() { v.status.End(v.failed == 0 && v.closed == v.all) }

// failureText says why a case failed, with everything that helps to find out.
func failureText(r prove.Result) string {
	var b strings.Builder
	section := func(title, text string) {
		if text = strings.TrimSpace(text); text != "" {
			fmt.Fprintf(&b, "     %s\n", title)
			for line := range strings.Lines(text) {
				fmt.Fprintf(&b, "       %s\n", strings.TrimRight(line, "\n"))
			}
		}
	}
	section("why", r.Failure)
	section("last verdict", r.Verdict)
	section("changed since the baseline", strings.Join(lastOf(r.Changes, 30), "\n"))
	section("the script's output", strings.Join(lastOf(strings.Split(strings.TrimSpace(r.Output), "\n"), 30), "\n"))
	switch {
	case r.Kept:
		section("kept", fmt.Sprintf("firedrill status %s, firedrill shell %s; firedrill end %s takes it away", r.Run, r.Run, r.Run))
	case r.Run != "":
		section("more", "firedrill report "+r.Run)
	}
	return strings.TrimRight(b.String(), "\n")
}

// lastOf is the end of a long list.
func lastOf(lines []string, most int) []string {
	if len(lines) <= most {
		return lines
	}
	return append([]string{fmt.Sprintf("... %d more", len(lines)-most)}, lines[len(lines)-most:]...)
}

// proofSummary is what prove prints: -o json is a contract (docs/cli.md). Times are in
// seconds.
type proofSummary struct {
	Proven  int           `json:"proven"`
	Failed  int           `json:"failed"`
	Seconds float64       `json:"seconds"`
	Cluster []string      `json:"clusterDiff"` // what is different in the cluster after it all
	Cases   []provenCase  `json:"cases"`
	Steps   []stepSummary `json:"steps"`
}

type provenCase struct {
	Name     string   `json:"name"`
	Scenario string   `json:"scenario"`
	Variant  string   `json:"variant,omitempty"`
	Kind     string   `json:"kind"`
	Script   string   `json:"script,omitempty"`
	OK       bool     `json:"ok"`
	Run      string   `json:"run"`
	Verdict  string   `json:"verdict"`
	Failure  string   `json:"failure,omitempty"`
	Beside   string   `json:"beside,omitempty"` // why it failed beside others; the rest is of the case alone
	Changes  []string `json:"changes,omitempty"`
	Output   string   `json:"output,omitempty"`
	Kept     bool     `json:"kept,omitempty"`
	Seconds  float64  `json:"seconds"`
}

type stepSummary struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"` // summed over all cases
}

func summarise(results []prove.Result, took time.Duration) *proofSummary {
	s := &proofSummary{Seconds: took.Seconds(), Cluster: []string{}, Cases: []provenCase{}}
	var total prove.Steps
	for _, r := range results {
		if r.Failure == "" {
			s.Proven++
		} else {
			s.Failed++
		}
		total.Start += r.Steps.Start
		total.Script += r.Steps.Script
		total.Judge += r.Steps.Judge
		total.End += r.Steps.End
		s.Cases = append(s.Cases, provenCase{
			Name: r.Case.Name(), Scenario: r.Case.Scenario, Variant: r.Case.Variant, Kind: string(r.Case.Kind), Script: r.Case.Script.Path,
			OK: r.Failure == "", Run: r.Run, Verdict: r.Verdict, Failure: r.Failure, Beside: r.Beside, Changes: r.Changes, Output: r.Output, Kept: r.Kept,
			Seconds: r.Steps.Total().Seconds(),
		})
	}
	s.Steps = []stepSummary{
		{"start", total.Start.Seconds()}, {"script", total.Script.Seconds()}, {"judge", total.Judge.Seconds()}, {"end", total.End.Seconds()},
	}
	return s
}

// OK tells whether everything is proven.
func (s *proofSummary) OK() bool { return s.Failed == 0 && len(s.Cluster) == 0 }

// alone lists the cases that failed beside others, and what became of them.
func (s *proofSummary) alone(p iostreams.Palette) []string {
	var alone []string
	for _, c := range s.Cases {
		switch {
		case c.Beside != "" && c.OK:
			alone = append(alone, p.Green("✓ ")+c.Name)
		case c.Beside != "":
			alone = append(alone, p.Red("✗ ")+c.Name)
		}
	}
	return alone
}

func (s *proofSummary) anyKept() bool {
	for _, c := range s.Cases {
		if c.Kept {
			return true
		}
	}
	return false
}

func (f *Factory) printProof(s *proofSummary, output string) error {
	switch output {
	case outputJSON:
		return f.printJSON(s)
	case outputJUnit:
		return f.printJUnit(s)
	}
	p := f.IO.OutPalette()
	table := f.IO.NewTable("SCENARIO", "VARIANT", "PROVEN", "SECONDS")
	type key struct{ scenario, variant string }
	var order []key
	proven, all, seconds := map[key]int{}, map[key]int{}, map[key]float64{}
	for _, c := range s.Cases {
		k := key{c.Scenario, c.Variant}
		if all[k] == 0 {
			order = append(order, k)
		}
		all[k]++
		seconds[k] += c.Seconds
		if c.OK {
			proven[k]++
		}
	}
	for _, k := range order {
		table.Row(k.scenario, k.variant, fmt.Sprintf("%d of %d", proven[k], all[k]), fmt.Sprintf("%.0f", seconds[k]))
	}
	if err := table.Render(); err != nil {
		return fmt.Errorf("print the proof: %w", err)
	}
	if len(s.Cluster) > 0 {
		if err := f.Printf("\n%s\n  %s\n", p.Red("The cluster is not as it was before:"), strings.Join(s.Cluster, "\n  ")); err != nil {
			return err
		}
	}
	if alone := s.alone(p); len(alone) > 0 {
		if err := f.Printf("\nFailed beside others, and tried once more, alone:\n  %s\n", strings.Join(alone, "\n  ")); err != nil {
			return err
		}
	}
	var steps []string
	for _, step := range s.Steps {
		steps = append(steps, fmt.Sprintf("%s %.0f s", step.Name, step.Seconds))
	}
	word := p.Green("PROVEN")
	if !s.OK() {
		word = p.Red("NOT PROVEN")
	}
	return f.Printf("\n%s  %d of %s in %s (summed over the cases: %s)\n", word, s.Proven, count(len(s.Cases), "case"),
		time.Duration(s.Seconds*float64(time.Second)).Round(time.Second), strings.Join(steps, ", "))
}

// junit is the XML that CI systems read.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Time     float64     `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    float64       `xml:"time,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Skipped *junitFailure `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func (f *Factory) printJUnit(s *proofSummary) error {
	suite := junitSuite{Name: "firedrill prove", Tests: len(s.Cases) + 1, Failures: s.Failed, Time: s.Seconds}
	for _, c := range s.Cases {
		row := junitCase{Class: strings.TrimSuffix(c.Scenario+"."+c.Variant, "."), Name: c.Name, Time: c.Seconds}
		if c.Beside != "" {
			row.Out = "This is of the case alone. Beside others it failed: " + c.Beside
		}
		if !c.OK {
			first, _, _ := strings.Cut(c.Failure, "\n")
			row.Failure = &junitFailure{first, strings.Join(append([]string{c.Failure, "last verdict: " + c.Verdict, c.Output}, c.Changes...), "\n")}
		}
		suite.Cases = append(suite.Cases, row)
	}
	last := junitCase{Class: "cluster", Name: "as before"}
	if s.anyKept() {
		last.Skipped = &junitFailure{Message: "not compared: runs were kept"}
	}
	if len(s.Cluster) > 0 {
		suite.Failures++
		last.Failure = &junitFailure{"the cluster is not as it was before", strings.Join(s.Cluster, "\n")}
	}
	suite.Cases = append(suite.Cases, last)
	data, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return fmt.Errorf("print JUnit XML: %w", err)
	}
	return f.Printf("%s%s\n", xml.Header, data)
}
