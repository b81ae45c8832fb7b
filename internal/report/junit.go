package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/grade"
)

// passMark is the share of a part's points from which its case passes.
const passMark = 0.5

type junitSuite struct {
	XMLName    xml.Name        `xml:"testsuite"`
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Error   *junitMessage `xml:"error,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as a JUnit XML test suite: a case for the verdict, for each
// proof, check and safeguard, and for each part of the grade, which passes with half of
// its points. A check or a safeguard that could not be observed in the end is skipped.
// Times are seconds.
func (r *Report) JUnit(out io.Writer) error {
	s := &junitSuite{Name: "firedrill/" + r.Scenario, Time: decimal(r.Times.Clock), Properties: []junitProperty{
		{"run", r.Run},
		{"scenario", r.Scenario},
		{"seed", fmt.Sprint(r.Seed)},
		{"verdict", r.Verdict.Reason},
	}}
	if r.Times.Created.At != nil {
		s.Timestamp = r.Times.Created.At.UTC().Format("2006-01-02T15:04:05")
	}
	s.verdict(r)
	for _, p := range r.Proofs {
		s.add("proof", p.What, p.Took, failed(p.Passed, p.What+" was not proven", proofText(p)), proofText(p))
	}
	for _, c := range r.Checks {
		if !s.skipped("check", c.ID, c.Unseen()) {
			s.add("check", c.ID, 0, failed(c.Passed, c.Reason, c.Evidence), c.Evidence)
		}
	}
	for _, g := range r.Safeguards {
		if !s.skipped("safeguard", g.ID, g.Unseen()) {
			s.add("safeguard", g.ID, 0, failed(g.Held, g.Reason, g.Sentence), "")
		}
	}
	s.grade(r.Grade)
	data, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	_, err = fmt.Fprintf(out, "%s%s\n", xml.Header, data)
	return err
}

func (s *junitSuite) add(class, name string, took float64, failure *junitMessage, out string) {
	s.append(junitCase{Class: s.Name + "." + class, Name: name, Time: decimal(took), Failure: failure, Out: out})
}

// skipped adds the case of what could not be observed, if there is a reason why.
func (s *junitSuite) skipped(class, name, why string) bool {
	if why == "" {
		return false
	}
	s.append(junitCase{Class: s.Name + "." + class, Name: name, Time: decimal(0), Skipped: &junitMessage{Message: why}})
	return true
}

func (s *junitSuite) append(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func (s *junitSuite) verdict(r *Report) {
	c := junitCase{Class: s.Name, Name: "recovered", Time: decimal(r.Times.Clock)}
	switch {
	case r.Verdict.Decided:
		c.Failure = failed(r.Verdict.Recovered, r.Verdict.Reason, "")
	case len(r.Errors) > 0:
		c.Error = &junitMessage{Message: r.Verdict.Reason, Text: strings.Join(r.Errors, "\n")}
	default:
		c.Skipped = &junitMessage{Message: "there is no verdict yet: " + r.Verdict.Reason}
	}
	s.append(c)
}

func (s *junitSuite) grade(g *grade.Grade) {
	if g == nil {
		return
	}
	s.Properties = append(s.Properties, junitProperty{"total", points(g.Total)})
	for _, mark := range g.Ratings() {
		s.Properties = append(s.Properties, junitProperty{mark.Key, points(mark.Of10)})
	}
	for _, p := range g.Parts {
		var text strings.Builder
		for _, l := range p.Lines {
			fmt.Fprintf(&text, "%s of %s: %s (%s)\n", points(l.Got), points(l.Max), l.Text, l.Evidence)
		}
		// What hints cost is no part that could be passed: they take points, and give none.
		s.add("grade", p.Name, 0, failed(p.Max == 0 || p.Got >= passMark*p.Max, points(p.Got)+" of "+points(p.Max)+" points", text.String()), text.String())
	}
}

func failed(ok bool, message, text string) *junitMessage {
	if ok {
		return nil
	}
	return &junitMessage{Message: message, Text: text}
}

func proofText(p Proof) string {
	var text strings.Builder
	for _, c := range p.Checks {
		fmt.Fprintf(&text, "%s %s: %s\n", c.Mark(), c.ID, c.Told())
	}
	return text.String()
}

// decimal is a number of seconds as JUnit's schema wants it.
func decimal(s float64) string { return fmt.Sprintf("%.3f", s) }

// rfc3339 is a time as every machine-readable format gives it.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
