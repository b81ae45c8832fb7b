package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/timeline"
)

// journal keeps what a watch told, as a run's journal does.
type journal struct {
	events []timeline.Event
	last   Checkpoint
	fail   func(events []timeline.Event) error
}

func (j *journal) sink(events []timeline.Event, next Checkpoint) error {
	if j.fail != nil {
		if err := j.fail(events); err != nil {
			return err // as if the process had been killed before the write
		}
	}
	data, err := json.Marshal(next)
	if err != nil {
		return err
	}
	j.events = append(j.events, events...)
	j.last = Checkpoint{}
	return json.Unmarshal(data, &j.last)
}

func (l *testLog) watcher() *Watcher {
	return &Watcher{Follower: *l.follower(&localNode{}, nil), Run: fixtureRun, Tick: 5 * time.Millisecond}
}

func (l *testLog) action(b lineBuilder) {
	l.t.Helper()
	l.raw(string(b.line()) + "\n")
}

var errKilled = errors.New("killed")

// TestWatchOverRestarts kills the process before each of its writes in turn. Every
// action must be told once.
func TestWatchOverRestarts(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	log.write(3) // before the run
	w := log.watcher()
	start, err := w.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	j := &journal{last: start}
	const actions = 12
	var want []string
	for i := range actions {
		name := fmt.Sprint("p", i)
		at := time.Duration(i) * time.Second
		log.action(lineBuilder{verb: "get", ref: pod(name), at: at})
		if i%2 == 0 {
			want = append(want, "delete, pods, "+name)
			log.action(lineBuilder{verb: "delete", ref: pod(name), at: at + 10*time.Millisecond})
		} else {
			want = append(want, "get, pods, "+name)
		}
		if i%3 == 2 {
			log.rotate()
		}
	}
	kills := 0
	for attempt := 0; len(j.events) < actions; attempt++ {
		if attempt > 10*actions {
			t.Fatalf("only %d of %d actions after %d restarts", len(j.events), actions, attempt)
		}
		writes := 0
		j.fail = func([]timeline.Event) error {
			writes++
			if writes > 1 {
				kills++
				return errKilled
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		err := w.Watch(ctx, j.last, func(events []timeline.Event, next Checkpoint) error {
			err := j.sink(events, next)
			if len(j.events) == actions {
				cancel()
			}
			return err
		})
		cancel()
		if len(j.events) < actions && !errors.Is(err, errKilled) {
			t.Fatalf("after %d actions: %v", len(j.events), err)
		}
	}
	var got []string
	for _, e := range j.events {
		got = append(got, brief(e))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if kills < 4 {
		t.Errorf("killed only %d times", kills)
	}
}

// TestFinishTellsWhatWaits: what a watch that has ended had not told yet, a read that still
// waits and a line it had not read, in this file or behind a rotation; and nothing twice.
func TestFinishTellsWhatWaits(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	log.write(3)
	w := log.watcher()
	start, err := w.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	j := &journal{last: start}
	log.action(lineBuilder{verb: "get", ref: pod("read")})
	if err := w.Finish(t.Context(), j.last, j.sink); err != nil {
		t.Fatal(err)
	}
	log.action(lineBuilder{verb: "delete", ref: pod("rotated"), at: time.Minute})
	log.rotate()
	log.action(lineBuilder{verb: "delete", ref: pod("last"), at: 2 * time.Minute})
	for range 2 {
		if err := w.Finish(t.Context(), j.last, j.sink); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, e := range j.events {
		got = append(got, brief(e))
	}
	if diff := cmp.Diff([]string{"get, pods, read", "delete, pods, rotated", "delete, pods, last"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWatchTellsAsItHappens: a write at once, a read after its window, without any
// further line.
func TestWatchTellsAsItHappens(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	w := log.watcher()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	told := make(chan timeline.Event, 10)
	done := make(chan error, 1)
	go func() {
		done <- w.Watch(ctx, Checkpoint{}, func(events []timeline.Event, _ Checkpoint) error {
			for _, e := range events {
				told <- e
			}
			return nil
		})
	}()
	log.action(lineBuilder{verb: "get", ref: pod("a")})
	log.action(lineBuilder{verb: "delete", ref: pod("b"), at: time.Millisecond})
	for _, want := range []string{"delete, pods, b", "get, pods, a"} {
		select {
		case e := <-told:
			if got := brief(e); got != want {
				t.Errorf("told %s, want %s", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("%s was not told", want)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// TestWatchEndsWithWhatWaits: what a process was waiting for is told by the next.
func TestWatchEndsWithWhatWaits(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	w := log.watcher()
	w.Tick = time.Hour
	log.action(lineBuilder{verb: "get", ref: pod("a")})
	log.action(lineBuilder{verb: "delete", ref: pod("b"), at: time.Millisecond})
	j := &journal{}
	j.watchUntil(t, w, 1)
	if len(j.events) != 1 || brief(j.events[0]) != "delete, pods, b" {
		t.Fatalf("told %v", j.events)
	}
	w.Tick = time.Millisecond
	j.watchUntil(t, w, 2)
	if len(j.events) != 2 || brief(j.events[1]) != "get, pods, a" {
		t.Errorf("told %v", j.events)
	}
}

// watchUntil watches from where the journal ends until it holds so many events.
func (j *journal) watchUntil(t *testing.T, w *Watcher, events int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := w.Watch(ctx, j.last, func(told []timeline.Event, next Checkpoint) error {
		err := j.sink(told, next)
		if len(j.events) >= events {
			cancel()
		}
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("after %d of %d events: %v", len(j.events), events, err)
	}
}

func TestWatchTellsOfGaps(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	w := log.watcher()
	log.write(2)
	start, err := w.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	start.Cursor.Head++ // of a file that is gone
	log.action(lineBuilder{verb: "delete", ref: pod("a")})
	j := &journal{last: start}
	var states []State
	w.Follower.Status = func(s Status) { states = append(states, s.State) }
	j.watchUntil(t, w, 2)
	if len(j.events) != 2 || j.events[0].Verb != VerbGap || brief(j.events[1]) != "delete, pods, a" {
		t.Errorf("told %+v", j.events)
	}
	if diff := cmp.Diff([]State{StatusFollowing, StatusGap}, states); diff != "" {
		t.Error(diff)
	}
}

// TestACommandThatALookCutInTwo: the log is looked at once a second, and a command's requests
// may lie on both sides of a look. What it read first is not told before the next look.
func TestACommandThatALookCutInTwo(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "v1.37.2", "describe-pod.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	zero := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := zero
	j := &journal{}
	s := &watch{
		w: &Watcher{Follower: Follower{Now: func() time.Time { return now }}}, classifier: NewClassifier(fixtureRun), sink: j.sink, saved: zero,
	}
	step := func(at time.Duration, look bool, lines ...[]byte) {
		t.Helper()
		now = zero.Add(at)
		for _, line := range lines {
			if err := s.line(line, Cursor{}); err != nil {
				t.Fatal(err)
			}
		}
		if look {
			s.polled(now)
		}
		if err := s.flush(time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	step(0, true, lines[0])
	for at := 200 * time.Millisecond; at < 2*time.Second; at += 200 * time.Millisecond {
		step(at, false) // a slow node: the next look is late
	}
	if len(j.events) > 0 {
		t.Fatalf("told %s before the log was looked at again", brief(j.events[0]))
	}
	step(2*time.Second, true, lines[1:]...)
	step(3*time.Second, true)
	step(4100*time.Millisecond, true)
	if got := briefs(j.events); len(got) != 1 || !strings.HasPrefix(got[0], "trainee: describe, pods") {
		t.Errorf("told %v, want one describe", got)
	}
}
