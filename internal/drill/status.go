package drill

import (
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// Status is what "firedrill status -o json" prints: a contract that scripts rely on
// (docs/cli.md). Times are RFC 3339 in UTC, durations are seconds.
type Status struct {
	Run        string            `json:"run"`
	Scenario   string            `json:"scenario"` // HiddenScenario while an exam is sat
	Title      string            `json:"title"`
	Cluster    string            `json:"cluster"`
	Namespace  string            `json:"namespace"`
	Node       string            `json:"node,omitempty"`
	Seed       int64             `json:"seed"`
	Attempt    int               `json:"attempt"`
	Phase      Phase             `json:"phase"`
	PhaseSince time.Time         `json:"phaseSince"`
	Verdict    string            `json:"verdict"`
	Recovered  bool              `json:"recovered"`
	Decided    bool              `json:"decided"`
	Referee    bool              `json:"referee"` // a referee is alive
	Checks     []StatusCheck     `json:"checks"`
	Safeguards []StatusSafeguard `json:"safeguards"`
	Hold       StatusHold        `json:"hold"`
	Clock      StatusClock       `json:"clock"`
	CreatedAt  time.Time         `json:"createdAt"`
	PagedAt    *time.Time        `json:"pagedAt,omitempty"`
	FinishedAt *time.Time        `json:"finishedAt,omitempty"`
	Actions    int               `json:"actions"` // of the trainee, up to the verdict
	Hints      int               `json:"hints"`
	Mode       Mode              `json:"mode"`
	Hidden     bool              `json:"hidden,omitempty"` // how the checks stand is not told before the verdict
	Exam       string            `json:"exam,omitempty"`
	Updates    int               `json:"updates"` // steps of the incident's process
	Errors     []string          `json:"errors,omitempty"`
	Trouble    string            `json:"trouble,omitempty"`  // what stands in the referee's way for now
	Warnings   []string          `json:"warnings,omitempty"` // what went wrong without hindering it
}

// StatusCheck is one recovery check as last seen.
type StatusCheck struct {
	ID       string    `json:"id"`
	Passed   bool      `json:"passed"`
	Reason   string    `json:"reason"`
	Evidence string    `json:"evidence"`
	Error    string    `json:"error,omitempty"` // why it could not be observed
	At       time.Time `json:"at"`
}

// StatusSafeguard is one safeguard as last seen.
type StatusSafeguard struct {
	ID       string    `json:"id"`
	Held     bool      `json:"held"`
	Unknown  bool      `json:"unknown,omitempty"` // the latest look saw nothing: neither held nor broken
	Reason   string    `json:"reason"`
	Sentence string    `json:"sentence,omitempty"` // why this is no repair; only of a broken one
	Error    string    `json:"error,omitempty"`    // why it could not be observed
	At       time.Time `json:"at"`
}

// StatusHold is how long every check has to hold, and has held, in seconds.
type StatusHold struct {
	Required float64 `json:"required"`
	Elapsed  float64 `json:"elapsed"`
	Phase    string  `json:"phase,omitempty"` // failing, settling, perturbing, holding, recovered
}

// StatusClock is the time limit and how much of it is used, in seconds.
type StatusClock struct {
	Limit float64 `json:"limit"`
	Used  float64 `json:"used"`
}

// StatusOf sums the run up at the given time.
func StatusOf(r *Run, refereeAlive bool, now time.Time) Status {
	s := Status{
		Run: r.Created.Run, Scenario: r.ToldScenario(), Title: r.Title, Cluster: r.Cluster, Namespace: r.Created.Run,
		Node: r.ToldNode(), Seed: r.Seed, Attempt: r.Attempt, Phase: r.Phase, PhaseSince: r.PhaseSince,
		Verdict: r.VerdictText(), Recovered: r.Recovered(), Decided: r.Verdict != nil, Referee: refereeAlive,
		Checks: []StatusCheck{}, Safeguards: []StatusSafeguard{},
		Clock:     StatusClock{Limit: r.TimeLimit.Seconds(), Used: r.Clock(now).Seconds()},
		CreatedAt: r.CreatedAt, PagedAt: timeOrNil(r.PagedAt), FinishedAt: timeOrNil(r.FinishedAt),
		Actions: r.actions(), Hints: len(r.Hints), Errors: r.ToldFailures(), Trouble: r.TroubleText(), Warnings: r.ToldWarnings(),
		Mode: r.InMode(), Hidden: r.Hidden(), Exam: r.Exam, Updates: len(r.Updates),
	}
	if r.State != nil && !s.Hidden {
		s.addState(r.State, now)
	}
	return s
}

// actions is how often the trainee acted, up to the verdict.
func (r *Run) actions() int {
	var decided time.Time
	if r.Verdict != nil {
		decided = r.Verdict.DecidedAt
	}
	return len(timeline.Actions(r.Events, decided))
}

func (s *Status) addState(state *verifier.State, now time.Time) {
	for _, c := range state.Checks {
		s.Checks = append(s.Checks, StatusCheck{
			ID: c.ID, Passed: c.Passed, Reason: c.Reason, Evidence: c.Evidence, Error: c.Error, At: c.At,
		})
	}
	for _, g := range state.Safeguards {
		row := StatusSafeguard{ID: g.ID, Held: g.Held, Unknown: g.Unknown, Reason: g.Reason, Error: g.Error, At: g.At}
		if !g.Held && !g.Unknown {
			row.Sentence = g.Sentence
		}
		s.Safeguards = append(s.Safeguards, row)
	}
	s.Hold = StatusHold{
		Required: state.Hold.Required.Seconds(), Elapsed: state.Hold.Elapsed.Seconds(), Phase: string(state.Phase),
	}
	if !state.Hold.Since.IsZero() && !s.Decided {
		s.Hold.Elapsed = min(now.Sub(state.Hold.Since).Seconds(), s.Hold.Required)
	}
}

// Unobserved says why nothing is known of a check or a safeguard, in place of what was seen
// before: its error, or none yet.
func Unobserved(why string) string {
	if why == "" {
		return "not observed yet"
	}
	return "could not be observed: " + why
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
