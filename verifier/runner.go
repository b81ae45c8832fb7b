package verifier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/utils/clock"
)

// Runner is the one place that waits. Its zero value is ready to use. It may be used for
// several targets at once.
type Runner struct {
	Clock    clock.Clock   // default: the real one
	Interval time.Duration // longest time between two rounds of checks; default 1s
	MaxGap   time.Duration // longest time without a complete round that a hold survives; default 5s, at least 3s

	// unwatched leaves the watches on the cluster out: a test's clock drives every round.
	unwatched bool
}

const (
	defaultInterval = time.Second
	defaultGap      = 5 * time.Second
	minGap          = 3 * time.Second
	// breath is the least time between two rounds, however much changes in the cluster.
	breath = 200 * time.Millisecond
	// again is when Until looks a second time at what it saw pass.
	again = 250 * time.Millisecond
)

// watch is one Until or Watch under way.
type watch struct {
	clock    clock.Clock
	interval time.Duration
	target   *Target
	plan     Plan
	m        *machine
	memory   *memory
	events   *events
	stop     func()
	record   *record

	onState  func(State)
	told     State     // the state that onState heard last
	toldAt   time.Time // and when
	tookLast time.Duration
}

func (r *Runner) open(ctx context.Context, t *Target, plan Plan) (*watch, error) {
	gap := r.MaxGap
	if gap == 0 {
		gap = defaultGap
	}
	w := &watch{
		clock: r.Clock, interval: r.Interval, target: t, plan: plan,
		m: newMachine(plan, max(gap, minGap)), memory: new(memory), events: newEvents(), record: newRecord(plan),
		stop: func() {},
	}
	if w.clock == nil {
		w.clock = clock.RealClock{}
	}
	if w.interval <= 0 {
		w.interval = defaultInterval
	}
	if r.unwatched {
		return w, nil
	}
	stop, err := w.events.start(ctx, t.Client, t.Namespace)
	if err != nil {
		return nil, err
	}
	w.stop = stop
	return w, nil
}

// Until waits until every check passes in two rounds in a row. At the timeout it
// returns an *UnmetError, which says what was seen last.
func (r *Runner) Until(ctx context.Context, t *Target, checks []Step, timeout time.Duration) (State, error) {
	plan := Plan{Checks: checks, Hold: timeout}
	if err := plan.Validate(); err != nil {
		return State{}, fmt.Errorf("nothing to prove: %w", err)
	}
	w, err := r.open(ctx, t, plan)
	if err != nil {
		return State{}, err
	}
	defer w.stop()
	deadline := w.clock.Now().Add(timeout)
	passed := 0
	for {
		seen := w.look(ctx)
		if ctx.Err() != nil {
			return w.steady(), context.Cause(ctx)
		}
		w.record.add(seen)
		passed++
		for _, s := range seen.checks {
			if !s.ok() {
				passed = 0
			}
		}
		if passed == 2 {
			return w.steady(), nil
		}
		if passed == 0 && !seen.ended.Before(deadline) {
			return w.steady(), &UnmetError{Timeout: timeout, State: w.steady()}
		}
		next := w.interval
		if passed > 0 {
			next = again
		}
		// Until needs no wake-up to see the second pass early: it must lie apart from the first.
		if !w.pause(ctx, min(next, max(deadline.Sub(seen.ended), breath)), passed == 0) {
			return w.steady(), context.Cause(ctx)
		}
	}
}

// steady is the state of an Until: it has checks, and neither phase nor hold.
func (w *watch) steady() State {
	return State{Checks: w.record.state(w.m).Checks}
}

// pause waits; a change in the cluster ends it early when wakeable. False: ctx ended.
func (w *watch) pause(ctx context.Context, d time.Duration, wakeable bool) bool {
	timer := w.clock.NewTimer(d)
	defer timer.Stop()
	wake := w.events.wake
	if !wakeable {
		wake = nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-timer.C():
		return true
	case <-wake:
	}
	rest := w.clock.NewTimer(breath)
	defer rest.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-rest.C():
		return true
	}
}

// UnmetError says that a state was not reached in time, and what was seen last.
type UnmetError struct {
	Timeout time.Duration
	State   State
}

// Error names every check that did not pass, with its reason.
func (e *UnmetError) Error() string {
	var missing []string
	for _, c := range e.State.Checks {
		switch {
		case c.Error != "":
			missing = append(missing, c.ID+" could not be observed: "+c.Error)
		case !c.Passed:
			missing = append(missing, c.ID+": "+c.Reason+suffix(c.Evidence))
		}
	}
	return fmt.Sprintf("not reached within %s: %s", e.Timeout, strings.Join(missing, "; "))
}

// NotSurvivedError is a Perturber's: the disturbance was made and the system did not stand it.
// Any other error of a Perturber means that the disturbance could not be made.
type NotSurvivedError struct {
	Reason string
}

func (e *NotSurvivedError) Error() string { return "did not survive: " + e.Reason }

// errOver stops a perturbation that a reset made pointless.
var errOver = errors.New("the pass that this perturbation belonged to is over")
