package drill

import (
	"testing"
	"time"

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
