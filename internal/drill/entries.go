package drill

import (
	"encoding/json"
	"time"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// Kinds of journal entries. What each one's data holds stands beside it.
const (
	entryCreated  = "created"  // Created
	entryPhase    = "phase"    // PhaseChange
	entryCommand  = "command"  // Command
	entryIntent   = "intent"   // Intent: about to inject
	entryInjected = "injected" // Step
	entryReverted = "reverted" // Step
	entryBaseline = "baseline" // Baseline
	entryPage     = "page"     // Page
	entryActions  = "actions"  // ActionsSeen
	entryState    = "state"    // verifier.State
	entryProof    = "proof"    // Proof
	entryHint     = "hint"     // Hint
	entryGap      = "gap"      // Gap
	entryGrading  = "grading"  // Grading: before the verdict
	entryVerdict  = "verdict"  // Verdict
	entryUsers    = "users"    // traffic summary, as the traffic package writes it
	entryError    = "error"    // Failure
	entryUpdate   = "update"   // Update: a step of the incident's process
	entryClock    = "clock"    // ClockSeen
)

// Phase is where a run stands.
type Phase string

// The phases of a run, in order.
const (
	PhasePreparing Phase = "preparing" // the drill's objects are being made
	PhaseHealthy   Phase = "healthy"   // the steady state is being proven
	PhaseInjecting Phase = "injecting" // the faults are being injected
	PhaseBroken    Phase = "broken"    // the symptom is being proven
	PhaseActive    Phase = "active"    // the trainee was paged; the clock runs
	PhaseDecided   Phase = "decided"   // there is a verdict, or a failure of a run with KeepFailed; the system is left as it is
	PhaseEnding    Phase = "ending"    // the faults and the objects are being taken away
	PhaseFinished  Phase = "finished"  // nothing is left of the run but its journal
)

// Created opens a run's journal.
type Created struct {
	Run          string            `json:"run"`
	Scenario     string            `json:"scenario"`
	Title        string            `json:"title"`
	ScenarioDirs []string          `json:"scenarioDirs,omitempty"` // where scenarios of one's own lay
	Cluster      string            `json:"cluster"`
	ClusterID    string            `json:"clusterID"`
	Seed         int64             `json:"seed"`
	Variant      string            `json:"variant,omitempty"`      // of the scenario: drawn by the seed, or chosen
	Node         string            `json:"node,omitempty"`         // the worker the drill breaks
	NodeSelector string            `json:"nodeSelector,omitempty"` // the nodes its pods run on; "": any
	Addon        string            `json:"addon,omitempty"`        // the cluster's service that the drill breaks for all
	Vars         map[string]string `json:"vars"`
	TimeLimit    time.Duration     `json:"timeLimit"`
	ProveHealthy bool              `json:"proveHealthy,omitempty"` // prove that the recovery checks pass the healthy system
	ProofTimeout time.Duration     `json:"proofTimeout,omitempty"` // for each proof before the page; 0: DefaultProofTimeout
	KeepFailed   bool              `json:"keepFailed,omitempty"`   // a run that fails before its page is left as it is until it is ended
	ProofID      string            `json:"proofID,omitempty"`      // the proof that the run is a case of; it keeps its own cases apart
	Mode         Mode              `json:"mode,omitempty"`         // "" is ModeTraining
	Exam         string            `json:"exam,omitempty"`         // the exam that the run belongs to
	ExamItem     int               `json:"examItem,omitempty"`     // its place in the exam, from 1
	ExamSHA256   string            `json:"examSHA256,omitempty"`   // of the exam's file when the run was begun, in hex
	Seal         int               `json:"seal,omitempty"`         // SealVersion; 0: an earlier version, which may not seal
	Version      string            `json:"version"`
}

// PhaseChange moves a run on.
type PhaseChange struct {
	Phase   Phase  `json:"phase"`
	Attempt int    `json:"attempt"`           // 1, and one more with each reset
	Command int64  `json:"command,omitempty"` // sequence number of the command that this carries out
	Detail  string `json:"detail,omitempty"`
}

// Command is what a verb of the command line asks the referee to do.
type Command struct {
	Verb string `json:"verb"` // end, reset
}

// Intent says what is about to be injected and where it stands how to take it back. An
// undo holds whole objects, Secrets among them, and files of nodes: it lies beside the
// journal, which tells its hash, until it is taken.
type Intent struct {
	Step   int    `json:"step"`
	Setup  bool   `json:"setup,omitempty"` // a step of spec.setup, not of spec.faults
	Kind   string `json:"kind"`
	File   string `json:"file"`   // in the run's folder
	SHA256 string `json:"sha256"` // of the file
}

// Step names a fault, or a step of the set-up, that was injected or reverted.
type Step struct {
	Step  int  `json:"step"`
	Setup bool `json:"setup,omitempty"`
}

// Baseline points at the snapshot in the run's folder.
type Baseline struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// Page is what the trainee was told.
type Page struct {
	Text string `json:"text"`
}

// ActionsSeen are timeline events with the place in the audit log behind them, in one
// entry, so that a resumed referee neither loses nor repeats an action.
type ActionsSeen struct {
	Events []timeline.Event `json:"events,omitempty"`
	Next   json.RawMessage  `json:"next,omitempty"` // where the trail goes on
}

// What is proven before the page.
const (
	proofHealthy   = "healthy"
	proofRecovered = "recovery checks" // on the healthy system, when Created.ProveHealthy
	proofBroken    = "broken"
)

// ProofsOfAProvenRun are the proofs of a run with Created.ProveHealthy, in order.
const ProofsOfAProvenRun = proofHealthy + ", " + proofRecovered + ", " + proofBroken

// Proof is a state of the system that was proven on the way to the page.
type Proof struct {
	What   string         `json:"what"` // proofHealthy, proofRecovered, proofBroken
	State  verifier.State `json:"state"`
	Passed bool           `json:"passed"`
	Took   time.Duration  `json:"took"`
}

// Hint is a hint that was asked for.
type Hint struct {
	Number int    `json:"number"` // from 1
	Of     int    `json:"of"`
	Text   string `json:"text"`

	At time.Time `json:"-"` // of its journal entry
}

// Gap is a time in which the referee saw nothing. The clock does not count it, but in an
// exam it counts what a trainee can bring about: the referee's own absence.
type Gap struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Why     string    `json:"why"`
	Counted bool      `json:"counted,omitempty"`
}

// Verdict is how the run was decided.
type Verdict struct {
	Recovered   bool      `json:"recovered"`
	Reason      string    `json:"reason"`
	Cause       string    `json:"cause,omitempty"` // of a verdict without recovery: ended, time limit
	RecoveredAt time.Time `json:"recoveredAt,omitzero"`
	DecidedAt   time.Time `json:"decidedAt"`
}

// Failure is an error of the tool's: one that ended the run without a verdict on the
// trainee, or one that only stands in the way for now, and is tried again.
type Failure struct {
	Message   string `json:"message"`
	Transient bool   `json:"transient,omitempty"`
	Webhook   bool   `json:"webhook,omitempty"` // an update that nobody got: the drill goes on without
	Watcher   string `json:"watcher,omitempty"` // what is not watched for now; it is again when there is no message
}

// Grading is what the scenario said of the grade when the run was decided. The grade rests on
// the journal alone: the scenario's own text may be changed, or gone, when it is asked for.
type Grading struct {
	Diagnosis *scenario.Diagnosis `json:"diagnosis"`
	Rubric    *scenario.Rubric    `json:"rubric"`
	Rates     map[string]int      `json:"rates"` // of the users' streams, requests a second
}

// GradingOf is what a scenario says of the grade.
func GradingOf(spec *scenario.Spec) Grading {
	g := Grading{Diagnosis: spec.Diagnosis, Rubric: spec.Rubric, Rates: map[string]int{}}
	for _, stream := range spec.Traffic {
		g.Rates[stream.Name] = stream.Rate
	}
	return g
}
