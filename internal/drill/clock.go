package drill

import (
	"context"
	"runtime"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// blindAfter is how long the cluster may be silent before the clock stops.
	blindAfter = 5 * time.Second
	// answerWithin is how long an API server that is there may take for a small answer.
	answerWithin = 3 * time.Second
	// whyNoAnswer says of a gap that the cluster was away.
	whyNoAnswer = "the cluster did not answer"
)

// stopwatch ends the watch at the time limit, and takes the times in which nobody could
// have proven a recovery (a closed laptop, an API server away) off the clock.
type stopwatch struct {
	engine   *Engine
	lastSeen time.Time // when the API server last answered
	awake    time.Time // when this process last did something, with the monotonic reading
}

// newStopwatch returns one that knows of no gap up to now.
func newStopwatch(e *Engine) *stopwatch {
	s := &stopwatch{engine: e, awake: e.Now()}
	s.saw(s.awake.Round(0))
	return s
}

func (s *stopwatch) run(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.tick(ctx); err != nil {
				cancel(err)
				return
			}
		}
	}
}

// tick accounts for the time since the last answer. While there is none it waits: a time
// limit that ran out unseen is found when the API server is back.
func (s *stopwatch) tick(ctx context.Context) error {
	e := s.engine
	defer func() { s.awake = e.Now() }() // what a tick takes is no absence
	if err := s.countStopped(ctx, blindAfter); err != nil {
		return err
	}
	answers := e.answers(ctx)
	if err := s.countStopped(ctx, blindAfter+answerWithin); err != nil { // stopped while it asked
		return err
	}
	if !answers {
		return nil
	}
	// Rounding drops the monotonic reading, which stands still while a laptop sleeps.
	now := e.Now().Round(0)
	since := s.lastSeen
	s.saw(now)
	if now.Sub(since) > blindAfter {
		if err := s.noAnswer(ctx, since, now); err != nil {
			return err
		}
		// A virtual machine that slept may have another clock than before.
		if err := e.measureClock(ctx); err != nil {
			return err
		}
		s.saw(e.Now().Round(0))
	}
	e.mu.Lock()
	used, limit := e.run.Clock(now), e.run.TimeLimit
	e.mu.Unlock()
	if used >= limit {
		return errTimeLimit
	}
	return nil
}

// saw notes that the cluster was there: for the time between here and the next answer, and
// for a referee after this one, which knows only what is written down.
func (s *stopwatch) saw(at time.Time) {
	s.lastSeen = at
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	s.engine.answeredAt = at
}

func (s *stopwatch) noAnswer(ctx context.Context, from, to time.Time) error {
	return s.engine.note(ctx, entryGap, Gap{From: from.UTC(), To: to.UTC(), Why: whyNoAnswer})
}

// countStopped keeps the time in which this process was stopped, or starved, on the clock
// of an exam: whoever sits one could else stop the clock with a signal. The monotonic
// clock tells it from a laptop that slept, where it stands still (not on Windows, which
// has no such signal: docs of the package time).
func (s *stopwatch) countStopped(ctx context.Context, longest time.Duration) error {
	e, before := s.engine, s.awake
	s.awake = e.Now()
	if e.run.InMode() != ModeExam || before.IsZero() || runtime.GOOS == "windows" {
		return nil
	}
	stopped := s.awake.Sub(before)
	if stopped <= longest {
		return nil
	}
	to := s.awake.Round(0)
	from := to.Add(-stopped)
	if from.Sub(s.lastSeen) > blindAfter { // asleep, or without an answer, before
		if err := s.noAnswer(ctx, s.lastSeen, from); err != nil {
			return err
		}
	}
	s.saw(to)
	return e.note(ctx, entryGap, Gap{From: from.UTC(), To: to.UTC(), Why: "the referee was stopped, or the machine was too busy for it", Counted: true})
}

// answers tells whether the API server is there. Not finding the namespace is an answer.
func (e *Engine) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	_, err := e.Client.CoreV1().Namespaces().Get(ctx, e.run.Created.Run, metav1.GetOptions{})
	return err == nil || apierrors.IsNotFound(err)
}
