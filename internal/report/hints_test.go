package report

import (
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
)

// A reset begins a new attempt, and makes nobody forget what the hints said.
func TestHintsOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	page := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for mode, want := range map[drill.Mode]int{drill.ModeTraining: 1, drill.ModeGraded: 2} {
		run := &drill.Run{
			Created: drill.Created{Mode: mode}, PagedAt: page, Verdict: &drill.Verdict{DecidedAt: page.Add(time.Minute)},
			Hints: []drill.Hint{
				{At: page.Add(-time.Minute), Number: 1}, {At: page.Add(time.Second), Number: 2}, {At: page.Add(time.Hour), Number: 3},
			},
		}
		if got := gradedHints(run); len(got) != want {
			t.Errorf("mode %s: %d hints count, want %d: %v", mode, len(got), want, got)
		}
	}
}
