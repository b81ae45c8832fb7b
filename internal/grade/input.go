package grade

import (
	"cmp"
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// Modes of a run.
const (
	ModeTraining = "training" // hints are free
	ModeGraded   = "graded"   // hints cost
	ModeExam     = "exam"     // there are no hints
)

// Input is everything a grade is made of. A field that is empty is a thing that is not
// known or did not happen: it earns nothing.
type Input struct {
	Mode     string // "" is ModeTraining
	Run      string // its ID, which is its namespace's name
	Cluster  string // its name, with which its nodes' names begin
	Severity string // that the page names, for example SEV2; "" when it names none

	Paged       time.Time
	Decided     time.Time // of the verdict; zero: there is none, and no grade
	RecoveredAt time.Time // of a recovery: the start of the hold that passed
	Recovered   bool
	Verdict     string // the verdict's sentence
	Limit       time.Duration
	Gaps        []Span // times off the clock

	Events     []timeline.Event          // of all attempts: what lies outside of page and verdict is left out
	Entries    []Entry                   // the same
	Checks     []verifier.CheckState     // as last seen
	Safeguards []verifier.SafeguardState // as last seen
	Broken     []Broken                  // safeguards that broke between the page and the verdict
	Hints      []Hint
	Users      *Users // nil: nothing is known of them

	Traffic   bool                // the scenario has users
	Diagnosis *scenario.Diagnosis // nil: the scenario has none
	Rubric    *scenario.Rubric    // nil: the scenario has none
	Weights   *Weights            // nil: DefaultWeights
}

// Span is a stretch of time.
type Span struct{ From, To time.Time }

// Verbs of entries.
const (
	VerbAck      = "ack"
	VerbNote     = "note"
	VerbSeverity = "severity"
	VerbDiagnose = "diagnose"
	VerbResolve  = "resolve"
)

// Entry is one step of the incident's process that the trainee journaled.
type Entry struct {
	ID        string // of the journal's entry
	At        time.Time
	Verb      string
	Text      string // note: what was told; severity: the reason; resolve: what was done
	Severity  string // severity: SEV1 to SEV4
	Class     string // diagnose
	Object    string // diagnose
	Mechanism string // diagnose
	Kind      string // resolve: mitigation or fix
	FollowUp  string // resolve: what is still to be done
}

// Broken is a safeguard that was held after the page and then was not.
type Broken struct {
	ID       string
	Entry    string // of the journal: the state in which it was seen
	At       time.Time
	Reason   string
	Sentence string // why what it catches is no repair
}

// Hint is a hint that was taken.
type Hint struct {
	At   time.Time
	Text string
}

// Users is what the users saw from the page to the verdict, all streams together.
type Users struct {
	Sent          int
	Failed        int
	Missing       int // not in the record, though they were sent or should have been: nobody saw them served
	LongestOutage time.Duration
	Rate          float64   // requests a second that they send
	Failing       bool      // there were failures that were not isolated
	ServedAt      time.Time // first good answer after the last of those; zero: there was none before the verdict
}

// during returns what happened between the page and the verdict, both included, in the
// order of time. The API server's clock has whole seconds in places: an action of the
// page's own second counts.
func (in *Input) during() []timeline.Event {
	from := in.Paged.Truncate(time.Second)
	var events []timeline.Event
	for _, e := range in.Events {
		if !in.Paged.IsZero() && !e.Time.Before(from) && !e.Time.After(in.Decided) {
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b timeline.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	return events
}

// Mitigated is when the users were served again, and what says so. Where their record does
// not tell (there is none, or no failure after the page that was not isolated) it is the
// start of the hold that passed. A zero time: it did not come to pass.
func (in *Input) Mitigated() (at time.Time, why string) {
	const hold = ": the start of the hold that passed"
	u := in.Users
	switch known := u != nil && u.Sent > 0; {
	case known && u.Failing && u.ServedAt.IsZero():
		return time.Time{}, "users: their requests still failed at the verdict"
	case known && u.Failing:
		return u.ServedAt, "users: the first good answer after the last failures that were not isolated"
	case !in.Recovered:
		return time.Time{}, "verdict: " + in.Verdict
	case known:
		return in.RecoveredAt, "verdict, for the users saw no failures after the page that were not isolated" + hold
	}
	return in.RecoveredAt, "verdict, for there is no record of users" + hold
}

// entries returns the process entries between the page and the verdict, oldest first;
// resolve may come after the verdict, when the system is repaired already.
func (in *Input) entries() []Entry {
	var entries []Entry
	for _, e := range in.Entries {
		late := e.At.After(in.Decided) && e.Verb != VerbResolve
		if !in.Paged.IsZero() && !e.At.Before(in.Paged) && !late {
			entries = append(entries, e)
		}
	}
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	return entries
}

// elapsed is how long after the page a time is, without what is off the clock.
func (in *Input) elapsed(at time.Time) time.Duration {
	d := at.Sub(in.Paged)
	for _, g := range in.Gaps {
		from, to := g.From, g.To
		if from.Before(in.Paged) {
			from = in.Paged
		}
		if to.After(at) {
			to = at
		}
		if to.After(from) {
			d -= to.Sub(from)
		}
	}
	return max(d, 0)
}
