package grade

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// Of grades a run that is decided. A run without a verdict has no grade: nil.
func Of(in Input) *Grade {
	if in.Decided.IsZero() {
		return nil
	}
	w := DefaultWeights()
	if in.Weights != nil {
		w = *in.Weights
	}
	g := &grader{Input: in, weights: w.effective(&in)}
	g.events, g.told = in.during(), in.entries()
	parts := []Part{
		g.part(PartRootCause, g.weights.RootCause, g.rootCause()),
		g.part(PartRecovery, g.weights.Recovery, g.recovery()),
		g.part(PartSafeguards, g.weights.Safeguards, g.safeguards()),
		g.part(PartUsers, g.weights.Users, g.users()),
		g.part(PartTime, g.weights.Time, g.times()),
		g.part(PartProcess, g.weights.Process, g.process()),
	}
	grade := &Grade{Process: rating(parts[5], parts[4]), Technical: rating(parts[0], parts[1], parts[2], parts[3])}
	sum := 0.0
	for _, p := range parts {
		sum += p.Got
	}
	if cost, ok := g.hints(sum); ok {
		parts, sum = append(parts, cost), sum+cost.Got
	}
	parts = slices.DeleteFunc(parts, func(p Part) bool { return p.Max == 0 && p.Name != PartHints })
	grade.Parts, grade.Total, grade.Capped = parts, round(sum), g.cap()
	if grade.Capped != nil {
		grade.Total = min(grade.Total, grade.Capped.At)
		if grade.Capped.At == capNothing {
			grade.Process, grade.Technical = 0, 0
		}
	}
	g.words(grade)
	return grade
}

// grader is one grade in the making.
type grader struct {
	Input
	weights Weights
	events  []timeline.Event // between the page and the verdict, in order
	told    []Entry          // the same
}

// line is a judgement as a share of its part: 0 to 1.
type line struct {
	text     string
	got, max float64
	evidence string
	at       time.Time
}

// part turns shares into points.
func (g *grader) part(name string, weight float64, lines []line) Part {
	p := Part{Name: name, Max: weight, Lines: []Line{}}
	for _, l := range lines {
		row := Line{Text: l.text, Got: round(l.got * weight), Max: round(l.max * weight), Evidence: l.evidence}
		if !l.at.IsZero() {
			at := l.at.UTC()
			row.At = &at
		}
		p.Lines = append(p.Lines, row)
		p.Got += row.Got
	}
	p.Got = round(min(max(p.Got, 0), weight))
	return p
}

// rating is how much of some parts was earned, out of 10, in steps of a half.
func rating(parts ...Part) float64 {
	got, most := 0.0, 0.0
	for _, p := range parts {
		got, most = got+p.Got, most+p.Max
	}
	if most == 0 {
		return 0
	}
	return math.Floor(got/most*20+1e-9) / 2
}

// round keeps hundredths of a point.
func round(points float64) float64 { return math.Round(points*100)/100 + 0 } // no negative zero

// hints is what the hints cost: never more than was earned.
func (g *grader) hints(earned float64) (Part, bool) {
	each := map[string]float64{ModeGraded: hintGraded, ModeExam: hintExam}[g.Mode]
	if each == 0 || len(g.Hints) == 0 {
		return Part{}, false
	}
	p := Part{Name: PartHints, Lines: []Line{}}
	for i, h := range g.Hints {
		cost := round(min(each, earned+p.Got))
		at := h.At.UTC()
		p.Lines = append(p.Lines, Line{
			Text: fmt.Sprintf("hint %d was taken", i+1), Got: -cost, Evidence: "journal: hint: " + h.Text, At: &at,
		})
		p.Got = round(p.Got - cost)
	}
	return p, true
}

// evidence names an event: its ID and its sentence.
func evidence(e timeline.Event) string { return string(e.Source) + " " + e.ID + ": " + e.Text }

// entryEvidence names a journaled step.
func entryEvidence(e Entry, what string) string {
	return "journal " + e.ID + ": " + e.Verb + ": " + what
}
