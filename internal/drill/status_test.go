package drill

import (
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// TestStatusCountsTheTraineesActions: neither a bypass nor a gap is one, nor what came
// after the verdict.
func TestStatusCountsTheTraineesActions(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	event := func(actor string, at time.Time) timeline.Event {
		return timeline.Event{Source: timeline.SourceAudit, Actor: actor, Time: at}
	}
	r := &Run{Events: []timeline.Event{event("trainee", now), event("admin", now), event("firedrill", now), event("trainee", now.Add(time.Minute))}}
	if got := StatusOf(r, true, now).Actions; got != 2 {
		t.Errorf("counted %d before a verdict", got)
	}
	r.Verdict = &Verdict{DecidedAt: now}
	if got := StatusOf(r, true, now).Actions; got != 1 {
		t.Errorf("counted %d", got)
	}
}
