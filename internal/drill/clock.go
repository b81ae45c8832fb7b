package drill

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// blindAfter is how long the cluster may be silent before the clock stops.
	blindAfter = 5 * time.Second
	// answerWithin is how long an API server that is there may take for a small answer.
	answerWithin = 3 * time.Second
)

// stopwatch ends the watch at the time limit, and takes the times in which nobody could
// have proven a recovery (a closed laptop, an API server away) off the clock.
type stopwatch struct {
	engine   *Engine
	lastSeen time.Time // when the API server last answered
	asked    time.Time // when it was last asked, with the monotonic reading
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
	if err := s.countStopped(ctx); err != nil {
		return err
	}
	if !e.answers(ctx) {
		return nil
	}
	// Rounding drops the monotonic reading, which stands still while a laptop sleeps.
	now := e.Now().Round(0)
	since := s.lastSeen
	s.lastSeen = now
	if now.Sub(since) > blindAfter {
		if err := e.note(ctx, entryGap, Gap{From: since.UTC(), To: now.UTC(), Why: "the cluster did not answer"}); err != nil {
			return err
		}
		// A virtual machine that slept may have another clock than before.
		if err := e.measureClock(ctx); err != nil {
			return err
		}
		s.lastSeen = e.Now().Round(0)
	}
	e.mu.Lock()
	used, limit := e.run.Clock(now), e.run.TimeLimit
	e.mu.Unlock()
	if used >= limit {
		return errTimeLimit
	}
	return nil
}

// countStopped keeps the time in which this process was stopped, or starved, on the clock
// of an exam: whoever sits one could else stop the clock with a signal. The monotonic
// clock tells it from a laptop that slept: it stands still meanwhile (time.Now).
func (s *stopwatch) countStopped(ctx context.Context) error {
	e, before := s.engine, s.asked
	s.asked = e.Now()
	if e.run.InMode() != ModeExam || before.IsZero() || s.asked.Sub(before) <= blindAfter {
		return nil
	}
	from, to := before.Round(0), s.asked.Round(0)
	if from.Sub(s.lastSeen) > blindAfter {
		if err := e.note(ctx, entryGap, Gap{From: s.lastSeen.UTC(), To: from.UTC(), Why: "the cluster did not answer"}); err != nil {
			return err
		}
	}
	s.lastSeen = to
	return e.note(ctx, entryGap, Gap{From: from.UTC(), To: to.UTC(), Why: "the referee was stopped", Counted: true})
}

// answers tells whether the API server is there. Not finding the namespace is an answer.
func (e *Engine) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	_, err := e.Client.CoreV1().Namespaces().Get(ctx, e.run.Created.Run, metav1.GetOptions{})
	return err == nil || apierrors.IsNotFound(err)
}
