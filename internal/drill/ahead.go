package drill

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/internal/timeline"
)

const (
	// clocksAgree is how far apart two clocks may be, beyond what the measurement can tell,
	// to be taken for one: the audit log's times of some requests are whole seconds.
	clocksAgree = time.Second
	// measureTries is how often the node's clock is asked; the fastest answer counts.
	measureTries = 3
	// measureWithin bounds all of them.
	measureWithin = 3 * time.Second
)

// ClockSeen is how far the control plane's clock was from this host's when it was measured:
// where the engine runs in a virtual machine they are two.
type ClockSeen struct {
	Ahead time.Duration `json:"ahead"` // of the node's clock, in ns; negative: it is behind; 0: they agree again
	Error time.Duration `json:"error"` // bound of the measurement's error, in ns: half of the round trip

	At time.Time `json:"-"` // of its journal entry
}

// measureClock compares the control plane's clock with this host's, and journals when they
// are further apart, or nearer, than was known. Not to know changes nothing.
func (e *Engine) measureClock(ctx context.Context) error {
	if e.ControlPlane == "" {
		return nil
	}
	err := e.compareClocks(ctx)
	e.Users.SetAhead(e.ahead())
	return err
}

func (e *Engine) compareClocks(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, measureWithin)
	defer cancel()
	seen, err := e.askClock(ctx)
	if err != nil {
		e.Log.Warn("how far the node's clock is from this host's is not known", "error", err)
		return nil
	}
	if seen.Ahead.Abs()-seen.Error <= clocksAgree {
		seen.Ahead = 0
	}
	known := e.ahead()
	changed := (seen.Ahead-known).Abs()-seen.Error > clocksAgree
	if seen.Ahead == 0 {
		changed = known != 0
	}
	if !changed {
		return nil
	}
	e.Log.Warn("the node's clock is not this host's", "ahead", seen.Ahead, "error", seen.Error)
	return e.note(ctx, entryClock, seen)
}

// askClock asks the node a few times; the fastest answer has the smallest error.
func (e *Engine) askClock(ctx context.Context) (best ClockSeen, err error) {
	for try := range measureTries {
		seen, err := e.askClockOnce(ctx)
		if err != nil {
			return ClockSeen{}, err
		}
		if try == 0 || seen.Error < best.Error {
			best = seen
		}
	}
	return best, nil
}

func (e *Engine) askClockOnce(ctx context.Context) (ClockSeen, error) {
	before := e.Now()
	said, err := e.Nodes.Run(ctx, e.ControlPlane, "date", "+%s%N")
	after := e.Now()
	if err != nil {
		return ClockSeen{}, fmt.Errorf("read the clock of node %s: %w", e.ControlPlane, err)
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(said), 10, 64)
	if err != nil {
		return ClockSeen{}, fmt.Errorf("read the clock of node %s: it said %q, no number of nanoseconds", e.ControlPlane, said)
	}
	// The wall clock's own difference as well: it tells a jump, which the monotonic one does not.
	trip := max(after.Sub(before), after.Round(0).Sub(before.Round(0)).Abs())
	return ClockSeen{Ahead: time.Unix(0, ns).Sub(before.Add(trip / 2).Round(0)), Error: trip / 2}, nil
}

func (e *Engine) ahead() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.run.Ahead()
}

// onThisClock are events of the audit log with this host's time, in which the page, the
// verdict and all else of a run are told. The tool's own have it already.
func (e *Engine) onThisClock(events []timeline.Event) []timeline.Event {
	ahead := e.ahead()
	if ahead == 0 {
		return events
	}
	shifted := make([]timeline.Event, 0, len(events))
	for _, event := range events {
		if event.Source == timeline.SourceAudit && event.Actor != toolActor {
			event.Time = event.Time.Add(-ahead)
		}
		shifted = append(shifted, event)
	}
	return shifted
}

// toolActor is the actor of what the tool itself tells in a timeline.
const toolActor = "firedrill"

// Ahead is how far the control plane's clock is ahead of this host's, as last measured; 0
// when they agree.
func (r *Run) Ahead() time.Duration {
	if len(r.Clocks) == 0 {
		return 0
	}
	return r.Clocks[len(r.Clocks)-1].Ahead
}

func (r *Run) applyClock(e session.Entry) error {
	seen := ClockSeen{At: e.Time}
	err := e.Decode(&seen)
	r.Clocks = append(r.Clocks, seen)
	return err
}
