package audit

import (
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// Classifier makes timeline events of audit lines, for one run.
type Classifier struct {
	run string
}

// NewClassifier returns a classifier of the actions of the trainee of the given run,
// whose namespace has the run's name.
func NewClassifier(run string) *Classifier { return &Classifier{run: run} }

// Line takes one line of the log, in order, and returns the events it completes.
func (c *Classifier) Line(line []byte) []timeline.Event { return nil }

// Flush returns the events whose folding window is over. It is to be called every
// few hundred milliseconds while no lines arrive.
func (c *Classifier) Flush(now time.Time) []timeline.Event { return nil }
