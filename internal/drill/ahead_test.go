package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/timeline"
)

// clockOf is a host's clock, and a node whose own is ahead of it by some time. Each answer
// of the node takes as long as its trip says, the last one over and over.
type clockOf struct {
	now   time.Time
	ahead time.Duration
	trips []time.Duration
	says  string // in place of the time
	err   error
	asked int
}

func (c *clockOf) Now() time.Time { return c.now }

func (c *clockOf) Run(_ context.Context, node string, command ...string) (string, error) {
	if node != "cp" || len(command) != 2 || command[0] != "date" || command[1] != "+%s%N" {
		return "", fmt.Errorf("asked %s to %q", node, command)
	}
	trip := c.trips[min(c.asked, len(c.trips)-1)]
	c.asked++
	c.now = c.now.Add(trip / 2)
	text := fmt.Sprintf("%d\n", c.now.Add(c.ahead).UnixNano())
	c.now = c.now.Add(trip / 2)
	if c.says != "" {
		text = c.says
	}
	return text, c.err
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// engineOn is an engine of a new run with that clock.
func engineOn(t *testing.T, c *clockOf) (*world, *Engine) {
	t.Helper()
	w := newWorld(t)
	e := w.engine()
	e.Now, e.Nodes, e.ControlPlane = c.Now, c, "cp"
	return w, e
}

// TestMeasureClock: only what the measurement can tell apart from its own error is told.
func TestMeasureClock(t *testing.T) {
	t.Parallel()
	trips := func(ds ...time.Duration) []time.Duration { return ds }
	const ms = time.Millisecond
	tests := map[string]struct {
		clock clockOf
		want  []ClockSeen
	}{
		"the same":                       {clockOf{trips: trips(20 * ms)}, nil},
		"less than a second":             {clockOf{ahead: 900 * ms, trips: trips(20 * ms)}, nil},
		"5 s ahead":                      {clockOf{ahead: 5 * time.Second, trips: trips(20 * ms)}, []ClockSeen{{Ahead: 5 * time.Second, Error: 10 * ms}}},
		"5 s behind":                     {clockOf{ahead: -5 * time.Second, trips: trips(20 * ms)}, []ClockSeen{{Ahead: -5 * time.Second, Error: 10 * ms}}},
		"the fastest answer counts":      {clockOf{ahead: 5 * time.Second, trips: trips(800*ms, 40*ms, 600*ms)}, []ClockSeen{{Ahead: 5 * time.Second, Error: 20 * ms}}},
		"not more than the error allows": {clockOf{ahead: 1500 * ms, trips: trips(1400 * ms)}, nil},
		"not known":                      {clockOf{ahead: 5 * time.Second, trips: trips(20 * ms), err: errors.New("no such container")}, nil},
		"a date without nanoseconds":     {clockOf{ahead: 5 * time.Second, trips: trips(20 * ms), says: "1767268800%N\n"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.clock.now = noon
			w, e := engineOn(t, &tt.clock)
			if err := e.measureClock(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := w.run().Clocks
			for i := range got {
				got[i].At = time.Time{}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("journaled (-want +got):\n%s", diff)
			}
		})
	}
}

// What is known already is not journaled again; that the clocks agree again is.
func TestMeasureClockAgain(t *testing.T) {
	t.Parallel()
	c := &clockOf{now: noon, trips: []time.Duration{20 * time.Millisecond}}
	w, e := engineOn(t, c)
	for _, step := range []struct {
		ahead, want time.Duration
		entries     int
		err         error
	}{
		{5 * time.Second, 5 * time.Second, 1, nil},
		{5500 * time.Millisecond, 5 * time.Second, 1, nil},
		{8 * time.Second, 8 * time.Second, 2, nil},
		{0, 8 * time.Second, 2, errors.New("the engine is away")}, // what was known stays
		{200 * time.Millisecond, 0, 3, nil},
		{0, 0, 3, nil},
		{-3 * time.Second, -3 * time.Second, 4, nil},
	} {
		c.ahead, c.err = step.ahead, step.err
		if err := e.measureClock(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r := w.run(); r.Ahead() != step.want || len(r.Clocks) != step.entries || w.ahead != step.want {
			t.Errorf("%s: ahead %s in %d entries, the users' %s; want %s in %d", step.ahead, r.Ahead(), len(r.Clocks), w.ahead, step.want, step.entries)
		}
	}
}

// oneAction is a trail in which one thing was done.
type oneAction struct {
	fakeActions
	events []timeline.Event
}

func (o oneAction) Watch(_ context.Context, _ json.RawMessage, sink func([]timeline.Event, json.RawMessage) error) error {
	return sink(o.events, json.RawMessage(`2`))
}

// TestActionsAreOnThisClock: an action 2 s after the page stays 2 s after it, and one 2 s
// before it stays before it, whatever the API server's clock says. What the tool tells has
// this host's time already.
func TestActionsAreOnThisClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{5 * time.Second, -5 * time.Second, 0} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			c := &clockOf{now: noon, ahead: ahead, trips: []time.Duration{20 * time.Millisecond}}
			w, e := engineOn(t, c)
			if err := e.measureClock(t.Context()); err != nil {
				t.Fatal(err)
			}
			page := noon.Add(time.Minute)
			did := func(actor string, source timeline.Source, at time.Time) timeline.Event {
				return timeline.Event{ID: "e", Actor: actor, Source: source, Time: at}
			}
			e.Actions = oneAction{events: []timeline.Event{
				did("trainee", timeline.SourceAudit, page.Add(2*time.Second+ahead)),
				did("admin", timeline.SourceAudit, page.Add(-2*time.Second+ahead)),
				did(toolActor, timeline.SourceAudit, page.Add(3*time.Second)), // a gap, when it was noticed
				did("trainee", timeline.SourceNode, page.Add(4*time.Second)),
			}}
			if err := e.followActions(t.Context()); err != nil {
				t.Fatal(err)
			}
			var after []time.Duration
			for _, event := range w.run().Events {
				after = append(after, event.Time.Sub(page))
			}
			if diff := cmp.Diff([]time.Duration{2 * time.Second, -2 * time.Second, 3 * time.Second, 4 * time.Second}, after); diff != "" {
				t.Errorf("after the page (-want +got):\n%s", diff)
			}
		})
	}
}

// anotherHost is a node whose clock is ahead of this one's.
type anotherHost time.Duration

func (a anotherHost) Run(context.Context, string, ...string) (string, error) {
	return fmt.Sprint(time.Now().Add(time.Duration(a)).UnixNano()), nil
}

// TestAResumedRefereeMeasures: a referee measures when it begins, and the one that goes on
// measures anew.
func TestAResumedRefereeMeasures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	referee := func(ahead time.Duration) (stop func(), ended <-chan error) {
		e, done := w.engine(), make(chan error, 1)
		e.Nodes, e.ControlPlane = anotherHost(ahead), "cp"
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- e.Run(ctx) }()
		return cancel, done
	}
	stop, ended := referee(5 * time.Second)
	w.until("under way", func(r *Run) bool { return r.Phase == PhaseHealthy })
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	first := w.run()
	if len(first.Clocks) != 1 || (first.Ahead()-5*time.Second).Abs() > first.Clocks[0].Error {
		t.Errorf("at the start: %+v", first.Clocks)
	}
	_, ended = referee(-5 * time.Second)
	w.until("measured anew", func(r *Run) bool { return len(r.Clocks) == 2 })
	if r := w.run(); (r.Ahead() + 5*time.Second).Abs() > r.Clocks[1].Error {
		t.Errorf("resumed: %+v", r.Clocks)
	}
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// nodeAhead is a node at work whose clock is ahead of this host's.
type nodeAhead time.Duration

func (n nodeAhead) Run(context.Context, string, ...string) (string, error) {
	return fmt.Sprintf("%d\n", time.Now().Add(time.Duration(n)).UnixNano()), nil
}

// The clock is measured while the drill is made, and by a referee that takes over first of
// all: before anything of the trainee's or the users' is read.
func TestTheClockIsKnownBeforeThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begin := func(ahead time.Duration) (stop func(), ended <-chan error) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		e := w.engine()
		e.Nodes, e.ControlPlane = nodeAhead(ahead), "cp"
		go func() { done <- e.Run(ctx) }()
		return cancel, done
	}
	stop, ended := begin(time.Minute)
	w.until("paged", paged)
	if r := w.run(); len(r.Clocks) != 1 || r.Ahead().Round(time.Second) != time.Minute || !r.Clocks[0].At.Before(r.PagedAt) {
		t.Errorf("clocks at the page: %+v", r.Clocks)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	_, ended = begin(2 * time.Minute)
	w.until("the clock of the second referee", func(r *Run) bool { return r.Ahead().Round(time.Second) == 2*time.Minute })
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.nothingLeft()
}
