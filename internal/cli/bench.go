package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/prove"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/verifier"
)

// bench runs the cases of prove as a user would run their drills: each with a referee of
// its own.
type bench struct {
	f         *Factory // says nothing
	cluster   *cluster.Cluster
	client    kubernetes.Interface
	inspector *prove.Inspector
	seed      int64
	proof     time.Duration
	dirs      map[string][]string // by scenario: where one's own lie
	before    prove.Snapshot      // of the cluster, before the first case
	id        string              // of the proof
}

// quiet is the factory for work whose steps nobody is to see.
func (f *Factory) quiet() *Factory {
	q := *f
	q.IO = iostreams.Discard()
	return &q
}

// Start is part of prove.Bench.
func (b *bench) Start(ctx context.Context, c prove.Case, limit time.Duration) (prove.Run, error) {
	created := drill.Created{
		Scenario: c.Scenario, Variant: c.Variant, Seed: b.seed, Version: version(),
		ScenarioDirs: b.dirs[c.Scenario], TimeLimit: limit, ProveHealthy: limit > 0, ProofTimeout: b.proof,
		KeepFailed: true, // until its objects were compared with its baseline
		ProofID:    b.id,
	}
	folder, err := loadFolder(created)
	if err != nil {
		return nil, err
	}
	r, err := b.startOn(ctx, folder, created)
	if r == nil {
		return nil, err
	}
	return &benchRun{bench: b, openRun: r, script: c.Script}, err
}

func (b *bench) startOn(ctx context.Context, folder *scenario.Folder, created drill.Created) (*openRun, error) {
	return placed(ctx, func() (*openRun, error) { return b.f.startOn(ctx, b.cluster, folder, created, "") }, func(error) error { return nil })
}

// mostBeside is how many cases run side by side on any machine, lest their pods are more than
// the two workers that they share may have (110 each).
const mostBeside = 24

// room is how many cases run side by side: so many as are asked for, or, of 0, as the load of
// the machine that the nodes run on allows. It is not this one where the engine has a
// virtual machine of its own.
func (b *bench) room(ctx context.Context, parallel int) prove.Room {
	if parallel > 0 {
		return prove.Room{Parallel: parallel}
	}
	load := func(ctx context.Context) (prove.Load, error) {
		nodes, err := b.cluster.Nodes(ctx)
		if err != nil || len(nodes) == 0 {
			return prove.Load{}, err
		}
		text, err := b.cluster.Run(ctx, nodes[0].Name, append([]string{"cat"}, prove.LoadFiles...)...)
		if err != nil {
			return prove.Load{}, err
		}
		return prove.ParseLoad(text)
	}
	processors := runtime.NumCPU()
	if now, err := load(ctx); err == nil {
		processors = now.Processors
	}
	always := min(max(2, processors), mostBeside) // an unknown load has none
	return prove.Room{Parallel: always, Most: min(6*always, mostBeside), Load: load}
}

// benchRun is a drill under way.
type benchRun struct {
	*openRun
	bench  *bench
	script scenario.Script
}

// Name is part of prove.Run.
func (r *benchRun) Name() string { return r.name() }

// Script is part of prove.Run.
func (r *benchRun) Script(ctx context.Context) (string, error) {
	folder, err := loadFolder(r.Created)
	if err != nil {
		return "", err
	}
	env, err := r.env(folder)
	if err != nil {
		return "", err
	}
	return runScript(ctx, folder, r.script, env)
}

// runScript runs a scenario's script in a folder of its own and returns its output, of one
// that fails too. What the script started ends with it when ctx does.
func runScript(ctx context.Context, folder *scenario.Folder, script scenario.Script, env []string) (out string, err error) {
	text, err := folder.Text(script)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "firedrill-script-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the script: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, filepath.Base(script.Path))
	if err := os.WriteFile(path, text, 0o700); err != nil { //nolint:gosec // a script is run
		return "", fmt.Errorf("write the script: %w", err)
	}
	command, err := scriptCommand(text, path)
	if err != nil {
		return "", err
	}
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	ownGroup(cmd)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = dir, env, &output, &output, 2*time.Second
	err = cmd.Run()
	return output.String(), err
}

// scriptCommand is what runs a script: the program of its first line, where that is, and else
// the one of the same name in PATH. Windows knows neither such lines nor their paths, and some
// systems run nothing that lies in their folder for temporary files.
func scriptCommand(text []byte, path string) ([]string, error) {
	first, _, _ := strings.Cut(string(text), "\n")
	line, ok := strings.CutPrefix(first, "#!")
	program := strings.Fields(line)
	if !ok || len(program) == 0 {
		program = []string{"/bin/sh"}
	}
	if _, err := os.Stat(program[0]); err != nil {
		if filepath.Base(program[0]) == "env" && len(program) > 1 {
			program = program[1:]
		}
		found, err := exec.LookPath(filepath.Base(program[0]))
		if err != nil {
			return nil, fmt.Errorf("scripts of scenarios are run by %s, which is not in PATH (on Windows it comes with Git): %w", filepath.Base(program[0]), err)
		}
		program[0] = found
	}
	return append(program, path), nil
}

// env is what a script finds in its environment: docs/reference.md.
func (r *benchRun) env(folder *scenario.Folder) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find firedrill's own executable: %w", err)
	}
	h, err := r.bench.f.Home()
	if err != nil {
		return nil, err
	}
	env := append(os.Environ(), folder.Env()...)
	return append(env, "KUBECONFIG="+r.kubeconfig(), "FIREDRILL="+self, "FIREDRILL_HOME="+h.Dir(), "FIREDRILL_CLUSTER="+r.bench.cluster.Name(), "FIREDRILL_RUN="+r.name()), nil
}

// Follow is part of prove.Run.
func (r *benchRun) Follow(ctx context.Context, each func(*drill.Run) (bool, error)) error {
	if err := r.refresh(); err != nil {
		return err
	}
	if stop, err := each(r.Run); stop || err != nil {
		return err
	}
	return r.follow(ctx, r.bench.f, func(run *drill.Run, _ session.Entry) (bool, error) { return each(run) })
}

// Changes is part of prove.Run.
func (r *benchRun) Changes(ctx context.Context) []string {
	diff, err := r.changes(ctx)
	if err != nil {
		return []string{"unknown: " + err.Error()}
	}
	return diff
}

func (r *benchRun) changes(ctx context.Context) ([]string, error) {
	before, err := drill.ReadBaseline(r.store, r.Run)
	if err != nil || before == nil {
		return nil, err
	}
	now, err := verifier.TakeBaseline(ctx, r.bench.client, r.name())
	if err != nil {
		return nil, err
	}
	return before.Diff(now), nil
}

// End is part of prove.Run.
func (r *benchRun) End(ctx context.Context) ([]string, error) {
	if err := r.bench.f.endAndWait(ctx, r.openRun); err != nil {
		return nil, err
	}
	left, err := r.bench.inspector.Leftovers(ctx, r.name())
	if err != nil {
		return nil, err
	}
	changed, err := r.bench.changed(ctx, r.Created)
	return append(left, changed...), err
}

// changed lists what a run that is over changed of what it had for itself.
func (b *bench) changed(ctx context.Context, c drill.Created) ([]string, error) {
	switch {
	case c.Addon != "": // what runs beside it is left out
		after, err := b.snapshot(ctx)
		if err != nil {
			return nil, err
		}
		return b.before.Diff(after), nil
	case c.Node != "":
		return b.inspector.NodeDiff(ctx, c.Node, b.before)
	}
	return nil, nil
}
