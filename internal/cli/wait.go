package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
)

type waitOptions struct {
	factory *Factory
	run     string
	what    string
	timeout time.Duration
}

func newWait(f *Factory) *cobra.Command {
	o := &waitOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "wait [RUN]",
		GroupID: groupDrill,
		Short:   "Wait until a drill is recovered, or finished",
		Long: `Wait for a drill, for scripts. Exit code 0: recovered. 3: not recovered, be it that the
drill was decided so or that the timeout came first; the reason is on stderr.`,
		Example: `  firedrill wait shop-x7k2q --for recovered --timeout 10m`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.run = optionalRun(args)
			return runWait(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.what, "for", "recovered", "what to wait for: recovered or finished")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Minute, "how long to wait")
	return cmd
}

func runWait(ctx context.Context, o *waitOptions) error {
	if o.what != "recovered" && o.what != "finished" {
		return usageErrorf("--for %q: use recovered or finished", o.what)
	}
	r, err := o.factory.openRun(o.run)
	if err != nil {
		return err
	}
	over := func(run *drill.Run) bool {
		return run.Phase == drill.PhaseFinished || o.what == "recovered" && run.Verdict != nil
	}
	if !over(r.Run) {
		errTimeout := fmt.Errorf("%s: not %s after %s", r.name(), o.what, o.timeout)
		waitCtx, cancel := context.WithTimeoutCause(ctx, o.timeout, errTimeout)
		defer cancel()
		// However long the cluster is away: how long to wait was said.
		err = r.followFor(waitCtx, o.factory, 0, func(run *drill.Run, _ session.Entry) (bool, error) { return over(run), nil })
		if errors.Is(err, errTimeout) {
			return &notRecoveredError{timedOut(errTimeout, r.Run)}
		}
		if err != nil {
			return err
		}
	}
	if r.Recovered() {
		return nil
	}
	return &notRecoveredError{r.VerdictText()}
}

// timedOut says how a run stood when the time to wait for it was over.
func timedOut(timeout error, r *drill.Run) string {
	text := fmt.Sprintf("%s; last seen: %s", timeout, r.VerdictText())
	if trouble := r.TroubleText(); trouble != "" {
		text += "; in the referee's way: " + trouble
	}
	return text
}

// notRecoveredError is a drill that ended, or was waited for, without a recovery.
type notRecoveredError struct{ reason string }

func (e *notRecoveredError) Error() string { return e.reason }

// ExitCode is part of coder.
func (e *notRecoveredError) ExitCode() int { return exitNotRecovered }
