package grade

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/firedrill/firedrill/internal/scenario"
)

// Names of the parts.
const (
	PartRootCause  = "root-cause"
	PartRecovery   = "recovery"
	PartSafeguards = "safeguards"
	PartUsers      = "users"
	PartTime       = "time"
	PartProcess    = "process"
	PartHints      = "hints" // only when hints cost: it takes away
)

// Weights says how many of the 100 points each part may earn.
type Weights struct {
	RootCause  float64 `yaml:"root-cause" doc:"The diagnosis: class, object, mechanism." min:"0" max:"100" required:"true"`
	Recovery   float64 `yaml:"recovery" doc:"The repair held." min:"0" max:"100" required:"true"`
	Safeguards float64 `yaml:"safeguards" doc:"Nothing was weakened on the way." min:"0" max:"100" required:"true"`
	Users      float64 `yaml:"users" doc:"What the incident cost the users." min:"0" max:"100" required:"true"`
	Time       float64 `yaml:"time" doc:"Acknowledged, diagnosed and mitigated in time." min:"0" max:"100" required:"true"`
	Process    float64 `yaml:"process" doc:"Signals read in order, severity, notes, the decision, the resolution." min:"0" max:"100" required:"true"`
}

// DefaultWeights is the one place where the parts are weighed (docs/grading.md).
func DefaultWeights() Weights {
	return Weights{RootCause: 20, Recovery: 25, Safeguards: 10, Users: 10, Time: 10, Process: 25}
}

// Shares of a part, each of 1.
const (
	shareClass, shareObject, shareMechanism = 0.30, 0.35, 0.35 // of root-cause

	shareRequests, shareOutage = 0.5, 0.5 // of users

	shareAck, shareDiagnosed, shareMitigated = 0.3, 0.3, 0.4 // of time

	// Of process.
	shareSignals  = 0.40 // each signal by its weight
	shareOrder    = 0.10 // read in the order in which they pay
	shareTold     = 0.10 // acknowledged
	shareSeverity = 0.10
	shareNotes    = 0.10
	shareDecision = 0.10
	shareResolve  = 0.10
)

const (
	lateShare = 0.5 // of a signal's points, when it was first read after the first write

	enoughNotes = 2 // notes that make a log of an incident

	brokenShare = 1.0 / 3 // of the safeguards' points, for each that was broken on the way

	// The incident's error budget is this share of what the users send in a whole time limit.
	// Up to it the failed requests cost nothing; at everyRequest all points are gone. The
	// longest outage is measured by the same two against the time limit.
	budgetShare, everyRequest = 0.25, 1.0

	hintGraded = 5.0 // points that a hint costs in graded mode
	hintExam   = 10.0
)

// Totals that a run cannot exceed.
const (
	capNothing   = 0.0  // nothing was done
	capReferee   = 20.0 // the referee or the users' prober was touched
	capNamespace = 20.0 // the drill's namespace was deleted
	capOpen      = 40.0 // the system was not recovered
	capAdmin     = 50.0 // the administrator's kubeconfig or the referee's was used to change something
)

// threshold is when a time earns all of its points and when none: as shares of the
// time limit, and at least so long.
type threshold struct {
	full, none       float64
	leastFull, least time.Duration
}

// The thresholds of the time part, by what is timed (docs/grading.md).
var (
	ackThreshold       = threshold{full: 0.10, none: 0.40, leastFull: time.Minute, least: 5 * time.Minute}     //nolint:gochecknoglobals // a constant table
	diagnosedThreshold = threshold{full: 0.50, none: 1.00, leastFull: 3 * time.Minute, least: 6 * time.Minute} //nolint:gochecknoglobals // a constant table
	mitigatedThreshold = threshold{full: 0.60, none: 1.00, leastFull: 3 * time.Minute, least: 6 * time.Minute} //nolint:gochecknoglobals // a constant table
)

// bounds are the threshold's times under a time limit.
func (t threshold) bounds(limit time.Duration) (full, none time.Duration) {
	full = max(time.Duration(t.full*float64(limit)), t.leastFull)
	return full, max(time.Duration(t.none*float64(limit)), t.least)
}

// share is how much of the points a time earns.
func (t threshold) share(took, limit time.Duration) float64 {
	full, none := t.bounds(limit)
	return falling(float64(took), float64(full), float64(none))
}

// falling is 1 up to full, 0 from none on, and a straight line between them.
func falling(x, full, none float64) float64 {
	switch {
	case x <= full:
		return 1
	case x >= none:
		return 0
	}
	return (none - x) / (none - full)
}

// Validate refuses weights that are not out of 100.
func (w Weights) Validate() error {
	sum := w.RootCause + w.Recovery + w.Safeguards + w.Users + w.Time + w.Process
	if math.Abs(sum-100) > 0.001 {
		return fmt.Errorf("the weights sum to %g: they must sum to 100", sum)
	}
	return nil
}

// ReadWeights reads an instructor's weights: a YAML file with every part and its points.
// What is wrong in it is an error with line and column.
func ReadWeights(path string) (*Weights, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the weights: %w", err)
	}
	var w Weights
	if err := scenario.Decode(filepath.ToSlash(path), src, &w).Err(); err != nil {
		return nil, err
	}
	if err := w.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &w, nil
}

// effective moves the points of what cannot be judged of this scenario to the recovery:
// the grade is always out of 100.
func (w Weights) effective(in *Input) Weights {
	if in.Diagnosis == nil {
		w.Recovery, w.RootCause = w.Recovery+w.RootCause, 0
	}
	if !in.Traffic {
		w.Recovery, w.Users = w.Recovery+w.Users, 0
	}
	return w
}
