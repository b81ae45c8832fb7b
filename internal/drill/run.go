package drill

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// Run is a run as its journal tells it.
type Run struct {
	Created
	CreatedAt  time.Time
	Phase      Phase
	PhaseSince time.Time
	Detail     string
	Attempt    int
	PagedAt    time.Time // of this attempt; zero before the page
	Page       string
	FinishedAt time.Time
	Baseline   *Baseline
	HealthyAt  time.Time // when the steady state was last proven
	FaultAt    time.Time // when this attempt's first fault was about to be injected
	Pending    []Intent  // faults and steps of the set-up not yet reverted, oldest first
	Injected   []int
	SetUp      []int           // steps of spec.setup that were made
	Trail      json.RawMessage // place in the audit log behind the last event
	Events     []timeline.Event
	Proofs     []Proof
	State      *verifier.State // newest observation of the recovery checks
	Hints      []Hint
	Updates    []Update // steps of the incident's process, of every attempt
	Broken     []Broken // safeguards that broke since this attempt's page
	Disturbed  []Span   // when this attempt's referee disturbed the system, which stood it
	Warnings   []string // what went wrong without hindering the referee
	Gaps       []Gap
	Clocks     []ClockSeen // whenever the nodes' clock was further from this host's, or nearer, than before
	Grading    *Grading    // nil before the verdict, and in the journals of earlier versions
	Verdict    *Verdict
	Failures   []string
	Trouble    string            // what stands in the referee's way for now: clean-up, or the cluster is away
	Unwatched  map[string]string // why something is not recorded for now, by what it is; "": it is again
	Users      []byte            // newest traffic summary, JSON
	UsersFirst []byte            // the first one after the verdict: much later some of it is in memory no more
	Asked      []Asked           // commands not carried out yet, oldest first
	LastSeq    int64

	usersIn Phase // in which Users was journaled

	held       map[string]bool // safeguards by whether they held when last seen, since the page
	disturbing time.Time       // since when the system is disturbed; zero: it is not
}

// Asked is a command of the journal that waits for the referee. As an error it is why
// a phase stopped before its end.
type Asked struct {
	Verb string
	Seq  int64
}

// Error names the command.
func (a *Asked) Error() string { return "asked to " + a.Verb }

// Clock returns how much of the time limit had been used at the given time. It starts
// with the page, stops with the verdict, and leaves out what the referee did not see.
func (r *Run) Clock(now time.Time) time.Duration {
	if r.PagedAt.IsZero() {
		return 0
	}
	end := now
	if r.Verdict != nil {
		end = r.Verdict.DecidedAt
	} else if !r.FinishedAt.IsZero() {
		end = r.FinishedAt
	}
	return max(r.AfterPage(end), 0)
}

// Stood is for how long the clock stood between the page and the verdict.
func (r *Run) Stood() time.Duration {
	if r.PagedAt.IsZero() || r.Verdict == nil {
		return 0
	}
	return r.Verdict.DecidedAt.Sub(r.PagedAt) - r.AfterPage(r.Verdict.DecidedAt)
}

// AfterPage is how long after the page a time is, on the clock: what is off it is left out.
func (r *Run) AfterPage(at time.Time) time.Duration {
	after := at.Sub(r.PagedAt)
	for _, g := range r.OffTheClock() {
		from, to := maxTime(g.From, r.PagedAt), minTime(g.To, at)
		if to.After(from) {
			after -= to.Sub(from)
		}
	}
	return after
}

// OffTheClock are the gaps that the clock leaves out, in order and without overlaps: a
// referee that was killed after it had noted one leaves it to the next to note it again.
func (r *Run) OffTheClock() []Gap {
	return r.gaps(func(g Gap) bool { return !g.Counted })
}

// gaps are those that are meant, in order and without overlaps.
func (r *Run) gaps(meant func(Gap) bool) []Gap {
	var off []Gap
	gaps := slices.DeleteFunc(slices.Clone(r.Gaps), func(g Gap) bool { return !meant(g) })
	slices.SortStableFunc(gaps, func(a, b Gap) int { return a.From.Compare(b.From) })
	for _, g := range gaps {
		if n := len(off); n > 0 && !g.From.After(off[n-1].To) {
			off[n-1].To = maxTime(off[n-1].To, g.To)
			continue
		}
		off = append(off, g)
	}
	return off
}

// ToldWarnings are the warnings, and in a graded run that the clock stood for want of a
// referee: whoever is graded can bring that about, and the time is not counted.
func (r *Run) ToldWarnings() []string {
	told := slices.Clone(r.Warnings)
	if r.InMode() != ModeGraded {
		return told
	}
	absent := time.Duration(0)
	for _, g := range r.gaps(func(g Gap) bool { return !g.Counted && g.Why == whyNoReferee }) {
		absent += g.To.Sub(g.From)
	}
	if absent > 0 {
		told = append(told, fmt.Sprintf("no referee was running for %s: the clock stood, and requests that are not on record of it are not counted", absent.Round(time.Second)))
	}
	return told
}

// provenOver is how much of the users' record before the proof of the healthy state
// belongs to it: the proof looked back over it.
const provenOver = 5 * time.Second

// UsersFrom is since when the users' requests are those of the healthy system; zero when
// it was not proven.
func (r *Run) UsersFrom() time.Time {
	if r.HealthyAt.IsZero() {
		return time.Time{}
	}
	return r.HealthyAt.Add(-provenOver)
}

// Moments are the times that the users' summary is split at.
func (r *Run) Moments() Moments {
	m := Moments{From: r.UsersFrom(), FaultAt: r.FaultAt, PagedAt: r.PagedAt, Disturbed: r.Disturbed}
	if r.Verdict != nil {
		m.RecoveredAt, m.DecidedAt = r.Verdict.RecoveredAt, r.Verdict.DecidedAt
	}
	return m
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// TroubleText is all that stands in the referee's way for now; "" when nothing does.
func (r *Run) TroubleText() string {
	var texts []string
	if r.Trouble != "" {
		texts = append(texts, r.Trouble)
	}
	for _, what := range slices.Sorted(maps.Keys(r.Unwatched)) {
		if why := r.Unwatched[what]; why != "" {
			texts = append(texts, what+": "+why)
		}
	}
	return strings.Join(texts, "; ")
}

// Recovered tells whether the run was decided for the trainee.
func (r *Run) Recovered() bool { return r.Verdict != nil && r.Verdict.Recovered }

// LeftFailed tells whether the run failed and is left as it is: see Created.KeepFailed.
func (r *Run) LeftFailed() bool { return r.Phase == PhaseDecided && r.Verdict == nil }

// VerdictText is the verdict as one line: the decided one, else what would be said now.
func (r *Run) VerdictText() string {
	switch {
	case r.Verdict != nil:
		return r.Verdict.Reason
	case r.Unsat() && len(r.Failures) == 0:
		return "no verdict: it ended before its page"
	case r.Hidden() && len(r.Failures) == 0:
		return "pending"
	case len(r.Failures) > 0:
		told := r.ToldFailures()
		return "no verdict: " + told[len(told)-1]
	case r.State != nil && r.State.Verdict.Reason != "":
		return r.State.Verdict.Reason
	default:
		return "pending"
	}
}
