package timeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/timeline"
)

func TestActions(t *testing.T) {
	t.Parallel()
	decided := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	events := []timeline.Event{
		{ID: "read", Source: timeline.SourceAudit, Actor: "trainee", Time: decided.Add(-time.Minute)},
		{ID: "bypass", Source: timeline.SourceAudit, Actor: "admin", Time: decided.Add(-time.Minute)},
		{ID: "gap", Source: timeline.SourceAudit, Actor: "firedrill", Time: decided.Add(-time.Minute)},
		{ID: "note", Source: timeline.SourceTool, Actor: "trainee", Time: decided.Add(-time.Minute)},
		{ID: "typed", Source: timeline.SourceNode, Actor: "trainee", Time: decided},
		{ID: "late", Source: timeline.SourceAudit, Actor: "trainee", Time: decided.Add(1)},
	}
	for at, want := range map[time.Time][]string{decided: {"read", "typed"}, {}: {"read", "typed", "late"}} {
		var got []string
		for _, e := range timeline.Actions(events, at) {
			got = append(got, e.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decided %v: %s", at, diff)
		}
	}
}
