package report

import (
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/timeline"
)

// Reads wait for what they may be the beginning of, so an earlier one may come later.
func TestTheFirstActionIsTheEarliest(t *testing.T) {
	t.Parallel()
	paged := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	act := func(after time.Duration, id string) timeline.Event {
		return timeline.Event{Time: paged.Add(after), ID: id, Actor: "trainee"}
	}
	run := &drill.Run{PagedAt: paged, Events: []timeline.Event{act(-time.Minute, "before"), act(3*time.Second, "late"), act(2*time.Second, "first")}}
	if first, ok := firstAction(run); !ok || first.ID != "first" {
		t.Errorf("first action %q, %v", first.ID, ok)
	}
}
