package report

import (
	"fmt"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
)

// Clock is how far the nodes' clock was from this host's, from a time on. Times that the
// nodes tell are told in this host's.
type Clock struct {
	At    time.Time `json:"at"`
	Ahead float64   `json:"aheadSeconds"` // of the nodes' clock; negative: it was behind
	Error float64   `json:"errorSeconds"` // bound of the measurement's error
}

func clocksOf(seen []drill.ClockSeen) []Clock {
	var clocks []Clock
	for _, c := range seen {
		clocks = append(clocks, Clock{At: c.At, Ahead: c.Ahead.Seconds(), Error: c.Error.Seconds()})
	}
	return clocks
}

// Sentence says it on one line.
func (c Clock) Sentence() string {
	switch {
	case c.Ahead > 0:
		return fmt.Sprintf("the nodes' was %s ahead of this host's (to %s): their times were shifted", seconds(c.Ahead), precise(c.Error))
	case c.Ahead < 0:
		return fmt.Sprintf("the nodes' was %s behind this host's (to %s): their times were shifted", seconds(-c.Ahead), precise(c.Error))
	}
	return "the nodes' was this host's again"
}

// precise is a bound, which is more than none.
func precise(s float64) string {
	return max(time.Duration(s*float64(time.Second)).Round(time.Millisecond), time.Millisecond).String()
}
