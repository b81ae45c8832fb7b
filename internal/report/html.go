package report

import (
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/timeline"
)

//go:embed report.html.tmpl
var pageTemplate string

// HTML writes the report as one page that needs nothing else: no script, no font, no
// image, no network. Its own policy forbids to load anything. Whatever the run's names
// hold is text.
func (r *Report) HTML(out io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"points": points, "seconds": seconds, "printable": printable, "gapName": gapName, "tone": tone, "inc": func(a, b float64) float64 { return a + b },
	}).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("read the report's template: %w", err)
	}
	if err := t.Execute(out, newPage(r)); err != nil {
		return fmt.Errorf("write the report's page: %w", err)
	}
	return nil
}

// page is what the template shows.
type page struct {
	*Report
	Word, Tone string // the verdict, and its colour
	Name       string // the scenario's, with its variant
	Chart      *chart
	Rows       []timesRow
	Events     []pageEvent
	Parts      []pagePart
	Columns    []pageColumn
	Streams    []pageStream
}

type pageEvent struct {
	At, After, Who, Text, Class string
}

type pagePart struct {
	grade.Part
	Width float64 // of the bar, in percent
	Tone  string
}

type pageColumn struct {
	Title, Class string
	Lines        []grade.Line
}

type pageStream struct {
	Name  string
	Lines []string
}

func newPage(r *Report) *page {
	p := &page{Report: r, Word: r.Verdict.word(), Name: r.scenarioName(), Tone: "open", Chart: newChart(r), Rows: r.timesRows()}
	switch {
	case r.Verdict.Recovered:
		p.Tone = "good"
	case r.Verdict.Decided:
		p.Tone = "bad"
	}
	for _, e := range merged(r) {
		p.Events = append(p.Events, r.pageEvent(e))
	}
	if g := r.Grade; g != nil {
		for _, part := range g.Parts {
			p.Parts = append(p.Parts, newPagePart(part))
		}
		for _, column := range []pageColumn{
			{"What you did well", "good", g.Well},
			{"What you missed", "bad", g.Missed},
			{"What production-grade looks like", "hint", g.Production},
		} {
			if len(column.Lines) > 0 {
				p.Columns = append(p.Columns, column)
			}
		}
	}
	if r.Users != nil {
		for i := range r.Users.Streams {
			s := &r.Users.Streams[i]
			p.Streams = append(p.Streams, pageStream{Name: s.Stream, Lines: s.sentences(r.Users)})
		}
	}
	return p
}

// tone is the class of a mark's colour.
func tone(mark string) string {
	switch mark {
	case markGood:
		return "good"
	case markBad:
		return "bad"
	default:
		return "open"
	}
}

func newPagePart(part grade.Part) pagePart {
	p := pagePart{Part: part, Tone: "bad"}
	if part.Max > 0 {
		p.Width = 100 * min(max(part.Got/part.Max, 0), 1)
	}
	switch {
	case p.Width >= 80:
		p.Tone = "good"
	case p.Width >= 50:
		p.Tone = "fair"
	}
	return p
}

func (r *Report) pageEvent(e timeline.Event) pageEvent {
	row := pageEvent{At: clock(e.Time), Who: e.Actor, Text: printable(r.sentenceOf(e))}
	if r.Times.Paged.At != nil {
		row.After = signed(e.Time.Sub(*r.Times.Paged.At).Truncate(time.Second))
	}
	switch {
	case e.Source == timeline.SourceTool && (e.Actor == "" || e.Actor == "firedrill"):
		row.Class, row.Who = "event-tool", "firedrill"
	case e.Actor == actorAdmin:
		row.Class = "event-bypass"
	case e.Writes:
		row.Class = "event-write"
	}
	return row
}
