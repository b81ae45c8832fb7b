package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
)

const (
	refereeLog = "referee.log"
	refereePID = "referee.pid"
)

// ensureReferee starts a referee for a run that has none and is not over: after a kill,
// a restart of the machine, or at the very start.
func (f *Factory) ensureReferee(ctx context.Context, r *openRun) error {
	if r.Phase == drill.PhaseFinished {
		return nil
	}
	alive, err := r.store.Held(ctx, r.name())
	if err != nil || alive {
		return err
	}
	if f.startReferee != nil {
		return f.startReferee(ctx, r)
	}
	return f.spawnReferee(ctx, r)
}

// spawnReferee starts "firedrill referee RUN" in a session of its own, so that neither
// this process's end nor a Ctrl-C in its terminal reaches it, and waits until it holds
// the run.
func (f *Factory) spawnReferee(ctx context.Context, r *openRun) (err error) {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find firedrill's own executable: %w", err)
	}
	h, err := f.Home()
	if err != nil {
		return err
	}
	dir := r.store.Dir(r.name())
	log, err := os.OpenFile(filepath.Join(dir, refereeLog), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the referee's log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	// It outlives this command on purpose: no context ends it.
	cmd := exec.Command(self, "referee", r.name()) //nolint:noctx // detached by design
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "FIREDRILL_HOME="+h.Dir())
	cmd.Stdout, cmd.Stderr = log, log
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the referee: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }() // reaps it if it ends while we are here
	return f.awaitReferee(ctx, r, exited)
}

func (f *Factory) awaitReferee(ctx context.Context, r *openRun, exited <-chan error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		alive, err := r.store.Held(ctx, r.name())
		if err != nil || alive {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-exited:
			// Another verb's referee may have been faster; then this one gave way.
			if alive, heldErr := r.store.Held(ctx, r.name()); heldErr == nil && alive {
				return nil
			}
			if refreshErr := r.refresh(); refreshErr == nil && r.Phase == drill.PhaseFinished {
				return nil
			}
			return fmt.Errorf("the referee of %s ended at once (%w); its log: %s", r.name(), errOrExit(err), r.logPath())
		case <-tick.C:
		}
	}
}

func errOrExit(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

func (r *openRun) logPath() string { return filepath.Join(r.store.Dir(r.name()), refereeLog) }

// newRefereeCommand is the process that referees a run. People have no need to call it.
func newRefereeCommand(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:    "referee RUN",
		Short:  "Referee a run (started by the other commands)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return refereeRun(cmd.Context(), f, args[0])
		},
	}
}

func refereeRun(ctx context.Context, f *Factory, name string) error {
	r, err := f.openRun(name)
	if err != nil {
		return err
	}
	release, err := r.store.Hold(ctx, name)
	if errors.Is(err, session.ErrHeld) {
		return nil // another one is at work
	}
	if err != nil {
		return err
	}
	err = r.store.WriteFile(name, refereePID, []byte(strconv.Itoa(os.Getpid())+"\n"))
	if err == nil {
		err = f.referee(ctx, r)
	}
	return errors.Join(err, release())
}

func (f *Factory) referee(ctx context.Context, r *openRun) error {
	log := slog.New(slog.NewTextHandler(f.IO.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if err := r.refresh(); err != nil {
		return err
	}
	log.Info("referee", "run", r.name(), "pid", os.Getpid(), "phase", r.Phase)
	if r.Phase == drill.PhaseFinished {
		return nil
	}
	if err := f.clusterGone(ctx, r); err != nil || r.Phase == drill.PhaseFinished {
		log.Info("referee ends: the cluster is gone", "error", err)
		return err
	}
	referee, err := f.newReferee(ctx, r, log)
	if err != nil {
		log.Error("referee cannot begin", "error", err)
		return errors.Join(err, drill.Hinder(context.WithoutCancel(ctx), r.journal, r.Run, err))
	}
	err = referee.Run(ctx)
	log.Info("referee ends", "error", err)
	return errors.Join(err, referee.close())
}
