package drill

import (
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	kubetesting "k8s.io/client-go/testing"
)

func TestTheClockStopsWhileTheClusterIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engine()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	e.Now = func() time.Time { return now }
	e.run.PagedAt, e.run.TimeLimit = now, time.Minute
	away := false
	w.client.PrependReactor("get", "namespaces", func(kubetesting.Action) (bool, runtime.Object, error) {
		if away {
			return true, nil, errors.New("connection refused")
		}
		return false, nil, nil
	})
	s := &stopwatch{engine: e, lastSeen: now}
	tick := func(after time.Duration) error {
		now = now.Add(after)
		return s.tick(t.Context())
	}
	if err := tick(2 * time.Second); err != nil {
		t.Fatal(err)
	}
	away = true
	for range 120 { // two minutes without an answer, twice the limit
		if err := tick(time.Second); err != nil {
			t.Fatalf("decided while nothing could be seen: %v", err)
		}
	}
	away = false
	if err := tick(time.Second); err != nil {
		t.Fatalf("the time nobody could see was counted: %v", err)
	}
	if got := e.run.Clock(now); got != 2*time.Second {
		t.Errorf("clock = %s, want 2s: what was seen", got)
	}
	for range 10 {
		if err := tick(4 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if err := tick(4 * time.Second); err != nil {
		t.Fatal(err)
	}
	var err error
	for range 10 {
		if err = tick(4 * time.Second); err != nil {
			break
		}
	}
	if !errors.Is(err, errTimeLimit) {
		t.Errorf("the limit of a minute never came: clock %s, %v", e.run.Clock(now), err)
	}
}
