package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// Marks of what the trainee told.
const (
	markAcknowledged = "acknowledged"
	markDiagnosed    = "diagnosed"
)

// mark is a milestone of the run.
type mark struct {
	Name string // one word, for a chart
	Text string // for a timeline
	At   time.Time
	Of   Moment
}

// marks are the milestones that came to pass, in order of time.
func (r *Report) marks() []mark {
	var all []mark
	add := func(m Moment, name, text string) {
		if m.At != nil {
			all = append(all, mark{Name: name, Text: text, At: *m.At, Of: m})
		}
	}
	add(r.Times.FaultAt, "fault", "fault injected")
	add(r.Times.Paged, "paged", "paged")
	add(r.Times.Acknowledged, markAcknowledged, markAcknowledged)
	add(r.Times.Diagnosed, markDiagnosed, markDiagnosed)
	if !r.Times.Mitigated.same(r.Times.Recovered) {
		add(r.Times.Mitigated, "mitigated", "mitigated")
	}
	add(r.Times.Recovered, "recovered", "every check passes: start of the hold that passed")
	if !r.Times.Verified.same(r.Times.Decided) {
		add(r.Times.Verified, "verified", "verified")
	}
	add(r.Times.Decided, "decided", "decided: "+r.Verdict.Reason)
	slices.SortStableFunc(all, func(a, b mark) int { return a.At.Compare(b.At) })
	return all
}

// same tells whether two moments are one: it is marked once then.
func (m Moment) same(as Moment) bool { return m.At != nil && as.At != nil && m.At.Equal(*as.At) }

// merged is the trainee's timeline with the run's own milestones in it. What was done at
// the very moment of the verdict stands before it, and still counts.
func merged(r *Report) []timeline.Event {
	events := slices.Clone(r.Timeline)
	for _, m := range r.marks() {
		if m.Name == markAcknowledged || m.Name == markDiagnosed {
			continue // the trainee's own entry says it
		}
		events = append(events, timeline.Event{Time: m.At, Source: timeline.SourceTool, Text: m.Text})
	}
	slices.SortStableFunc(events, func(a, b timeline.Event) int {
		return cmp.Compare(a.Time.UnixMilli(), b.Time.UnixMilli())
	})
	return events
}

// sentenceOf is an event's sentence, with what a reader must know beside it.
func (r *Report) sentenceOf(e timeline.Event) string {
	text := e.Text
	if e.Actor == actorAdmin {
		text = "bypass with the admin's or the referee's kubeconfig: " + text
	}
	if e.Source != timeline.SourceTool && r.Times.Decided.At != nil && e.Time.After(*r.Times.Decided.At) {
		text += " (after the verdict)"
	}
	return text
}

// actorAdmin is the actor of what somebody did with the administrator's kubeconfig.
const actorAdmin = "admin"

// word is the verdict in capitals.
func (v Verdict) word() string {
	switch {
	case v.Recovered:
		return "RECOVERED"
	case v.Decided:
		return "NOT RECOVERED"
	default:
		return "NO VERDICT"
	}
}

// times are the rows of the table of times.
func (r *Report) timesRows() []timesRow {
	rows := []timesRow{
		{"paged", r.Times.Paged},
		{"first action", r.Times.FirstAction},
		{"acknowledged", r.Times.Acknowledged},
		{"diagnosed", r.Times.Diagnosed},
		{"mitigated", r.Times.Mitigated},
		{"recovered", r.Times.Recovered},
		{"verified", r.Times.Verified},
		{"decided", r.Times.Decided},
	}
	// A run that nobody could acknowledge, of a version before it, has no such rows.
	return slices.DeleteFunc(rows, func(row timesRow) bool {
		return row.Moment.At == nil && r.Grade == nil &&
			slices.Contains([]string{"acknowledged", "diagnosed", "mitigated", "verified"}, row.Name)
	})
}

type timesRow struct {
	Name   string
	Moment Moment
}
