package verifier

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/firedrill/firedrill/internal/scenario"
)

func TestHTTP(t *testing.T) {
	t.Parallel()
	good := TrafficStats{Sent: 50, OK: 50, ByPod: map[string]int{"a": 25, "b": 25}, P50: 3 * time.Millisecond, P99: 20 * time.Millisecond}
	one := TrafficStats{Sent: 50, OK: 49, Errors: map[string]int{"5xx": 1}, ByPod: map[string]int{"a": 25, "b": 24}}
	onlyA := TrafficStats{Sent: 50, OK: 50, ByPod: map[string]int{"a": 50}}
	ninety, zero := 0.9, 0.0
	users := stream{Stream: "shoppers", MinRequests: 5}
	perPod := &HTTP{stream: users, PerPod: 5, Selector: "app=checkout"}
	notReady := func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }
	cases := map[string]struct {
		check  Checker
		stats  TrafficStats
		err    error
		pods   []func(*corev1.Pod)
		passed bool
		reason string
	}{
		"all good":              {check: &HTTP{stream: users}, stats: good, passed: true, reason: "good answers"},
		"one bad answer":        {check: &HTTP{stream: users}, stats: one, reason: "users' requests fail (5xx)"},
		"one in fifty allowed":  {check: &HTTP{stream: users, SuccessRatio: &ninety}, stats: one, passed: true, reason: "often enough"},
		"fast enough":           {check: &HTTP{stream: users, MaxP99: scenario.Duration(time.Second)}, stats: good, passed: true},
		"too slow":              {check: &HTTP{stream: users, MaxP99: scenario.Duration(10 * time.Millisecond)}, stats: good, reason: "too long"},
		"nobody asked":          {check: &HTTP{stream: users, SuccessRatio: &zero}, reason: "error: sent 0 requests"},
		"too few asked":         {check: &HTTP{stream: users}, stats: TrafficStats{Sent: 4, OK: 4}, reason: "error: 5 are needed"},
		"no record":             {check: &HTTP{stream: users}, err: errors.New("prober away"), reason: "error: prober away"},
		"load on every pod":     {check: perPod, stats: good, pods: make([]func(*corev1.Pod), 2), passed: true},
		"no load on one pod":    {check: perPod, stats: onlyA, pods: make([]func(*corev1.Pod), 2), reason: "pod b has not answered"},
		"no load on unready":    {check: perPod, stats: onlyA, pods: []func(*corev1.Pod){nil, notReady}, passed: true},
		"no load on a leaving":  {check: perPod, stats: onlyA, pods: []func(*corev1.Pod){nil, leaving}, passed: true},
		"no pod is ready":       {check: perPod, stats: good, pods: []func(*corev1.Pod){notReady}, reason: "is ready"},
		"hurt":                  {check: &HTTPFailing{stream: users}, stats: TrafficStats{Sent: 10, OK: 2, Errors: map[string]int{"connect": 8}}, passed: true, reason: "connect"},
		"hurt just enough":      {check: &HTTPFailing{stream: users}, stats: TrafficStats{Sent: 10, OK: 9}, passed: true},
		"not hurt":              {check: &HTTPFailing{stream: users}, stats: one, reason: "still get good answers"},
		"not hurt enough":       {check: &HTTPFailing{stream: users, MaxSuccessRatio: &zero}, stats: one, reason: "still get good answers"},
		"nobody asked, no hurt": {check: &HTTPFailing{stream: users}, reason: "error: sent 0 requests"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target()
			for i, change := range c.pods {
				p := pod([]string{"a", "b"}[i])
				if change != nil {
					change(p)
				}
				on.Client = target(p).Client
				if i == 1 {
					on.Client = target(pod("a"), p).Client
				}
			}
			on.Traffic = fakeTraffic(func(name string, from, to time.Time) (TrafficStats, error) {
				if name != "shoppers" || to.Sub(from) != 5*time.Second || !to.Equal(epoch) {
					t.Errorf("asked for %s from %v to %v", name, from, to)
				}
				return c.stats, c.err
			})
			expect(t, c.check, on, c.passed, c.reason)
		})
	}
	t.Run("no traffic", func(t *testing.T) {
		t.Parallel()
		expect(t, &HTTP{stream: users}, target(), false, "error: no traffic")
	})
}

func TestHTTPValidate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		check HTTP
		ok    bool
	}{
		"plain":                   {HTTP{}, true},
		"per pod":                 {HTTP{PerPod: 5, Selector: "app=checkout"}, true},
		"per pod of no pods":      {HTTP{PerPod: 5}, false},
		"pods for nothing":        {HTTP{Selector: "app=checkout"}, false},
		"selector does not parse": {HTTP{PerPod: 5, Selector: "app in ("}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := c.check.Validate(); (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestAnswersThatCameLate: what users waited for in vain is on record after their patience is
// over, when the present window may lie behind it.
func TestAnswersThatCameLate(t *testing.T) {
	t.Parallel()
	check := &HTTP{stream: stream{Stream: "users", Window: scenario.Duration(5 * time.Second)}}
	look := func(failed time.Time, faultAt time.Time) *Target {
		on := target()
		on.FaultAt = faultAt
		on.Traffic = fakeTraffic(func(_ string, from, to time.Time) (TrafficStats, error) {
			stats := TrafficStats{Sent: 50, OK: 50, Timeout: 4 * time.Second}
			if !failed.Before(from) && failed.Before(to) {
				stats.OK, stats.Errors = 49, map[string]int{"timeout": 1}
			}
			return stats, nil
		})
		return on
	}
	ago := func(d time.Duration) time.Time { return epoch.Add(-d) }
	expect(t, check, look(ago(7*time.Second), ago(time.Minute)), false, "by answers that came late (timeout)")
	expect(t, check, look(ago(10*time.Second), ago(time.Minute)), true, "users get good answers")
	expect(t, check, look(ago(3*time.Second), ago(time.Minute)), false, "users' requests fail (timeout)")
	expect(t, check, look(ago(7*time.Second), ago(8*time.Second)), true, "users get good answers") // the fault's own moment
	expect(t, check, look(ago(7*time.Second), time.Time{}), true, "users get good answers")
}
