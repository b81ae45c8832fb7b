package traffic

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Source is the prober's log.
type Source interface {
	// Open returns the log's lines written at since or later (all when zero) and
	// those to come, until ctx is done. Lines before since do no harm.
	Open(ctx context.Context, since time.Time) (io.ReadCloser, error)
}

// idleAfter is how long the prober, which writes at least a line a second, may be
// silent before its connection is taken for dead: a laptop that slept leaves such.
const idleAfter = 10 * time.Second

// backoff between attempts to read the log; it starts again with every line read.
func backoff() wait.Backoff {
	return wait.Backoff{Duration: 250 * time.Millisecond, Factor: 2, Jitter: 0.1, Steps: 6, Cap: 5 * time.Second}
}

// Follow brings the prober's log into the record until ctx is done. Outages of the
// API server are waited out: the node keeps the log, and the next connection reads
// what was missed. It fails only when the record cannot be written.
func (r *Record) Follow(ctx context.Context, source Source) error {
	return r.follow(ctx, source, idleAfter)
}

func (r *Record) follow(ctx context.Context, source Source, idle time.Duration) error {
	delay := backoff()
	for ctx.Err() == nil {
		added, readErr, err := r.readOnce(ctx, source, idle)
		if err != nil {
			return err
		}
		if added > 0 {
			delay = backoff()
		}
		r.setProblem(readErr)
		timer := time.NewTimer(delay.Step())
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sync()
}

// readOnce reads one connection to its end. readErr says why it ended, err that the
// record could not be written.
func (r *Record) readOnce(ctx context.Context, source Source, idle time.Duration) (added int, readErr, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	log, err := source.Open(ctx, r.resumeAt())
	if err != nil {
		return 0, fmt.Errorf("open the prober's log: %w", err), nil
	}
	// A read that blocks ends with the connection, which ends with ctx.
	var closeErr error
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() { closeErr = log.Close(); close(closed) })
	watchdog := time.AfterFunc(idle, func() { cancel(fmt.Errorf("the prober was silent for %s", idle)) })
	defer watchdog.Stop()

	lines := bufio.NewScanner(log)
	for err == nil && lines.Scan() {
		watchdog.Reset(idle)
		var isNew bool
		if isNew, err = r.take(lines.Bytes()); isNew {
			added++
			r.setProblem(nil)
		}
	}
	readErr = errors.New("the prober's log ended")
	if lines.Err() != nil {
		readErr = fmt.Errorf("read the prober's log: %w", lines.Err())
	}
	if cause := context.Cause(ctx); cause != nil {
		readErr = cause
	}
	cancel(nil)
	<-closed
	return added, errors.Join(readErr, closeErr), err
}
