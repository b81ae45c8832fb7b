package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
)

// openRun is a run with its journal and how far the journal was read.
type openRun struct {
	*drill.Run
	store   *session.Store
	journal *session.Journal
	offset  int64
}

// store is where the runs of this machine's user lie.
func (f *Factory) store() (*session.Store, error) {
	h, err := f.Home()
	if err != nil {
		return nil, err
	}
	return session.NewStore(h.Runs()), nil
}

// openRun reads a run's journal. Without a name it takes the one that is meant.
func (f *Factory) openRun(name string) (*openRun, error) {
	store, err := f.store()
	if err != nil {
		return nil, err
	}
	if name == "" {
		if name, err = f.meantRun(store); err != nil {
			return nil, err
		}
	}
	journal, err := store.Open(name)
	if errors.Is(err, session.ErrNoRun) {
		return nil, usageErrorf("%w", err)
	}
	if err != nil {
		return nil, err
	}
	journal.SealOn(drill.Ends)
	r := &openRun{store: store, journal: journal}
	if err := r.refresh(); err != nil {
		return nil, fmt.Errorf("run %s: %w", name, err)
	}
	return r, nil
}

// openLive reads the journal of a run that may be under way, and sees to it that a referee
// is at work on it. That none can begin, for its cluster does not answer, is said: what the
// journal tells is true all the same.
func (f *Factory) openLive(ctx context.Context, name string) (*openRun, error) {
	r, err := f.openRun(name)
	if err != nil {
		return nil, err
	}
	if err := f.ensureReferee(ctx, r); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := write(f.IO.Err, "%s no referee is watching: %v\n", f.IO.ErrPalette().Yellow("warning:"), err); err != nil {
			return nil, err
		}
	}
	return r, r.refresh()
}

// errNoneOpen is wrapped where a run that is under way was asked for, and none is.
var errNoneOpen = errors.New("no run is under way: name one (firedrill runs), or begin with firedrill start NAME")

// runToTell picks the run of a verb that only tells: the one named, else the only one that
// is under way, else the newest one. Nobody named that one, so it is said which it is.
func (f *Factory) runToTell(name string) (string, error) {
	if name != "" {
		return name, nil
	}
	store, err := f.store()
	if err != nil {
		return "", err
	}
	name, noneOpen := f.meantRun(store)
	if !errors.Is(noneOpen, errNoneOpen) {
		return name, noneOpen
	}
	runs, err := store.List()
	if err != nil {
		return "", err
	}
	if f.clusterNamed() {
		runs = slices.DeleteFunc(runs, func(run string) bool { return readOne(store, run).Cluster != f.ClusterName })
	}
	if len(runs) == 0 {
		return "", noneOpen
	}
	newest := runs[len(runs)-1]
	return newest, write(f.IO.Err, "No run is under way: this is the newest one, %s.\n", newest)
}

// envRun names the run that a shell was opened for.
const envRun = "FIREDRILL_RUN"

// meantRun is the run of a verb that names none: the one that the shell around it was opened
// for, else the only one that is not finished; of the named cluster, where one is named.
func (f *Factory) meantRun(store *session.Store) (string, error) {
	if name := f.Getenv(envRun); name != "" && (!f.clusterFlag || readOne(store, name).Cluster == f.ClusterName) {
		return name, nil
	}
	runs, err := readAll(store)
	if err != nil {
		return "", err
	}
	var open, damaged []string
	for _, r := range runs {
		switch {
		case r.Phase == drill.PhaseFinished:
		case f.clusterNamed() && r.begun && r.Cluster != f.ClusterName:
		case r.damage != nil:
			damaged = append(damaged, r.name)
		default:
			open = append(open, r.name)
		}
	}
	switch {
	case len(open) == 1:
		return open[0], nil
	case len(open) > 1:
		return "", usageErrorf("several runs are under way, name one: %s", strings.Join(open, ", "))
	case len(damaged) > 0:
		return "", usageErrorf("%w (damaged: %s)", errNoneOpen, strings.Join(damaged, ", "))
	}
	return "", usageErrorf("%w", errNoneOpen)
}

// readRun is a run as its journal tells it; a damaged one, as far as that could be read.
type readRun struct {
	*drill.Run
	name   string
	begun  bool  // its first entry could be read
	damage error // why no more could be read; nil: it is whole
}

func readOne(store *session.Store, name string) *readRun {
	entries, _, err := session.OpenJournal(store.Dir(name)).Read(0)
	r := &readRun{Run: &drill.Run{Attempt: 1}, name: name}
	for _, e := range entries {
		if applyErr := r.Apply(e); applyErr != nil {
			err = applyErr
			break
		}
		r.begun = true
	}
	if err != nil {
		r.damage = fmt.Errorf("run %s: %w", name, err)
		r.Created.Run = name
	}
	return r
}

// readAll reads every run, oldest first.
func readAll(store *session.Store) ([]*readRun, error) {
	names, err := store.List()
	return readThose(store, names), err
}

// readThose reads the runs that were listed, but for one that is none any more: a proof
// forgets its runs, and may while others list them.
func readThose(store *session.Store, names []string) []*readRun {
	runs := make([]*readRun, 0, len(names))
	for _, name := range names {
		if r := readOne(store, name); r.begun || r.damage != nil {
			runs = append(runs, r)
		}
	}
	return runs
}

// replayAll reads every run, oldest first; one that is damaged is an error.
func replayAll(store *session.Store) ([]*drill.Run, error) {
	all, err := readAll(store)
	if err != nil {
		return nil, err
	}
	var runs []*drill.Run
	for _, r := range all {
		if r.damage != nil {
			return nil, r.damage
		}
		runs = append(runs, r.Run)
	}
	return runs, nil
}

// unfinished lists the runs that have not ended, oldest first. A damaged one is not among
// them: no verb could go on with it.
func unfinished(store *session.Store) ([]*drill.Run, error) {
	all, err := readAll(store)
	if err != nil {
		return nil, err
	}
	var runs []*drill.Run
	for _, r := range all {
		if r.damage == nil && r.Phase != drill.PhaseFinished {
			runs = append(runs, r.Run)
		}
	}
	return runs, nil
}

// refresh reads the journal anew.
func (r *openRun) refresh() error {
	entries, offset, err := r.journal.Read(0)
	if err != nil {
		return err
	}
	run, err := drill.Replay(entries)
	if err != nil {
		return err
	}
	r.Run, r.offset = run, offset
	return nil
}

func (r *openRun) name() string { return r.Created.Run }

// ask writes a command for the referee into the journal.
func (r *openRun) ask(ctx context.Context, verb string) error {
	return drill.Ask(ctx, r.journal, verb)
}

// follow calls each after every change of the run until it says stop. It also makes
// sure, all the while, that a referee is alive, and gives up when none can be for long.
func (r *openRun) follow(ctx context.Context, f *Factory, each func(*drill.Run, session.Entry) (stop bool, err error)) error {
	return r.followFor(ctx, f, patientFor, each)
}

// followFor is follow with a patience of its own; 0 is one without an end.
func (r *openRun) followFor(ctx context.Context, f *Factory, patient time.Duration, each func(*drill.Run, session.Entry) (stop bool, err error)) error {
	// From where the caller has read: what came since then is told as well.
	errStop := errors.New("stop")
	keeper := &refereeKeeper{factory: f, run: r, patient: patient}
	err := r.journal.Follow(ctx, r.offset, func(e session.Entry) error {
		if err := r.Apply(e); err != nil {
			return err
		}
		stop, err := each(r.Run, e)
		if stop && err == nil {
			return errStop
		}
		return err
	}, func() error { return keeper.look(ctx) })
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}
