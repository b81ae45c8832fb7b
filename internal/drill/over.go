package drill

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// goneInterval is how often a referee looks whether its cluster was removed.
const goneInterval = 2 * time.Second

// errOver stops a referee whose run is finished: by another process, or by itself.
var errOver = errors.New("the run is over")

// untilOver returns a context that ends, with errOver as its cause, once the journal says
// that the run is finished. firedrill down finishes the runs of the cluster it removes; a
// cluster that went in another way is noticed here, and journaled. Without this a referee
// would ask a cluster that is gone for ever, and act on the next one of the same name.
func (e *Engine) untilOver(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		heard, looked := &Run{}, time.Time{}
		err := e.Journal.Follow(ctx, 0, heard.Apply, func() error {
			if heard.Phase == PhaseFinished {
				return errOver
			}
			if time.Since(looked) < goneInterval {
				return nil
			}
			looked = time.Now()
			return e.abandonIfGone(ctx, heard)
		})
		if ctx.Err() == nil {
			cancel(err)
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}

// abandonIfGone finishes the run when its cluster was removed. Not knowing is no reason.
func (e *Engine) abandonIfGone(ctx context.Context, now *Run) error {
	if e.ClusterGone == nil {
		return nil
	}
	gone, err := e.ClusterGone()
	if err != nil {
		e.Log.Warn("whether the cluster is still there is not known", "error", err)
		return nil
	}
	if !gone {
		return nil
	}
	e.Log.Warn("the cluster is gone")
	return Abandon(ctx, e.Journal, now, WhyGone(now.Cluster))
}

// WhyGone says of an abandoned run that its cluster was removed.
func WhyGone(cluster string) string { return fmt.Sprintf("the cluster %s is gone", cluster) }

// over notes that another process has finished the run. What else that one journaled is
// nothing that this referee has to act on any more.
func (e *Engine) over() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.run.Phase = PhaseFinished
}
