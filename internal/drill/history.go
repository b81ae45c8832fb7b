package drill

import (
	"time"

	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/verifier"
)

// History is how a run went on: what Replay keeps only the newest of.
type History struct {
	Phases []PhaseSpan `json:"phases"`
	Checks []CheckSpan `json:"checks"` // of the recovery checks and the safeguards, in the scenario's order
}

// PhaseSpan is a time in one phase.
type PhaseSpan struct {
	Phase   Phase     `json:"phase"`
	Attempt int       `json:"attempt"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to,omitzero"` // zero: it has not ended
}

// CheckSpan is a time in which a check or a safeguard was seen in one state.
type CheckSpan struct {
	ID        string    `json:"id"`
	Safeguard bool      `json:"safeguard,omitempty"`
	State     string    `json:"state"` // passed, failed, unknown
	Reason    string    `json:"reason"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to,omitzero"` // zero: until now
}

// States of a CheckSpan.
const (
	SpanPassed  = "passed"
	SpanFailed  = "failed"
	SpanUnknown = "unknown"
)

// ReadHistory reads the history of a run's last attempt out of its journal's entries.
func ReadHistory(entries []session.Entry) (History, error) {
	h := History{Phases: []PhaseSpan{}, Checks: []CheckSpan{}}
	for _, e := range entries {
		switch e.Type {
		case entryPhase:
			var p PhaseChange
			if err := e.Decode(&p); err != nil {
				return h, err
			}
			h.phase(p, e.Time)
		case entryState:
			var s verifier.State
			if err := e.Decode(&s); err != nil {
				return h, err
			}
			h.state(s, e.Time)
		case entryVerdict:
			h.endChecks(e.Time)
		}
	}
	return h, nil
}

func (h *History) phase(p PhaseChange, at time.Time) {
	if n := len(h.Phases); n > 0 {
		h.Phases[n-1].To = at
		if p.Attempt > h.Phases[n-1].Attempt { // a reset: a history of its own
			h.Phases, h.Checks = []PhaseSpan{}, []CheckSpan{}
		}
	}
	if p.Phase == PhaseFinished {
		h.endChecks(at)
		return
	}
	h.Phases = append(h.Phases, PhaseSpan{Phase: p.Phase, Attempt: p.Attempt, From: at})
}

// endChecks: after the verdict nobody looks any more.
func (h *History) endChecks(at time.Time) {
	for i := range h.Checks {
		if h.Checks[i].To.IsZero() {
			h.Checks[i].To = at
		}
	}
}

func (h *History) state(s verifier.State, at time.Time) {
	for _, c := range s.Checks {
		h.check(CheckSpan{ID: c.ID, State: spanState(c.Passed, c.Error != "" || c.At.IsZero()), Reason: c.Reason, From: at})
	}
	for _, g := range s.Safeguards {
		h.check(CheckSpan{ID: g.ID, Safeguard: true, State: spanState(g.Held, g.Unknown), Reason: g.Reason, From: at})
	}
}

func spanState(good, unknown bool) string {
	switch {
	case unknown:
		return SpanUnknown
	case good:
		return SpanPassed
	default:
		return SpanFailed
	}
}

// check begins a new span where the state is another than before.
func (h *History) check(span CheckSpan) {
	for i := len(h.Checks) - 1; i >= 0; i-- {
		last := &h.Checks[i]
		if last.ID != span.ID || last.Safeguard != span.Safeguard {
			continue
		}
		if last.State == span.State && last.To.IsZero() {
			return
		}
		if last.To.IsZero() {
			last.To = span.From
		}
		break
	}
	h.Checks = append(h.Checks, span)
}

// SealVersion says, in a run's first entry, that the journal is sealed with its last one.
const SealVersion = 1

// SealDue tells whether the journal must have a seal: it is of a version that seals, and
// it says that the run is over. The seal is written before the last line.
func (r *Run) SealDue() bool { return r.Seal >= SealVersion && r.Phase == PhaseFinished }

// Ends tells whether an entry is a run's last: its journal is sealed with it.
func Ends(kind string, data any) bool {
	p, ok := data.(PhaseChange)
	return ok && kind == entryPhase && p.Phase == PhaseFinished
}
