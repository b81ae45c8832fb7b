package drill

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/verifier"
)

func TestMeasuredLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		stats verifier.TrafficStats
		want  string
	}{
		"some fail": {
			verifier.TrafficStats{Sent: 200, OK: 142, Errors: map[string]int{"connect": 50, "5xx": 8}, P50: 61 * time.Millisecond, P99: 1151 * time.Millisecond},
			"Measured (users, last 20s): 58 of 200 requests failed, 29.0 % (5xx 8, connect 50); good answers took 61ms (p50), 1.151s (p99).",
		},
		"all fail": {
			verifier.TrafficStats{Sent: 10, Errors: map[string]int{"dns": 10}},
			"Measured (users, last 20s): 10 of 10 requests failed, 100.0 % (dns 10).",
		},
		"none fails": {
			verifier.TrafficStats{Sent: 4, OK: 4, P50: time.Millisecond, P99: time.Millisecond},
			"Measured (users, last 20s): 0 of 4 requests failed, 0.0 %; good answers took 1ms (p50), 1ms (p99).",
		},
		"nothing sent": {verifier.TrafficStats{}, "Measured (users, last 20s): 0 of 0 requests failed."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := measuredLine("users", tt.stats, 20*time.Second); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// measuring are users of whom only a window is known.
type measuring struct {
	Users
	from, to time.Time
	err      error
}

func (m *measuring) Window(_ context.Context, _ string, from, to time.Time) (verifier.TrafficStats, error) {
	m.from, m.to = from, to
	return verifier.TrafficStats{Sent: 10, OK: 4, Errors: map[string]int{"5xx": 6}}, m.err
}

func TestThePageHasNumbersWhereThereAreAny(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		faultAgo time.Duration
		err      error
		from     time.Duration // before now
		want     string
	}{
		"since the fault":    {20 * time.Second, nil, 20 * time.Second, "wake up\nMeasured (users, last 20s): 6 of 10 requests failed, 60.0 % (5xx 6); good answers took 0s (p50), 0s (p99).\n"},
		"of the last minute": {time.Hour, nil, time.Minute, "wake up\nMeasured (users, last 1m0s): 6 of 10 requests failed, 60.0 % (5xx 6); good answers took 0s (p50), 0s (p99).\n"},
		"not observed":       {20 * time.Second, errors.New("not observed"), 20 * time.Second, "wake up\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users := &measuring{err: tt.err}
			spec := scenario.Spec{Page: "wake up\n", Traffic: []scenario.Traffic{{Name: "users"}}}
			e := &Engine{
				Deps:   Deps{Users: users, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)},
				folder: &scenario.Folder{Scenario: &scenario.Scenario{Spec: spec}}, run: &Run{FaultAt: now.Add(-tt.faultAgo)},
			}
			if got := e.pageText(t.Context()); got != tt.want {
				t.Errorf("\n got %q\nwant %q", got, tt.want)
			}
			if !users.from.Equal(now.Add(-tt.from)) || !users.to.Equal(now) {
				t.Errorf("looked from %s to %s", users.from, users.to)
			}
		})
	}
}
