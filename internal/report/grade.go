package report

import (
	"fmt"
	"regexp"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/scenario"
)

// GradeOf grades a run that is decided; nil for one that is not. The spec counts only where
// the journal does not tell what the scenario said, and may be nil when it is not to be had any
// more; without weights the default ones count.
func GradeOf(run *drill.Run, spec *scenario.Spec, weights *grade.Weights) *grade.Grade {
	if run.Verdict == nil {
		return nil
	}
	in := inputOf(run, spec)
	in.Weights = weights
	return grade.Of(in)
}

// inputOf is what the grade of a run that is decided is made of.
func inputOf(run *drill.Run, spec *scenario.Spec) grade.Input {
	in := grade.Input{
		Mode: string(run.InMode()), Run: run.Created.Run, Cluster: run.Cluster, Severity: pagedSeverity(run.Page),
		Paged: run.PagedAt, Decided: run.Verdict.DecidedAt, RecoveredAt: run.Verdict.RecoveredAt,
		Recovered: run.Verdict.Recovered, Verdict: run.Verdict.Reason, Limit: run.TimeLimit,
		Events: run.Events,
	}
	var by drill.Grading
	switch {
	case run.Grading != nil:
		by = *run.Grading
	case spec != nil:
		by = drill.GradingOf(spec)
	}
	in.Diagnosis, in.Rubric, in.Traffic = by.Diagnosis, by.Rubric, len(by.Rates) > 0
	in.Users = gradedUsers(run, by.Rates)
	if run.State != nil {
		in.Checks, in.Safeguards = run.State.Checks, run.State.Safeguards
	}
	for _, g := range run.OffTheClock() {
		in.Gaps = append(in.Gaps, grade.Span{From: g.From, To: g.To})
	}
	for _, b := range run.Broken {
		in.Broken = append(in.Broken, grade.Broken{
			ID: b.ID, Entry: fmt.Sprintf("#%d", b.Seq), At: b.At, Reason: b.Reason, Sentence: b.Sentence,
		})
	}
	in.Hints, in.Entries = gradedHints(run), gradedEntries(run.Updates)
	return in
}

var severityInPage = regexp.MustCompile(`\[(SEV[1-4])\]`)

// pagedSeverity is the severity that the page names, or "".
func pagedSeverity(page string) string {
	if found := severityInPage.FindStringSubmatch(page); found != nil {
		return found[1]
	}
	return ""
}

// gradedHints are the hints that were known when the run was decided: in training, where
// they are free, those of this attempt; else of all, as a reset makes nobody forget.
func gradedHints(run *drill.Run) []grade.Hint {
	free := run.InMode() == drill.ModeTraining
	var hints []grade.Hint
	for _, h := range run.Hints {
		if free && h.At.Before(run.PagedAt) || h.At.After(run.Verdict.DecidedAt) {
			continue
		}
		hints = append(hints, grade.Hint{At: h.At, Text: h.Text})
	}
	return hints
}

func gradedEntries(updates []drill.Update) []grade.Entry {
	var entries []grade.Entry
	for _, u := range updates {
		entries = append(entries, grade.Entry{
			ID: u.ID(), At: u.At, Verb: u.Verb, Text: u.Text, Severity: u.Severity,
			Class: u.Class, Object: u.Object, Mechanism: u.Mechanism, Kind: u.Kind, FollowUp: u.FollowUp,
		})
	}
	return entries
}

// process adds the grade and the moments of the incident's process to a report.
func (r *Report) process(run *drill.Run, spec *scenario.Spec, at func(time.Time, string) Moment) {
	var last drill.Update // diagnosis of this attempt
	for _, u := range run.Updates {
		r.Timeline = append(r.Timeline, u.Event())
		if run.PagedAt.IsZero() || u.At.Before(run.PagedAt) || run.Verdict != nil && u.At.After(run.Verdict.DecidedAt) {
			continue
		}
		switch {
		case u.Verb == drill.UpdateAck && r.Times.Acknowledged.At == nil:
			r.Times.Acknowledged = at(u.At, "journal "+u.ID()+": ack")
		case u.Verb == drill.UpdateDiagnose:
			if u.Class != last.Class || u.Object != last.Object || u.Mechanism != last.Mechanism { // to repeat it costs no time
				r.Times.Diagnosed = at(u.At, "journal "+u.ID()+": the last diagnosis")
			}
			last = u
		}
	}
	if v := run.Verdict; v != nil {
		in := inputOf(run, spec)
		r.Times.Mitigated = at(in.Mitigated())
		r.Times.Diagnosed.judge(in.Diagnosed())
		if v.Recovered {
			r.Times.Verified = at(v.DecidedAt, v.Reason)
		}
	}
	r.Grade = GradeOf(run, spec, nil)
}

// judge says of a diagnosis whether it was right. Only a decided run's is judged: before, it
// would tell the trainee the answer.
func (m *Moment) judge(right, known bool) {
	if m.At == nil || !known {
		return
	}
	m.Right = &right
	m.Evidence += map[bool]string{true: ", which is right", false: ", which is wrong"}[right]
}
