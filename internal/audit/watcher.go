package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// VerbGap is the verb of the event that tells that a part of the log could not be read.
const VerbGap = "audit gap"

// Checkpoint is everything a Watcher needs to go on in another process: the place in
// the log, and what the classifier was waiting for there. Kept with the events that
// came before it, in one write, it makes a watch exact: nothing lost, nothing twice.
type Checkpoint struct {
	Cursor Cursor          `json:"cursor"`
	State  json.RawMessage `json:"state,omitempty"`
}

// Sink keeps events and the checkpoint behind them, in one write. There may be no
// events: then only the place has moved. The watch ends with its error.
type Sink func(events []timeline.Event, next Checkpoint) error

// Watcher tells what people did in a run, as it happens.
type Watcher struct {
	Follower Follower
	Run      string
	Tick     time.Duration // how often what waits is looked at; default 200 ms
	Save     time.Duration // how often the place is kept when nothing happens; default 1 min
}

// watch is one Watch under way.
type watch struct {
	w          *Watcher
	mu         sync.Mutex
	classifier *Classifier
	cursor     Cursor
	moved      bool      // the cursor moved since it was kept
	read       time.Time // up to when the log is known: when the newest look at it began; zero: never
	saved      time.Time
	sink       Sink
	err        error // of the sink: nothing is kept after it
}

// Start returns the checkpoint of a run that begins now.
func (w *Watcher) Start(ctx context.Context) (Checkpoint, error) {
	cursor, err := w.Follower.Tail(ctx)
	return Checkpoint{Cursor: cursor}, err
}

// Watch gives the sink every event behind from, until ctx ends or the sink fails, and
// returns the cause. What still waits when ctx ends is in the last checkpoint's state
// and is told by the next Watch.
func (w *Watcher) Watch(ctx context.Context, from Checkpoint, sink Sink) error {
	s := &watch{w: w, classifier: NewClassifier(w.Run), cursor: from.Cursor, sink: sink, saved: w.Follower.now()}
	if err := s.classifier.Restore(from.State); err != nil {
		return err
	}
	follower := w.Follower
	follower.Status, follower.Polled = s.status, s.polled
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ticking := make(chan struct{})
	go func() {
		defer close(ticking)
		if err := s.tick(ctx); err != nil {
			cancel(err)
		}
	}()
	err := follower.Follow(ctx, from.Cursor, s.line)
	cancel(err)
	<-ticking
	return errors.Join(err, s.end())
}

// errCaughtUp ends a Finish at the end that the log had when it began.
var errCaughtUp = errors.New("the end of the log")

// Finish gives the sink every event between from and the log's present end, what still
// waits included: nothing that was logged before it was called is left untold. It returns
// ctx's cause when the log cannot be read in time.
func (w *Watcher) Finish(ctx context.Context, from Checkpoint, sink Sink) error {
	end, err := w.Follower.Tail(ctx)
	if err != nil {
		return err
	}
	s := &watch{w: w, classifier: NewClassifier(w.Run), cursor: from.Cursor, sink: sink, saved: w.Follower.now()}
	if err := s.classifier.Restore(from.State); err != nil {
		return err
	}
	if !from.Cursor.reached(end) {
		follower := w.Follower
		follower.Status = s.status
		err := follower.Follow(ctx, from.Cursor, func(line []byte, next Cursor) error {
			if err := s.line(line, next); err != nil {
				return err
			}
			if next.reached(end) {
				return errCaughtUp
			}
			return nil
		})
		if !errors.Is(err, errCaughtUp) {
			return errors.Join(err, s.end())
		}
	}
	if rest := s.classifier.Rest(); len(rest) > 0 || s.moved {
		return s.keep(rest)
	}
	return s.err
}

// line classifies one line and keeps what it completes.
func (s *watch) line(line []byte, next Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.classifier.Line(line)
	s.cursor, s.moved = next, true
	if len(events) == 0 {
		return s.err
	}
	return s.keep(events)
}

// polled notes up to when the log is known.
func (s *watch) polled(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = at
}

// tick gives out what waited long enough, and now and then keeps the place.
func (s *watch) tick(ctx context.Context) error {
	every, save := s.w.Tick, s.w.Save
	if every <= 0 {
		every = 200 * time.Millisecond
	}
	if save <= 0 {
		save = time.Minute
	}
	for {
		if err := pause(ctx, every); err != nil {
			return nil //nolint:nilerr // the end of ctx is the end of ticking
		}
		if err := s.flush(save); err != nil {
			return err
		}
	}
}

func (s *watch) flush(save time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.w.Follower.now()
	// By the time of the last look, not of now: what a read is part of may be in the log
	// already, and nobody has looked.
	var events []timeline.Event
	if !s.read.IsZero() {
		events = s.classifier.Flush(s.read)
	}
	if len(events) == 0 && (!s.moved || now.Sub(s.saved) < save) {
		return s.err
	}
	return s.keep(events)
}

// end keeps the place and what waits there.
func (s *watch) end() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || !s.moved {
		return nil
	}
	return s.keep(nil)
}

// keep hands events to the sink together with the checkpoint behind them.
func (s *watch) keep(events []timeline.Event) error {
	if s.err != nil {
		return s.err
	}
	state, err := s.classifier.State()
	if err == nil {
		err = s.sink(events, Checkpoint{Cursor: s.cursor, State: state})
	}
	if err != nil {
		s.err = fmt.Errorf("keep the audit events: %w", err)
		return s.err
	}
	s.moved, s.saved = false, s.w.Follower.now()
	return nil
}

// status tells of gaps in the timeline itself, and passes every change on.
func (s *watch) status(status Status) {
	if status.State == StatusGap || status.State == StatusSkipped {
		s.gap(status)
	}
	if s.w.Follower.Status != nil {
		s.w.Follower.Status(status)
	}
}

func (s *watch) gap(status Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what := "a part of the audit log could not be read: actions may be missing here"
	if status.State == StatusSkipped {
		what = "an audit line could not be read: an action may be missing here"
	}
	event := timeline.Event{
		Time: status.At.UTC(), ID: fmt.Sprintf("gap-%s-%d", s.cursor, status.At.UnixNano()), Source: timeline.SourceAudit,
		Actor: "firedrill", Verb: VerbGap, Detail: status.Err.Error(), Text: what,
	}
	if err := s.keep([]timeline.Event{event}); err != nil {
		return // kept in s.err, with which the next line or tick ends the watch
	}
}
