package drill

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/session"
)

// Notifier tells people outside how the incident goes. It may take its time and fail:
// the drill does not wait for it.
type Notifier interface {
	Notify(ctx context.Context, text string) error
}

const (
	// notifiedFile holds the sequence number of the last entry that was sent, so that a
	// referee that takes over sends what is missing.
	notifiedFile = "notified"
	// notifyLast is how long the end of the run waits for what is not sent yet.
	notifyLast = 15 * time.Second
)

// notifying is the sending under way.
type notifying struct {
	over   chan struct{} // closed when no more entries come
	ended  chan struct{}
	cancel context.CancelFunc
}

var errAllSent = errors.New("all was sent")

// startNotifying sends the page, the updates and the verdict, beside everything else.
func (e *Engine) startNotifying(ctx context.Context) *notifying {
	ctx, cancel := context.WithCancel(ctx)
	n := &notifying{over: make(chan struct{}), ended: make(chan struct{}), cancel: cancel}
	if e.Notifier == nil {
		close(n.ended)
		return n
	}
	go func() {
		defer close(n.ended)
		if err := e.notifyAll(ctx, n.over); err != nil && ctx.Err() == nil {
			e.Log.Error("the webhook is not told any more", "error", err)
		}
	}()
	return n
}

// stop waits a moment for what is not sent yet, when the run is finished.
func (n *notifying) stop(finished bool) {
	defer n.cancel()
	if !finished {
		n.cancel()
	}
	close(n.over)
	timer := time.NewTimer(notifyLast)
	defer timer.Stop()
	select {
	case <-n.ended:
	case <-timer.C:
		n.cancel()
		<-n.ended
	}
}

func (e *Engine) notifyAll(ctx context.Context, over <-chan struct{}) error {
	sent := e.lastNotified()
	err := e.Journal.Follow(ctx, 0, func(entry session.Entry) error {
		text := e.announcement(entry)
		if entry.Seq <= sent || text == "" {
			return nil
		}
		if err := e.Notifier.Notify(ctx, text); err != nil {
			if ctx.Err() != nil {
				return err // the next referee sends it
			}
			failure := Failure{Message: fmt.Sprintf("%s of entry %d was not sent: %v", entry.Type, entry.Seq, err), Transient: true, Webhook: true}
			if err := e.note(ctx, entryError, failure); err != nil {
				return err
			}
		}
		return e.Files.WriteFile(e.run.Created.Run, notifiedFile, []byte(strconv.FormatInt(entry.Seq, 10)))
	}, func() error {
		select {
		case <-over:
			return errAllSent
		default:
			return nil
		}
	})
	if errors.Is(err, errAllSent) {
		return nil
	}
	return err
}

// lastNotified is the last entry that was sent; 0 when there is none.
func (e *Engine) lastNotified() int64 {
	text, err := e.Files.ReadFile(e.run.Created.Run, notifiedFile)
	if err != nil {
		return 0
	}
	seq, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return seq
}

// announcement is what is told outside of an entry; "" for most. A diagnosis is not: it
// may be a guess, and colleagues would act on it.
func (e *Engine) announcement(entry session.Entry) string {
	run := e.run.Created.Run
	switch entry.Type {
	case entryPage:
		var p Page
		if entry.Decode(&p) == nil {
			return fmt.Sprintf("[%s] PAGE\n%s", run, strings.TrimSpace(p.Text))
		}
	case entryUpdate:
		var u Update
		if entry.Decode(&u) == nil && u.Verb != UpdateDiagnose {
			return fmt.Sprintf("[%s] %s", run, u.Sentence())
		}
	case entryVerdict:
		var v Verdict
		if entry.Decode(&v) == nil {
			return fmt.Sprintf("[%s] VERDICT: %s", run, v.Reason)
		}
	}
	return ""
}
