package verifier

import (
	"context"
	"errors"
	"time"

	"k8s.io/utils/clock"
)

// Runner is the one place that waits. Its zero value is ready to use.
type Runner struct {
	Clock    clock.WithTicker // default: the real one
	Interval time.Duration    // longest time between two rounds of checks; default 1s
	MaxGap   time.Duration    // longest time without a complete round that a hold survives; default 5s
}

// Until waits until every check passes in two rounds in a row. At the timeout it
// returns an *UnmetError, which says what was seen last.
func (r *Runner) Until(ctx context.Context, t *Target, checks []Step, timeout time.Duration) (State, error) {
	return State{}, errors.New("not built yet")
}

// Watch follows the system until its recovery is proven or ctx ends. onState, which
// may be nil, is called from Watch's goroutine with every change of the state, and once a
// second while a hold goes on. The error is nil exactly when the verdict is
// "recovered"; when ctx ended it is ctx's cause and the verdict says what was missing.
func (r *Runner) Watch(ctx context.Context, t *Target, plan Plan, onState func(State)) (Verdict, error) {
	return Verdict{}, errors.New("not built yet")
}

// UnmetError says that a state was not reached in time, and what was seen last.
type UnmetError struct {
	Timeout time.Duration
	State   State
}

func (e *UnmetError) Error() string { return "not reached" }

// NotSurvivedError is a Perturber's: the disturbance was made and the system did not stand it.
// Any other error of a Perturber means that the disturbance could not be made.
type NotSurvivedError struct {
	Reason string
}

func (e *NotSurvivedError) Error() string { return "did not survive: " + e.Reason }
