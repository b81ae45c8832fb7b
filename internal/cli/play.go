package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
)

// steps are what the user is told while a run gets ready. They give nothing away.
var steps = map[drill.Phase]string{ //nolint:gochecknoglobals // a constant table
	drill.PhasePreparing: "Deploying the system",
	drill.PhaseHealthy:   "Proving it healthy",
	drill.PhaseInjecting: "Breaking it",
	drill.PhaseBroken:    "Proving it broken",
	drill.PhaseEnding:    "Taking everything away again",
}

// showUntilPaged shows how the run gets ready, until the trainee is paged. A run that
// does not get that far is an error with its reason.
func (f *Factory) showUntilPaged(ctx context.Context, r *openRun) error {
	status := f.IO.NewStatus()
	defer func() { status.End(r.Phase == drill.PhaseActive || r.Phase == drill.PhaseFinished) }()
	if text, ok := steps[r.Phase]; ok {
		status.Start("%s", text)
	}
	attempt := r.Attempt
	if len(r.Asked) > 0 { // a reset that the referee has not heard yet
		attempt++
	}
	err := r.follow(ctx, f, func(run *drill.Run, e session.Entry) (bool, error) {
		if text, ok := steps[run.Phase]; ok && drill.IsPhase(e) {
			status.Start("%s", text)
		}
		paged := run.Phase == drill.PhaseActive && run.Attempt >= attempt
		return paged || run.Phase == drill.PhaseFinished || run.LeftFailed(), nil
	})
	if err != nil {
		return err
	}
	if r.Phase == drill.PhaseFinished || r.LeftFailed() {
		return notPaged(r)
	}
	return nil
}

func notPaged(r *openRun) error {
	if len(r.Failures) == 0 {
		return fmt.Errorf("run %s was ended before the page", r.name())
	}
	if r.LeftFailed() {
		return fmt.Errorf("run %s: %s", r.name(), strings.Join(r.ToldFailures(), "; "))
	}
	return fmt.Errorf("run %s: %s\nEverything was taken away again. More: %s",
		r.name(), strings.Join(r.ToldFailures(), "; "), r.logPath())
}

// finish ends a run whose verdict was watched, prints its report, and gives the exit
// code. An interrupt ends the run as well.
func (f *Factory) finish(ctx context.Context, r *openRun, watchErr error) error {
	status := f.IO.NewStatus()
	status.Start("%s", steps[drill.PhaseEnding])
	err := f.endAndWait(context.WithoutCancel(ctx), r)
	status.End(err == nil)
	if err != nil {
		return errors.Join(watchErr, r.left(err))
	}
	if err := f.printReport(r); err != nil {
		return err
	}
	if watchErr != nil {
		return watchErr
	}
	return verdictExit(r.Run)
}

// verdictExit maps a decided run to the exit code.
func verdictExit(r *drill.Run) error {
	if r.Recovered() {
		return nil
	}
	return &exitStatus{exitNotRecovered}
}

func (f *Factory) printPage(r *openRun) error {
	p := f.IO.ErrPalette()
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n", p.Red(strings.Repeat("━", 72)))
	for line := range strings.SplitSeq(strings.TrimSpace(r.Page), "\n") {
		fmt.Fprintf(&b, "%s\n", line)
	}
	fmt.Fprintf(&b, "%s\n\n", p.Red(strings.Repeat("━", 72)))
	if err := write(f.IO.Err, "%s", b.String()); err != nil {
		return err
	}
	return f.printHowTo(r)
}

// printHowTo tells the trainee how to get to work.
func (f *Factory) printHowTo(r *openRun) error {
	p := f.IO.ErrPalette()
	rows := [][2]string{
		{"the incident is yours", "firedrill ack " + r.name()},
		{"work in a second terminal", "firedrill shell " + r.name()},
		{"or", "export KUBECONFIG=" + r.kubeconfig()},
		{"a shell on a node", "firedrill ssh" + nameFlagOf(r.Cluster) + " NODE"},
		{"what you think is wrong", "firedrill diagnose " + r.name()},
		{"a hint", "firedrill hint " + r.name()},
		{"once it is repaired", "firedrill resolve " + r.name()},
		{"how it stands", "firedrill status " + r.name()},
		{"give up, clean up", "firedrill end " + r.name()},
	}
	for _, row := range rows {
		if row[0] == "a hint" && r.InMode() == drill.ModeExam {
			continue
		}
		if err := write(f.IO.Err, "  %-26s %s\n", row[0], p.Cyan(row[1])); err != nil {
			return err
		}
	}
	return write(f.IO.Err, "  %-26s %s from now\n\n", "time limit", r.TimeLimit)
}

// showUntilDecided shows what happens, line by line, and how the hold goes.
func (f *Factory) showUntilDecided(ctx context.Context, r *openRun) error {
	view := &liveView{f: f, p: f.IO.ErrPalette(), status: f.IO.NewStatus()}
	defer func() { view.status.End(r.Recovered()) }()
	stopClock := view.clock(ctx, r)
	defer stopClock()
	shown, said := 0, 0
	return r.follow(ctx, f, func(run *drill.Run, _ session.Entry) (bool, error) {
		view.update(run)
		for ; shown < len(run.Events); shown++ {
			view.event(run.Events[shown])
		}
		for ; said < len(run.Updates); said++ {
			view.event(run.Updates[said].Event())
		}
		done := run.Verdict != nil || run.Phase == drill.PhaseFinished
		if run.Phase == drill.PhaseFinished && run.Verdict == nil {
			return true, errors.New(run.VerdictText())
		}
		return done, nil
	})
}

// clock keeps the line at the bottom moving while nothing happens.
func (v *liveView) clock(ctx context.Context, _ *openRun) func() {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				v.tick(now)
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
