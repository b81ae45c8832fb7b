package drill

import (
	"context"
	"fmt"
	"time"

	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// Mode is how much help a trainee gets.
type Mode string

// Modes of a run.
const (
	ModeTraining Mode = "training" // hints are free, the checks' states are shown
	ModeGraded   Mode = "graded"   // hints cost, the checks' states are hidden until the verdict
	ModeExam     Mode = "exam"     // no hints, no second try, the checks' states are hidden until the verdict
)

// Modes lists them as they are written on the command line.
func Modes() []string { return []string{string(ModeTraining), string(ModeGraded), string(ModeExam)} }

// InMode is the run's mode: a journal of before there were modes is of a training.
func (r *Run) InMode() Mode {
	if r.Mode == "" {
		return ModeTraining
	}
	return r.Mode
}

// Hidden tells whether the trainee must not see how the checks stand yet.
func (r *Run) Hidden() bool {
	return r.InMode() != ModeTraining && r.Verdict == nil && (r.Phase != PhaseFinished || r.Unsat())
}

// Unsat tells whether an exam's drill ended before its page: it is begun anew, so that
// nothing of it may be told.
func (r *Run) Unsat() bool {
	return r.InMode() == ModeExam && r.Phase == PhaseFinished && r.PagedAt.IsZero() && r.Verdict == nil
}

// HiddenScenario stands where a scenario's name, which is the cause, must not be told.
const HiddenScenario = "hidden"

// InExam tells whether somebody sits the run as an exam, or will: nothing may tell its cause.
func (r *Run) InExam() bool { return r.InMode() == ModeExam && r.Hidden() }

// ToldScenario is the scenario's name, or HiddenScenario while the run is sat as an exam.
func (r *Run) ToldScenario() string {
	if r.InExam() {
		return HiddenScenario
	}
	return r.Scenario
}

// ToldFailures are what the tool failed in. They name checks, faults and files: while the run
// is sat as an exam only the referee's log tells them.
func (r *Run) ToldFailures() []string {
	if r.InExam() && len(r.Failures) > 0 {
		return []string{"it failed before its verdict; the referee's log says how"}
	}
	return r.Failures
}

// ToldNode is the node that the drill broke, empty when it breaks none and while the run
// is sat as an exam.
func (r *Run) ToldNode() string {
	if r.InExam() {
		return ""
	}
	return r.Node
}

// Verbs of updates.
const (
	UpdateAck      = "ack"
	UpdateNote     = "note"
	UpdateSeverity = "severity"
	UpdateDiagnose = "diagnose"
	UpdateResolve  = "resolve"
)

// Update is one step of the incident's process, told by the trainee.
type Update struct {
	Verb      string `json:"verb"`
	Text      string `json:"text,omitempty"`      // note: what is told; severity: the reason; resolve: what was done
	Severity  string `json:"severity,omitempty"`  // SEV1 to SEV4
	Class     string `json:"class,omitempty"`     // diagnose
	Object    string `json:"object,omitempty"`    // diagnose
	Mechanism string `json:"mechanism,omitempty"` // diagnose
	Kind      string `json:"kind,omitempty"`      // resolve: mitigation or fix
	FollowUp  string `json:"followUp,omitempty"`  // resolve: what is still to be done

	Seq int64     `json:"-"` // of its journal entry
	At  time.Time `json:"-"` // of its journal entry
}

// Tell journals a step of the process.
func Tell(ctx context.Context, j appender, u Update) error {
	_, err := j.Append(ctx, entryUpdate, u)
	return err
}

// Sentence says the update as a person reads it.
func (u Update) Sentence() string {
	switch u.Verb {
	case UpdateAck:
		return "acknowledged the page"
	case UpdateSeverity:
		return "set the severity to " + u.Severity + ": " + u.Text
	case UpdateDiagnose:
		return fmt.Sprintf("diagnosed: %s, %s: %s", u.Class, u.Object, u.Mechanism)
	case UpdateResolve:
		text := "resolved by a " + u.Kind + ": " + u.Text
		if u.FollowUp != "" {
			text += "; to follow: " + u.FollowUp
		}
		return text
	}
	return "noted: " + u.Text
}

// ID names the update's journal entry.
func (u Update) ID() string { return fmt.Sprintf("#%d", u.Seq) }

// Event is the update on the timeline.
func (u Update) Event() timeline.Event {
	return timeline.Event{Time: u.At, ID: u.ID(), Source: timeline.SourceTool, Actor: "trainee", Verb: u.Verb, Text: u.Sentence()}
}

func (r *Run) applyUpdate(e session.Entry) error {
	u := Update{Seq: e.Seq, At: e.Time}
	if err := e.Decode(&u); err != nil {
		return err
	}
	r.Updates = append(r.Updates, u)
	return nil
}

// Broken is a safeguard that held after the page and then did not.
type Broken struct {
	ID       string
	Seq      int64 // of the journal's state entry in which it was first seen
	At       time.Time
	Reason   string
	Sentence string
}

// applyState takes up the newest observation, and remembers what broke since the last
// one: what the fault itself broke was never seen to hold after the page.
func (r *Run) applyState(e session.Entry) error {
	r.Trouble, r.State = "", new(verifier.State)
	if err := e.Decode(r.State); err != nil {
		return err
	}
	if r.PagedAt.IsZero() {
		return nil
	}
	r.noteDisturbance(e.Time)
	if r.held == nil {
		r.held = map[string]bool{}
	}
	for _, g := range r.State.Safeguards {
		if g.Unknown || g.At.IsZero() {
			continue
		}
		if r.held[g.ID] && !g.Held {
			r.Broken = append(r.Broken, Broken{ID: g.ID, Seq: e.Seq, At: e.Time, Reason: g.Reason, Sentence: g.Sentence})
		}
		r.held[g.ID] = g.Held
	}
	return nil
}

// noteDisturbance keeps when the referee disturbed the system to prove its recovery. One
// that the system did not stand shows what the trainee left undone, and is not kept.
func (r *Run) noteDisturbance(at time.Time) {
	switch r.State.Phase {
	case verifier.PhasePerturbing:
		if r.disturbing.IsZero() {
			r.disturbing = at
		}
		return
	case verifier.PhaseHolding, verifier.PhaseRecovered:
		if !r.disturbing.IsZero() {
			r.Disturbed = append(r.Disturbed, Span{From: r.disturbing, To: at})
		}
	}
	r.disturbing = time.Time{}
}
