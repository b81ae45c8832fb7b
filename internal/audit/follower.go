package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// LogPath is where the cluster's API server writes its audit log.
const LogPath = "/var/log/kubernetes/audit/audit.log"

// State is what became of the reading of the log.
type State string

// States of a Follower.
const (
	StatusFollowing State = "following" // connected; after StatusLost: again, and nothing was lost
	StatusLost      State = "lost"      // the stream ended; it is tried again from the same place
	StatusGap       State = "gap"       // lines are gone for good: their file was deleted unread
	StatusSkipped   State = "skipped"   // one line could not be read: truncated or beyond any size
)

// Status is a change in the reading of the log.
type Status struct {
	State State
	At    time.Time // when it was noticed, this host's clock
	Since time.Time // StatusFollowing after StatusLost: when the stream was lost
	Err   error     // why; nil for StatusFollowing
}

// Follower reads an audit log in a cluster's node, over rotations, engine restarts
// and absences, without losing or repeating a line.
type Follower struct {
	Nodes   Streamer
	Node    string          // the control-plane node
	Path    string          // the log; default LogPath
	Poll    time.Duration   // how often to look for new lines; default 1 s
	Timeout time.Duration   // for one answer of the node; default 30 s
	Backoff wait.Backoff    // between attempts to reach the node; default 0.5 s to 5 s
	Status  func(Status)    // told of changes, from Follow's goroutine; may be nil
	Polled  func(time.Time) // told, after each look at the log, when it began; may be nil
	Now     func() time.Time
}

// Follow emits every line behind from, in order, until ctx ends or emit fails, and
// returns the cause. next is the place behind the line; a line is without its end of
// line, valid until emit returns. Losing the node is no error: it is retried, and
// reported through Status.
func (f *Follower) Follow(ctx context.Context, from Cursor, emit func(line []byte, next Cursor) error) error {
	t := &tailer{pos: from, emit: emit, report: f.report}
	backoff := f.backoff()
	var lost time.Time
	for {
		err := f.connected(ctx, func(ctx context.Context, files logFiles) error {
			return f.tail(ctx, t, files, func() {
				f.report(Status{State: StatusFollowing, Since: lost})
				lost, backoff = time.Time{}, f.backoff()
			})
		})
		if ctx.Err() != nil {
			return fmt.Errorf("follow the audit log: %w", context.Cause(ctx))
		}
		var stop *emitError
		if errors.As(err, &stop) {
			return stop.err
		}
		if lost.IsZero() {
			lost = f.now()
			f.report(Status{State: StatusLost, Err: err})
		}
		if err := pause(ctx, backoff.Step()); err != nil {
			return fmt.Errorf("follow the audit log: %w", err)
		}
	}
}

// tail polls one connection until it breaks; reached is called after its first answer.
func (f *Follower) tail(ctx context.Context, t *tailer, files logFiles, reached func()) error {
	t.files, t.carry, t.known, t.missed = files, nil, logFile{}, 0
	every := f.Poll
	if every <= 0 {
		every = time.Second
	}
	if _, err := files.List(); err != nil {
		return err
	}
	reached()
	for {
		began := f.now()
		if err := t.poll(); err != nil {
			return err
		}
		if f.Polled != nil {
			f.Polled(began)
		}
		if err := pause(ctx, every); err != nil {
			return err
		}
	}
}

// Tail returns the place behind the last whole line now in the log: where a new run
// starts. With no log yet that is the zero Cursor.
func (f *Follower) Tail(ctx context.Context) (Cursor, error) {
	backoff := f.backoff()
	for try := 1; ; try++ {
		end, err := f.tailOnce(ctx)
		if err == nil {
			return end, nil
		}
		if try == tailTries || pause(ctx, backoff.Step()) != nil {
			return Cursor{}, fmt.Errorf("find the end of the audit log: %w", err)
		}
	}
}

// tailTries is how often the end of the log is looked for: a busy engine may not answer once.
const tailTries = 3

func (f *Follower) tailOnce(ctx context.Context) (end Cursor, err error) {
	err = f.connected(ctx, func(_ context.Context, files logFiles) error {
		for {
			var err error
			end, err = tailOf(files)
			if !errors.Is(err, errMoved) {
				return err
			}
		}
	})
	return end, err
}

func tailOf(files logFiles) (Cursor, error) {
	listed, err := files.List()
	if err != nil || len(listed) == 0 {
		return Cursor{}, err
	}
	file := listed[len(listed)-1]
	end := Cursor{Inode: file.Inode}
	if file.Size >= headBytes {
		head, err := files.Read(file, 0, headBytes)
		if err != nil {
			return Cursor{}, err
		}
		end.Head = headOf(head)
	}
	for upTo := file.Size; upTo > 0; {
		n := min(upTo, 64<<10)
		data, err := files.Read(file, upTo-n, int(n))
		if err != nil {
			return Cursor{}, err
		}
		if at := bytes.LastIndexByte(data, '\n'); at >= 0 {
			end.Offset = upTo - n + int64(at) + 1
			break
		}
		upTo -= n
	}
	return end, nil
}

func (f *Follower) connected(ctx context.Context, use func(context.Context, logFiles) error) error {
	file, timeout := f.Path, f.Timeout
	if file == "" {
		file = LogPath
	}
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	return withAgent(ctx, f.Nodes, f.Node, file, timeout, use)
}

func (f *Follower) report(s Status) {
	s.At = f.now()
	if f.Status != nil {
		f.Status(s)
	}
}

func (f *Follower) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now().UTC()
}

func (f *Follower) backoff() wait.Backoff {
	if f.Backoff.Duration > 0 {
		return f.Backoff
	}
	return wait.Backoff{Duration: 500 * time.Millisecond, Factor: 2, Jitter: 0.1, Steps: 1 << 20, Cap: 5 * time.Second}
}

// pause waits for a time, or for the end of ctx, whose cause it returns.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
