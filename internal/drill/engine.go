// Package drill runs a drill: it proves the system healthy, breaks it, proves it broken,
// pages the trainee, watches, proves the recovery, and takes everything away again. A
// run's journal is its only state: a killed referee is started again and goes on.
package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// Journal is where the engine writes what happens, and hears what it is asked.
type Journal interface {
	Append(ctx context.Context, kind string, data any) (session.Entry, error)
	Follow(ctx context.Context, offset int64, each func(session.Entry) error, caughtUp func() error) error
	Read(offset int64) ([]session.Entry, int64, error)
}

// Files keeps files beside the journal.
type Files interface {
	WriteFile(run, name string, data []byte) error
	ReadFile(run, name string) ([]byte, error)
	RemoveFile(run, name string) error // one that is not there is no error
}

// Nodes runs commands in the cluster's nodes.
type Nodes interface {
	Run(ctx context.Context, node string, command ...string) (string, error)
}

// Images makes the drill's images available in every node.
type Images interface {
	// Loaded tells whether Load was through with the images before: they are most likely
	// there. It looks at no node.
	Loaded(ctx context.Context, images []scenario.Image) (bool, error)
	// Load makes sure that they are there; what was there a moment ago it takes for there.
	Load(ctx context.Context, images []scenario.Image) error
	// Look makes sure that they are there by asking every node.
	Look(ctx context.Context, images []scenario.Image) error
}

// Trainee makes and removes the identity the trainee acts with.
type Trainee interface {
	Provision(ctx context.Context, run, namespace string, lifetime time.Duration) error
	Remove(ctx context.Context, run string) error
}

// Actions is the trainee's trail. A place in it is opaque JSON.
type Actions interface {
	// Start returns the trail's present end.
	Start(ctx context.Context) (json.RawMessage, error)
	// Watch tells what happens behind a place, until ctx ends. What the sink keeps is
	// exact: neither lost nor told twice by the next Watch from its place.
	Watch(ctx context.Context, from json.RawMessage, sink func(events []timeline.Event, next json.RawMessage) error) error
	// Finish tells what happened between a place and now, and returns.
	Finish(ctx context.Context, from json.RawMessage, sink func(events []timeline.Event, next json.RawMessage) error) error
}

// Deps is everything an engine works with.
type Deps struct {
	Journal Journal
	Files   Files
	Client  kubernetes.Interface
	Dynamic dynamic.Interface
	Mapper  meta.RESTMapper
	Nodes   Nodes
	Pods    verifier.Pods // nil when commands cannot be run in pods
	Images  Images
	Trainee Trainee
	Users   Users
	Actions Actions
	Runner  *verifier.Runner
	Now     func() time.Time
	Log     *slog.Logger

	// Notifier gets the page, the updates and the verdict; nil when nobody wants them.
	Notifier Notifier

	// ClusterGone tells whether the run's cluster was removed; nil: that is never known.
	ClusterGone func() (bool, error)

	// ControlPlane is the node whose clock the audit log's times are; "": it is this host's.
	ControlPlane string

	// ProofTimeout bounds each proof before the page; zero is DefaultProofTimeout.
	ProofTimeout time.Duration

	// RefereeImage is the image of canary pods, present in every node.
	RefereeImage string
}

// Engine is the referee of one run.
type Engine struct {
	Deps
	folder *scenario.Folder
	plan   *Plan

	mu  sync.Mutex // guards run: the watchers write to it as well
	run *Run

	absentSince time.Time // when the referee before this one was last alive; zero for a new run
	blindSince  time.Time // when the cluster last answered that one; zero when it did until then
	answeredAt  time.Time // when the cluster last answered the stopwatch; guarded by mu
}

// NewEngine compiles the scenario and reads the run's journal. Nothing is touched yet.
func NewEngine(folder *scenario.Folder, deps Deps) (*Engine, error) {
	plan, err := Compile(folder)
	if err != nil {
		return nil, err
	}
	entries, _, err := deps.Journal.Read(0)
	if err != nil {
		return nil, err
	}
	run, err := Replay(entries)
	if err != nil {
		return nil, err
	}
	e := &Engine{Deps: deps, folder: folder, plan: plan, run: run}
	e.absentSince, e.blindSince = e.lastSign()
	return e, nil
}

// Run brings the run from where its journal stands to its end, or until another process
// finishes it. It returns early, with ctx's error, when ctx ends: the run then goes on with
// the next referee.
func (e *Engine) Run(ctx context.Context) error {
	n := e.startNotifying(ctx)
	defer func() { n.stop(e.run.Phase == PhaseFinished) }()
	ctx, stop := e.untilOver(ctx)
	defer stop()
	if !e.toPrepare() { // else it is measured meanwhile: nothing is watched yet
		if err := e.measureClock(ctx); err != nil {
			return err
		}
	}
	w := &watchers{engine: e}
	defer w.stop()
	for e.run.Phase != PhaseFinished {
		switch {
		case e.toPrepare():
		case e.run.Phase == PhaseEnding:
			w.stop()
			e.finishActions(ctx)
		default:
			w.start(ctx)
		}
		switch err := e.step(ctx); {
		case errors.Is(err, errOver):
			e.over()
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

func (e *Engine) toPrepare() bool { return e.run.Phase == "" || e.run.Phase == PhasePreparing }

// step does the phase the run is in and journals the next one.
func (e *Engine) step(ctx context.Context) error {
	if e.run.Phase == PhaseEnding {
		return e.endPatiently(ctx)
	}
	next, err := e.phase(ctx)
	var asked *Asked
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &asked):
		return e.enter(ctx, PhaseChange{Phase: PhaseEnding, Detail: asked.Verb, Command: asked.Seq})
	case err != nil:
		return e.fail(ctx, err)
	default:
		return e.enter(ctx, PhaseChange{Phase: next})
	}
}

// fail ends a run that the tool could not bring to a verdict, or leaves it for inspection.
func (e *Engine) fail(ctx context.Context, err error) error {
	e.Log.Error("phase failed", "phase", e.run.Phase, "error", err)
	if err := e.note(ctx, entryError, Failure{Message: err.Error()}); err != nil {
		return err
	}
	if e.run.Created.KeepFailed {
		return e.enter(ctx, PhaseChange{Phase: PhaseDecided, Detail: endFailed})
	}
	return e.enter(ctx, PhaseChange{Phase: PhaseEnding, Detail: endFailed})
}

// phase runs the current phase under a context that a command ends.
func (e *Engine) phase(ctx context.Context) (Phase, error) {
	ctx, stop := e.heed(ctx)
	defer stop()
	next, err := e.phaseBody(ctx)
	if cause := context.Cause(ctx); cause != nil {
		return "", cause
	}
	return next, err
}

func (e *Engine) phaseBody(ctx context.Context) (Phase, error) {
	switch e.run.Phase {
	case "", PhasePreparing:
		return PhaseHealthy, e.prepare(ctx)
	case PhaseHealthy:
		return PhaseInjecting, e.proveHealthy(ctx)
	case PhaseInjecting:
		return PhaseBroken, e.inject(ctx)
	case PhaseBroken:
		return PhaseActive, e.proveBroken(ctx)
	case PhaseActive:
		return PhaseDecided, e.attend(ctx)
	case PhaseDecided:
		return PhaseEnding, untilDone(ctx)
	default:
		return "", fmt.Errorf("the journal is in phase %q, which this version does not know", e.run.Phase)
	}
}

func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// enter journals a phase.
func (e *Engine) enter(ctx context.Context, p PhaseChange) error {
	p.Attempt = e.run.Attempt
	if p.Phase == PhasePreparing && e.run.Phase == PhaseEnding {
		p.Attempt++
	}
	e.Log.Info("phase", "phase", p.Phase, "detail", p.Detail, "attempt", p.Attempt)
	return e.note(ctx, entryPhase, p)
}

// note journals an entry and brings the engine's own view of the run up to date. Entries
// that other processes add meanwhile reach it through heed.
func (e *Engine) note(ctx context.Context, kind string, data any) error {
	entry, err := e.Journal.Append(context.WithoutCancel(ctx), kind, data)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.run.Apply(entry)
}
