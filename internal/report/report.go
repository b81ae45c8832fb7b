// Package report says what happened in a run: for a reader in a minute, or for a
// program. Every figure stands beside the evidence it comes from.
package report

import (
	"maps"
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// Report is one run, told. Times are RFC 3339 in UTC, durations are seconds.
type Report struct {
	Run         string            `json:"run"`
	Scenario    string            `json:"scenario"`
	Title       string            `json:"title"`
	Cluster     string            `json:"cluster"`
	Seed        int64             `json:"seed"`
	Variant     string            `json:"variant,omitempty"` // only of a finished run: it tells the cause
	Variables   map[string]string `json:"variables"`
	Attempt     int               `json:"attempt"`
	Phase       drill.Phase       `json:"phase"`
	Verdict     Verdict           `json:"verdict"`
	Times       Times             `json:"times"`
	Proofs      []Proof           `json:"proofs"`
	Checks      []Check           `json:"checks"`
	Safeguards  []Safeguard       `json:"safeguards"`
	Users       *Users            `json:"users,omitempty"`
	History     *drill.History    `json:"history,omitempty"` // of the last attempt
	Timeline    []timeline.Event  `json:"timeline"`
	Hints       []drill.Hint      `json:"hints"`
	Gaps        []drill.Gap       `json:"gaps"`             // times that nobody observed; off the clock but for those that are counted
	Clocks      []Clock           `json:"clocks,omitempty"` // of the nodes, where they were not this host's
	Errors      []string          `json:"errors,omitempty"`
	Warnings    []string          `json:"warnings,omitempty"`    // what went wrong without hindering the run
	Grade       *grade.Grade      `json:"grade,omitempty"`       // only of a run that is decided
	Explanation string            `json:"explanation,omitempty"` // only of a finished run
	Mode        drill.Mode        `json:"mode"`
}

// Verdict is how the run was decided.
type Verdict struct {
	Recovered bool   `json:"recovered"`
	Decided   bool   `json:"decided"`
	Reason    string `json:"reason"`
	Cause     string `json:"cause,omitempty"` // of a verdict without recovery: ended, time limit
}

// Times are the moments of the run, each with what it rests on.
type Times struct {
	Created      Moment  `json:"created"`
	FaultAt      Moment  `json:"fault"`
	Paged        Moment  `json:"paged"`
	FirstAction  Moment  `json:"firstAction"`
	Acknowledged Moment  `json:"acknowledged"`
	Diagnosed    Moment  `json:"diagnosed"` // the last diagnosis before the verdict
	Mitigated    Moment  `json:"mitigated"` // the users were served again; the evidence says how that is known
	Recovered    Moment  `json:"recovered"`
	Verified     Moment  `json:"verified"` // the end of the hold that passed
	Decided      Moment  `json:"decided"`
	Finished     Moment  `json:"finished"`
	Clock        float64 `json:"clockSeconds"`
	Limit        float64 `json:"limitSeconds"`
}

// Moment is a time, how long after the page it was, and its evidence. It has no time
// when it did not come to pass.
type Moment struct {
	At        *time.Time `json:"at"`
	AfterPage *float64   `json:"secondsAfterPage"` // on the clock: what is off it (gaps) is left out, as in the grade
	Evidence  string     `json:"evidence"`
	Right     *bool      `json:"right,omitempty"` // of a diagnosis, once the run is decided; nil: it is not known
}

// Proof is a state that was proven before the page.
type Proof struct {
	What   string  `json:"what"`
	Passed bool    `json:"passed"`
	Took   float64 `json:"seconds"`
	Checks []Check `json:"checks"`
}

// Check is a check as last observed.
type Check struct {
	ID       string    `json:"id"`
	Passed   bool      `json:"passed"`
	Reason   string    `json:"reason"`
	Evidence string    `json:"evidence"`
	Error    string    `json:"error,omitempty"` // why the latest look saw nothing; the rest is what was seen before it
	At       time.Time `json:"at"`
}

// Safeguard is a safeguard as last observed.
type Safeguard struct {
	ID       string    `json:"id"`
	Held     bool      `json:"held"`
	Unknown  bool      `json:"unknown,omitempty"` // the latest look saw nothing: neither held nor broken
	Reason   string    `json:"reason"`
	Sentence string    `json:"sentence,omitempty"` // why this is no repair; only of a broken one
	Error    string    `json:"error,omitempty"`    // why it could not be observed
	At       time.Time `json:"at"`
}

// Build tells the run. The explanation comes from the scenario, once the run is over;
// spec may be nil when the scenario is not to be had any more.
func Build(run *drill.Run, spec *scenario.Spec, now time.Time) *Report {
	r := &Report{
		Run: run.Created.Run, Scenario: run.ToldScenario(), Title: run.Title, Cluster: run.Cluster, Seed: run.Seed,
		Attempt: run.Attempt, Phase: run.Phase,
		Verdict:  Verdict{Recovered: run.Recovered(), Decided: run.Verdict != nil, Reason: run.VerdictText()},
		Timeline: append([]timeline.Event{}, run.Events...),
		Hints:    append([]drill.Hint{}, run.Hints...),
		Gaps:     append([]drill.Gap{}, run.Gaps...),
		Clocks:   clocksOf(run.Clocks),
		Errors:   slices.Clone(run.ToldFailures()),
		Warnings: run.ToldWarnings(),
	}
	if !run.Hidden() { // they name the broken node, and what was changed
		r.Variables = maps.Clone(run.Vars)
	}
	if run.Phase == drill.PhaseFinished && !run.Hidden() {
		r.Variant = run.Variant
	} else {
		delete(r.Variables, scenario.VarVariant)
	}
	if trouble := run.TroubleText(); trouble != "" {
		r.Errors = append(r.Errors, trouble)
	}
	if run.Verdict != nil {
		r.Verdict.Cause = run.Verdict.Cause
	}
	for _, p := range run.Proofs {
		if run.Hidden() {
			break // the proven symptom is a hint
		}
		r.Proofs = append(r.Proofs, Proof{What: p.What, Passed: p.Passed, Took: p.Took.Seconds(), Checks: checksOf(p.State.Checks)})
	}
	if run.State != nil && !run.Hidden() {
		r.Checks = checksOf(run.State.Checks)
		r.Safeguards = safeguardsOf(run.State.Safeguards)
	}
	if spec != nil && run.Phase == drill.PhaseFinished && !run.Hidden() {
		r.Explanation = spec.Explanation
	}
	r.Times = timesOf(run, now)
	r.Users = usersOf(run.Users, run.OffTheClock(), run.Stood())
	r.Mode = run.InMode()
	r.process(run, spec, momentsOf(run))
	return r
}

func checksOf(states []verifier.CheckState) []Check {
	checks := []Check{}
	for _, c := range states {
		checks = append(checks, Check{ID: c.ID, Passed: c.Passed, Reason: c.Reason, Evidence: c.Evidence, Error: c.Error, At: c.At})
	}
	return checks
}

func safeguardsOf(states []verifier.SafeguardState) []Safeguard {
	guards := []Safeguard{}
	for _, g := range states {
		row := Safeguard{ID: g.ID, Held: g.Held, Unknown: g.Unknown, Reason: g.Reason, Error: g.Error, At: g.At}
		if !g.Held && !g.Unknown {
			row.Sentence = g.Sentence
		}
		guards = append(guards, row)
	}
	return guards
}

// momentsOf makes moments of times, after this run's page.
func momentsOf(run *drill.Run) func(t time.Time, evidence string) Moment {
	return func(t time.Time, evidence string) Moment {
		if t.IsZero() {
			return Moment{}
		}
		m := Moment{At: &t, Evidence: evidence}
		if !run.PagedAt.IsZero() {
			after := run.AfterPage(t).Seconds()
			m.AfterPage = &after
		}
		return m
	}
}

func timesOf(run *drill.Run, now time.Time) Times {
	at := momentsOf(run)
	t := Times{
		Created: at(run.CreatedAt, "journal"), FaultAt: at(run.FaultAt, "journal: intent of the first fault"),
		Paged: at(run.PagedAt, "journal: page"), Finished: at(run.FinishedAt, "journal"),
		Clock: run.Clock(now).Seconds(), Limit: run.TimeLimit.Seconds(),
	}
	if first, ok := firstAction(run); ok {
		t.FirstAction = at(first.Time, string(first.Source)+" "+first.ID+": "+first.Text)
	}
	if v := run.Verdict; v != nil {
		t.Decided = at(v.DecidedAt, v.Reason)
		if v.Recovered {
			t.Recovered = at(v.RecoveredAt, "start of the hold that passed: every check and safeguard, until "+
				v.DecidedAt.UTC().Format(time.RFC3339))
		}
	}
	return t
}

// firstAction is the first thing the trainee did from the page to the verdict. The API
// server's times may be whole seconds, so one in the page's second is after it; one at
// the very moment of the verdict is the last that counts.
func firstAction(run *drill.Run) (first timeline.Event, found bool) {
	for _, e := range run.Events { // reads wait for what they may be part of: not in order of time
		if e.Actor != "trainee" || run.PagedAt.IsZero() || e.Time.Before(run.PagedAt.Truncate(time.Second)) || afterVerdict(run, e) {
			continue
		}
		if !found || e.Time.Before(first.Time) {
			first, found = e, true
		}
	}
	return first, found
}

func afterVerdict(run *drill.Run, e timeline.Event) bool {
	return run.Verdict != nil && e.Time.After(run.Verdict.DecidedAt)
}
