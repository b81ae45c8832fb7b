package grade

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// words sorts the lines into what was done well and what was missed, and sets what
// production-grade looks like beside what was done.
func (g *grader) words(grade *Grade) {
	grade.Well, grade.Missed, grade.Production = []Line{}, []Line{}, []Line{}
	if e, blind := g.blind(); blind {
		at := e.Time.UTC()
		grade.Missed = append(grade.Missed, Line{Text: "changed the system before looking at it", Evidence: evidence(e), At: &at})
	}
	grade.Missed = append(grade.Missed, g.forbiddenLines()...)
	for _, p := range grade.Parts {
		for _, l := range p.Lines {
			switch {
			case l.Max > 0 && l.Got >= l.Max:
				grade.Well = append(grade.Well, l)
			default: // also what cost nothing because nothing was earned
				grade.Missed = append(grade.Missed, l)
			}
		}
	}
	// The most telling first: what weighs more, and of the same weight in the parts' order.
	slices.SortStableFunc(grade.Well, func(a, b Line) int { return compare(b.Max, a.Max) })
	slices.SortStableFunc(grade.Missed, func(a, b Line) int { return compare(lost(b), lost(a)) })
	grade.Production = g.production()
}

// forbiddenLines tell what nobody may do, each kind once, with the first event that did it and
// how often it was done.
func (g *grader) forbiddenLines() []Line {
	var lines []Line
	times := map[string]int{}
	for _, e := range g.events {
		_, reason := g.forbidden(e)
		if reason == "" {
			continue
		}
		times[reason]++
		if times[reason] == 1 {
			at := e.Time.UTC()
			lines = append(lines, Line{Text: reason, Evidence: evidence(e), At: &at})
		}
	}
	for i, l := range lines {
		if n := times[l.Text]; n > 1 {
			lines[i].Text = fmt.Sprintf("%s (%d times; the first is told)", l.Text, n)
		}
	}
	return lines
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// lost is how many points a line did not earn; what has no points of its own comes first.
func lost(l Line) float64 {
	if l.Max == 0 && l.Got == 0 {
		return 1000
	}
	return l.Max - l.Got
}

// production is the scenario's own sentences, each beside what this run changed and how
// it ended: which change belongs to which sentence is the reader's to judge.
func (g *grader) production() []Line {
	lines := []Line{}
	if g.Rubric == nil {
		return lines
	}
	shown := "this run: " + g.changes() + "; " + g.Verdict
	for _, sentence := range g.Rubric.Production {
		lines = append(lines, Line{Text: sentence, Evidence: shown})
	}
	return lines
}

// changes tells what the trainee changed, in order, shortened to the first few.
func (g *grader) changes() string {
	const most = 4
	var texts []string
	more := 0
	for _, e := range g.events {
		if e.Actor != actorTrainee || !e.Changed() {
			continue
		}
		if len(texts) == most {
			more++
			continue
		}
		texts = append(texts, e.Text+" after "+g.span(e.Time))
	}
	switch {
	case len(texts) == 0:
		return "nothing was changed"
	case more > 0:
		texts = append(texts, "and more")
	}
	return strings.Join(texts, ", ")
}

// blind is the first change, when no signal was read before it.
func (g *grader) blind() (timeline.Event, bool) {
	write := g.firstWrite()
	if write == len(g.events) {
		return timeline.Event{}, false
	}
	for _, s := range g.signals() {
		if s.read && !s.late && s.place < write {
			return timeline.Event{}, false
		}
	}
	return g.events[write], g.Rubric != nil
}

// span is how long after the page something was, for a person.
func (g *grader) span(at time.Time) string { return g.elapsed(at).Round(time.Second).String() }
