package cli

import (
	"context"
	"fmt"
	"time"
)

const (
	lookEvery  = time.Second     // how often a follower looks whether a referee is alive
	retryEvery = 5 * time.Second // and starts one again that could not begin
	patientFor = 2 * time.Minute // before a person is told that it is given up: an API server may be away for a while
)

// refereeKeeper keeps a referee alive while somebody follows a run.
type refereeKeeper struct {
	factory *Factory
	run     *openRun
	patient time.Duration // before it gives up; 0: never, what is waited for has a limit of its own
	next    time.Time     // when to look again
	trouble time.Time     // since when no referee could begin; zero while one can
}

// look starts a referee when there is none. One that cannot begin, because the cluster is
// away, is tried again for a while; the user is told once.
func (k *refereeKeeper) look(ctx context.Context) error {
	now := time.Now()
	if now.Before(k.next) {
		return nil
	}
	k.next = now.Add(lookEvery)
	err := k.factory.ensureReferee(ctx, k.run)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	why := k.run.Trouble
	if err != nil {
		why = err.Error()
	}
	if why == "" {
		k.trouble = time.Time{}
		return nil
	}
	k.next = now.Add(retryEvery)
	if k.trouble.IsZero() {
		k.trouble = now
		f := k.factory
		return write(f.IO.Err, "%s the referee of %s cannot go on: %s\nIt is tried again ...\n", f.IO.ErrPalette().Yellow("warning:"), k.run.name(), why)
	}
	if k.patient > 0 && now.Sub(k.trouble) > k.patient {
		return fmt.Errorf("no referee can work on %s: %s (log: %s)", k.run.name(), why, k.run.logPath())
	}
	return nil
}
