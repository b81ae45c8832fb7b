package drill

import (
	"errors"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	kubetesting "k8s.io/client-go/testing"
)

func TestTheClockStopsWhileTheClusterIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engine()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	e.Now = func() time.Time { return now }
	e.run.PagedAt, e.run.TimeLimit = now, time.Minute
	away := false
	w.client.PrependReactor("get", "namespaces", func(kubetesting.Action) (bool, runtime.Object, error) {
		if away {
			return true, nil, errors.New("connection refused")
		}
		return false, nil, nil
	})
	s := &stopwatch{engine: e, lastSeen: now}
	tick := func(after time.Duration) error {
		now = now.Add(after)
		return s.tick(t.Context())
	}
	if err := tick(2 * time.Second); err != nil {
		t.Fatal(err)
	}
	away = true
	for range 120 { // two minutes without an answer, twice the limit
		if err := tick(time.Second); err != nil {
			t.Fatalf("decided while nothing could be seen: %v", err)
		}
	}
	away = false
	if err := tick(time.Second); err != nil {
		t.Fatalf("the time nobody could see was counted: %v", err)
	}
	if got := e.run.Clock(now); got != 2*time.Second {
		t.Errorf("clock = %s, want 2s: what was seen", got)
	}
	for range 10 {
		if err := tick(4 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if err := tick(4 * time.Second); err != nil {
		t.Fatal(err)
	}
	var err error
	for range 10 {
		if err = tick(4 * time.Second); err != nil {
			break
		}
	}
	if !errors.Is(err, errTimeLimit) {
		t.Errorf("the limit of a minute never came: clock %s, %v", e.run.Clock(now), err)
	}
}

// TestAnExamsClockIsNotStopped: in an exam the clock runs on while the referee is not
// running, or stopped by a signal; in other modes, and while the cluster is away or the
// machine asleep, it does not.
func TestAnExamsClockIsNotStopped(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		mode   Mode
		what   func(*awhile, *testing.T)
		clock  time.Duration
		counts []bool
	}{
		{"killed, training", ModeTraining, (*awhile).killed, 0, []bool{false}},
		{"killed, graded", ModeGraded, (*awhile).killed, 0, []bool{false}},
		{"killed, exam", ModeExam, (*awhile).killed, time.Minute, []bool{true}},
		{"stopped, graded", ModeGraded, (*awhile).stopped, time.Second, []bool{false}},
		{"stopped, exam", ModeExam, (*awhile).stopped, 61 * time.Second, []bool{true}},
		{"away, exam", ModeExam, (*awhile).away, time.Second, []bool{false}},
		{"away and then stopped, exam", ModeExam, (*awhile).awayThenStopped, 61 * time.Second, []bool{false, true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, testScenario, Created{Mode: tc.mode})
			a := &awhile{e: w.engine(), now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
			a.e.Now = func() time.Time { return a.now }
			a.e.run.PagedAt, a.e.run.TimeLimit = a.now, time.Hour
			w.client.PrependReactor("get", "namespaces", func(kubetesting.Action) (bool, runtime.Object, error) {
				return a.gone, nil, errors.New("connection refused")
			})
			a.watch = &stopwatch{engine: a.e, lastSeen: a.now}
			tc.what(a, t)
			if got := a.e.run.Clock(a.now); got != tc.clock {
				t.Errorf("clock = %s, want %s; gaps %+v", got, tc.clock, a.e.run.Gaps)
			}
			var counts []bool
			for _, g := range a.e.run.Gaps {
				counts = append(counts, g.Counted)
			}
			if !slices.Equal(counts, tc.counts) {
				t.Errorf("gaps %+v, want those counted: %v", a.e.run.Gaps, tc.counts)
			}
		})
	}
}

// awhile is a minute in which a referee sees nothing.
type awhile struct {
	e     *Engine
	watch *stopwatch
	now   time.Time
	gone  bool
}

func (a *awhile) tick(t *testing.T, after time.Duration) {
	t.Helper()
	a.now = a.now.Add(after)
	if err := a.watch.tick(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (a *awhile) killed(t *testing.T) {
	a.e.absentSince = a.now
	a.now = a.now.Add(time.Minute)
	if err := a.e.accountForAbsence(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (a *awhile) stopped(t *testing.T) {
	a.tick(t, time.Second)
	a.tick(t, time.Minute)
}

func (a *awhile) away(t *testing.T) {
	a.tick(t, time.Second)
	a.gone = true
	for range 59 {
		a.tick(t, time.Second)
	}
	a.gone = false
	a.tick(t, time.Second)
}

func (a *awhile) awayThenStopped(t *testing.T) {
	a.tick(t, time.Second)
	a.gone = true
	for range 60 {
		a.tick(t, time.Second)
	}
	a.tick(t, time.Minute)
	a.gone = false
	a.tick(t, 0)
}
