// Package timeline holds what happened during a run, as a person reads it: the
// trainee's actions, the tool's own milestones, and changes of the checks.
package timeline

import (
	"slices"
	"time"
)

// Source tells who saw an event.
type Source string

// Sources of events.
const (
	SourceAudit Source = "audit" // the API server's audit log
	SourceNode  Source = "node"  // a shell or command in a node, through firedrill
	SourceTool  Source = "tool"  // firedrill itself: page, hint, phase, verdict
)

// Event is one thing that happened. Times are in UTC: the API server's as the audit
// log has them, this host's once an event is in a run's journal.
type Event struct {
	Time      time.Time `json:"time"`
	ID        string    `json:"id"` // audit ID, or a unique ID of the tool's
	Source    Source    `json:"source"`
	Actor     string    `json:"actor"` // "trainee", "admin" (a bypass with the admin's kubeconfig or the referee's), "firedrill"
	Verb      string    `json:"verb"`  // as kubectl names it: get, describe, logs, patch, scale, cordon, drain ...
	Resource  string    `json:"resource,omitempty"`
	Namespace string    `json:"namespace,omitempty"`
	Name      string    `json:"name,omitempty"`
	Detail    string    `json:"detail,omitempty"` // what a write changed, redacted
	Writes    bool      `json:"writes,omitempty"` // it changed (or tried to change) the system
	Code      int       `json:"code,omitempty"`   // HTTP status of the API server's answer
	Text      string    `json:"text"`             // the sentence a person reads: "described pod checkout-7f9c"
}

// Changed tells whether an event changed the system. A dry run did not, nor did an apply
// that found nothing to change.
func (e Event) Changed() bool { return e.Writes && e.Code < 400 }

// MayHaveChanged tells whether an event changed something, or may have: of a session in a
// container nobody can say what it did.
func (e Event) MayHaveChanged() bool {
	return e.Changed() || e.Code < 400 && slices.Contains([]string{"attach", "cp", "exec"}, e.Verb)
}

// Actions are what the trainee did to the system, up to the verdict: decided, or zero while
// there is none. What somebody does with the admin's identity is none of theirs, and what
// the trainee tells (ack, note, diagnose ...) changes and reads nothing.
func Actions(events []Event, decided time.Time) []Event {
	var actions []Event
	for _, e := range events {
		if e.Actor == "trainee" && e.Source != SourceTool && (decided.IsZero() || !e.Time.After(decided)) {
			actions = append(actions, e)
		}
	}
	return actions
}
