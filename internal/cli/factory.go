package cli

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/iostreams"
)

// Factory hands the commands what they work with. Everything that costs time is made
// when a command asks for it: `firedrill list` talks to no engine.
type Factory struct {
	IO     *iostreams.IOStreams
	Getenv func(string) string
	Log    *slog.Logger // debug lines, on Err with -v

	// ClusterName is the cluster the command is about (--name).
	ClusterName string
	clusterFlag bool // it was named by the flag

	// ScenarioDirs are folders of scenarios of one's own (--scenarios).
	ScenarioDirs []string

	// startReferee starts a referee for a run; nil: spawnReferee, a process of its own.
	startReferee func(context.Context, *openRun) error

	level *slog.LevelVar
	lines *bufio.Reader // of IO.In, once a person was asked something
}

// NewFactory returns a factory for this process's environment.
func NewFactory(streams *iostreams.IOStreams) *Factory {
	level := &slog.LevelVar{}
	level.Set(slog.LevelWarn)
	name := os.Getenv(envCluster)
	return &Factory{
		IO:          streams,
		Getenv:      os.Getenv,
		Log:         slog.New(slog.NewTextHandler(streams.Err, &slog.HandlerOptions{Level: level})),
		ClusterName: cmp.Or(name, cluster.DefaultName),
		level:       level,
	}
}

// envCluster names the cluster that commands are about.
const envCluster = "FIREDRILL_CLUSTER"

// clusterNamed tells whether somebody named the cluster, by the flag or the variable.
func (f *Factory) clusterNamed() bool { return f.clusterFlag || f.Getenv(envCluster) != "" }

// Home is the folder firedrill keeps its state in. It may not exist yet.
func (f *Factory) Home() (home.Home, error) {
	return home.Resolve(f.Getenv, runtime.GOOS)
}

// Clusters returns the manager of firedrill's clusters, its steps shown on status.
func (f *Factory) Clusters(ctx context.Context, status *iostreams.Status) (*cluster.Manager, error) {
	h, err := f.Home()
	if err != nil {
		return nil, err
	}
	return cluster.NewManager(ctx, h, status, f.Log, f.Getenv), nil
}

// Printf writes data to Out.
func (f *Factory) Printf(format string, args ...any) error {
	return write(f.IO.Out, format, args...)
}

func write(out io.Writer, format string, args ...any) error {
	if _, err := fmt.Fprintf(out, format, args...); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}
