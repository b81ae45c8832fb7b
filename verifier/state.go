package verifier

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Phase is where a watched system stands on its way to a proven recovery.
type Phase string

// Phases, in the order in which a recovery passes through them.
const (
	PhaseFailing    Phase = "failing"    // a check fails, a safeguard is broken, or something could not be observed
	PhaseSettling   Phase = "settling"   // everything passes; the Runner waits a moment before it disturbs the system
	PhasePerturbing Phase = "perturbing" // a disturbance is under way, or the checks have not all passed again since
	PhaseHolding    Phase = "holding"    // everything passes and must go on doing so
	PhaseRecovered  Phase = "recovered"  // the hold is over: proven
)

// State is all that is known of a watched system at one moment.
type State struct {
	Phase      Phase            `json:"phase"`
	Checks     []CheckState     `json:"checks"`
	Safeguards []SafeguardState `json:"safeguards,omitempty"`
	Hold       Hold             `json:"hold"`
	Verdict    Verdict          `json:"verdict"`
}

// CheckState is a check's last observation.
type CheckState struct {
	ID       string    `json:"id"`
	Passed   bool      `json:"passed"`
	Reason   string    `json:"reason"`
	Evidence string    `json:"evidence,omitempty"`
	Error    string    `json:"error,omitempty"` // why the latest look saw nothing; the rest is what was seen before it
	At       time.Time `json:"at"`              // when Passed, Reason and Evidence were seen; zero: never
}

// SafeguardState is a safeguard's last observation.
type SafeguardState struct {
	ID       string    `json:"id"` // the safeguard's name in the scenario
	Held     bool      `json:"held"`
	Unknown  bool      `json:"unknown,omitempty"` // it could not be observed: neither held nor broken, and no recovery
	Reason   string    `json:"reason"`
	Evidence string    `json:"evidence,omitempty"`
	Sentence string    `json:"sentence"` // why what it catches is not a repair
	Error    string    `json:"error,omitempty"`
	At       time.Time `json:"at"`
}

// Hold is how far the hold has come.
type Hold struct {
	Required metav1.Duration `json:"required"`          // written as "30s"
	Elapsed  metav1.Duration `json:"elapsed"`           // zero outside of a hold
	Since    time.Time       `json:"since,omitzero"`    // start of the hold under way
	Resets   int             `json:"resets,omitempty"`  // how often a settling, perturbation or hold was broken off
	Reset    string          `json:"reset,omitempty"`   // why the last one was
	ResetAt  time.Time       `json:"resetAt,omitzero"`  // and when
	Actions  []string        `json:"actions,omitempty"` // what was done to disturb the system, in the pass under way
}

// Unproven says what stood in the way when the time was up: the verdict so far, and how often
// the proof began anew and why it last did. All may look well in the moment that is the last.
func (s State) Unproven() string {
	switch {
	case s.Hold.Resets == 0 || s.Hold.Reset == "" || strings.Contains(s.Verdict.Reason, s.Hold.Reset):
		return s.Verdict.Reason
	case s.Hold.Resets == 1:
		return s.Verdict.Reason + "; it started over: " + s.Hold.Reset
	}
	return fmt.Sprintf("%s; it started over %d times, the last time: %s", s.Verdict.Reason, s.Hold.Resets, s.Hold.Reset)
}

// Verdict is the judgement so far; it is final when Recovered, or when Watch has returned.
type Verdict struct {
	Recovered bool   `json:"recovered"`
	Reason    string `json:"reason"` // "not recovered: <safeguard or check>: <why>", or what was proven
	// Cause is the ID of the safeguard or check that Reason names; empty when it names none.
	Cause       string    `json:"cause,omitempty"`
	RecoveredAt time.Time `json:"recoveredAt,omitzero"` // when the pass that held began: the time that counts
	DecidedAt   time.Time `json:"decidedAt,omitzero"`   // when it was proven
}
