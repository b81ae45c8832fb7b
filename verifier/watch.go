package verifier

import (
	"context"
	"fmt"
	"time"
)

// Watch follows the system until its recovery is proven or ctx ends. onState, which may
// be nil, is called from Watch's goroutine with every change of the state, and once a
// second while a hold goes on. The error is nil exactly when the verdict is "recovered";
// when ctx ended it is ctx's cause, and the verdict says what was missing.
func (r *Runner) Watch(ctx context.Context, t *Target, plan Plan, onState func(State)) (Verdict, error) {
	if err := plan.Validate(); err != nil {
		return Verdict{}, fmt.Errorf("nothing to prove: %w", err)
	}
	w, err := r.open(ctx, t, plan)
	if err != nil {
		return Verdict{}, err
	}
	defer w.stop()
	w.onState = onState
	return w.run(ctx)
}

// disturbance is a perturbation under way.
type disturbance struct {
	cancel context.CancelCauseFunc
	over   chan struct{} // closed at its end
	did    string
	err    error
	void   bool // a reset came first: its result says nothing any more
}

// run is the loop of a Watch: a round, what follows from it, a pause until the next.
func (w *watch) run(ctx context.Context) (Verdict, error) {
	var going *disturbance
	defer func() {
		if going != nil {
			going.cancel(errOver)
			<-going.over
		}
	}()
	for {
		seen := w.look(ctx)
		if ctx.Err() != nil { // what ended with ctx was not observed
			return w.record.verdict(w.m), context.Cause(ctx)
		}
		w.take(seen)
		if w.m.phase == PhaseRecovered {
			return w.record.verdict(w.m), nil
		}
		if going != nil && w.m.phase != PhasePerturbing {
			going.void = true
			going.cancel(errOver)
		}
		if going == nil {
			going = w.disturb(ctx)
		}
		over := w.await(ctx, going)
		if over && going != nil {
			if !going.void {
				w.m.disturbed(going.did, going.err, w.clock.Now())
				w.tell()
			}
			going = nil
		}
		if ctx.Err() != nil {
			return w.record.verdict(w.m), context.Cause(ctx)
		}
	}
}

// take brings the machine and the record up to date with a round.
func (w *watch) take(seen round) {
	w.tookLast = seen.ended.Sub(seen.began)
	if gap := w.m.see(seen); gap {
		w.memory.forget()
	}
	w.record.add(seen)
	w.tell()
}

// tell calls onState with what changed, or with a hold's progress.
func (w *watch) tell() {
	if w.onState == nil {
		return
	}
	now, at := w.record.state(w.m), w.clock.Now()
	progress := now.Phase == PhaseHolding && at.Sub(w.toldAt) >= time.Second
	if progress || w.toldAt.IsZero() || !sameTo(now, w.told) {
		w.told, w.toldAt = now, at
		w.onState(now)
	}
}

// disturb starts the perturbation that is due, if one is.
func (w *watch) disturb(ctx context.Context) *disturbance {
	step, within, due := w.m.wants()
	if !due {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	d := &disturbance{cancel: cancel, over: make(chan struct{})}
	t := w.sight()
	t.look = nil // it acts on what is true now, not on what a round has read
	go func() {
		defer close(d.over)
		defer cancel(nil)
		ctx, done := context.WithTimeout(ctx, within)
		defer done()
		d.did, d.err = perturb(ctx, step.Perturber, t)
	}()
	return d
}

func perturb(ctx context.Context, p Perturber, t *Target) (did string, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the perturbation broke down: %v", broken)
		}
	}()
	return p.Perturb(ctx, t)
}

// await pauses until the next round is due. It says whether the disturbance is over.
func (w *watch) await(ctx context.Context, going *disturbance) (over bool) {
	var done chan struct{}
	if going != nil {
		done = going.over
	}
	now := w.clock.Now()
	timer := w.clock.NewTimer(w.untilNext(now))
	defer func() { timer.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-done:
			return true
		case <-timer.C():
			return false
		case <-w.events.wake:
			rest, wakeable := w.nap(w.clock.Now())
			if !wakeable {
				continue // the hold ends in a moment; the timer is set to it
			}
			timer.Stop()
			timer = w.clock.NewTimer(rest)
		}
	}
}

// untilNext is the time to the next round: an interval, or less when something falls due.
func (w *watch) untilNext(now time.Time) time.Duration {
	next := w.interval
	if due, ok := w.m.due(); ok {
		left := max(due.Sub(now), 0)
		// A round that started just before the hold's end would be in the way of the
		// one that decides, which must begin after it.
		if left < next+w.margin() {
			next = left
		}
	}
	return next
}

// margin is how long a round is thought to take, as far as a hold may wait for it.
func (w *watch) margin() time.Duration { return min(w.tookLast, w.interval/2) }

// nap is how long to wait after a change in the cluster; not wakeable when the round that
// decides is due so soon that another one would only be in its way.
func (w *watch) nap(now time.Time) (rest time.Duration, wakeable bool) {
	if due, ok := w.m.due(); ok && w.m.phase == PhaseHolding && due.Sub(now) <= breath+w.margin() {
		return 0, false
	}
	return max(breath-now.Sub(w.m.last), 0), true
}
