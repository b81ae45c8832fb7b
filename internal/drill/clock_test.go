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
		{"stopped right after the page, exam", ModeExam, (*awhile).stoppedAtOnce, time.Minute, []bool{true}},
		{"away, exam", ModeExam, (*awhile).away, time.Second, []bool{false}},
		{"away and then stopped, exam", ModeExam, (*awhile).awayThenStopped, 61 * time.Second, []bool{false, true}},
		{"stopped while it asked, exam", ModeExam, (*awhile).stoppedAsking, 61 * time.Second, []bool{true}},
		{"a slow answer, exam", ModeExam, (*awhile).slowAnswer, time.Second, []bool{false}},
		{"killed right after the page", ModeTraining, (*awhile).killedAtThePage, 0, []bool{false}},
		{"killed while the cluster was away, exam", ModeExam, (*awhile).killedWhileAway, time.Minute, []bool{false, true}},
		{"killed while the cluster was away", ModeGraded, (*awhile).killedWhileAway, 0, []bool{false, false}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, testScenario, Created{Mode: tc.mode})
			a := &awhile{e: w.engine(), now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
			a.e.Now = func() time.Time { return a.now }
			a.e.run.PagedAt, a.e.run.TimeLimit = a.now, time.Hour
			w.client.PrependReactor("get", "namespaces", func(kubetesting.Action) (bool, runtime.Object, error) {
				a.now = a.now.Add(a.takes)
				return a.gone, nil, errors.New("connection refused")
			})
			a.watch = newStopwatch(a.e)
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
	takes time.Duration // an answer of the API server's
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

func (a *awhile) stoppedAtOnce(t *testing.T) {
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

func (a *awhile) stoppedAsking(t *testing.T) {
	a.tick(t, time.Second)
	a.takes = time.Minute
	a.tick(t, 0)
}

func (a *awhile) slowAnswer(t *testing.T) {
	a.tick(t, time.Second)
	a.takes = blindAfter + time.Second
	a.tick(t, 0)
	a.takes = 0
	a.tick(t, 0)
}

func (a *awhile) killedAtThePage(t *testing.T) {
	a.killed(t)
	a.e.run.Gaps = nil
	a.e.absentSince = a.e.run.PagedAt.Add(-time.Second) // its last sign of life
	if err := a.e.accountForAbsence(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// killedWhileAway leaves a sign of life that says since when the cluster was away.
func (a *awhile) killedWhileAway(t *testing.T) {
	a.gone = true
	for range 30 {
		a.tick(t, time.Second)
	}
	if err := a.e.Files.WriteFile(a.e.run.Created.Run, signFile, a.e.sign()); err != nil {
		t.Fatal(err)
	}
	a.now = a.now.Add(time.Minute)
	a.e.absentSince, a.e.blindSince = a.e.lastSign()
	if err := a.e.accountForAbsence(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestGapsAreTakenOffOnce: the next referee may note again what the one before it noted.
func TestGapsAreTakenOffOnce(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Date(2026, 1, 1, 12, 0, s, 0, time.UTC) }
	r := &Run{PagedAt: at(0), Gaps: []Gap{
		{From: at(30), To: at(50)},
		{From: at(10), To: at(20)},
		{From: at(15), To: at(25)},
		{From: at(10), To: at(12)},
		{From: at(52), To: at(58), Counted: true},
	}}
	if got := r.Clock(at(60)); got != 25*time.Second {
		t.Errorf("clock %s, want 25s: 15 s and 20 s of the minute are off", got)
	}
	if got := r.OffTheClock(); len(got) != 2 || len(r.Gaps) != 5 || !r.Gaps[0].From.Equal(at(30)) {
		t.Errorf("off the clock %+v of %+v", got, r.Gaps)
	}
}
