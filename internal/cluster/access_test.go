//go:build !windows

package cluster

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/home"
)

func newTestCluster(t *testing.T) *Cluster {
	t.Helper()
	c := &Cluster{name: "x", home: home.Home(t.TempDir()), state: &state{Version: stateVersion, Name: "x", ID: "id", Phase: phaseReady}, engine: &fakeEngine{}}
	if err := c.state.save(c.home); err != nil {
		t.Fatal(err)
	}
	return c
}

// A node's name is the same in the next cluster of that name: nothing is run there for the
// one that is gone.
func TestNothingIsRunInALaterCluster(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(c *Cluster) error{
		"removed":   func(c *Cluster) error { return os.Remove(statePath(c.home, c.name)) },
		"made anew": func(c *Cluster) error { return (&state{Version: stateVersion, Name: "x", ID: "other"}).save(c.home) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTestCluster(t)
			if gone, err := Gone(c.home, c.name, c.ID()); gone || err != nil {
				t.Fatalf("Gone = %t, %v while it is there", gone, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // short enough for a shell that stays
			defer cancel()
			if _, err := c.Run(ctx, "node", "true"); err != nil {
				t.Fatal(err)
			}
			if err := change(c); err != nil {
				t.Fatal(err)
			}
			if gone, err := Gone(c.home, c.name, c.ID()); !gone || err != nil {
				t.Errorf("Gone = %t, %v", gone, err)
			}
			file := filepath.Join(t.TempDir(), "touched")
			var removed *GoneError
			if _, err := c.Run(ctx, "node", "touch", file); !errors.As(err, &removed) {
				t.Errorf("Run = %v, want a *GoneError", err)
			}
			if err := c.Stream(ctx, "node", nil, io.Discard, io.Discard, "touch", file); !errors.As(err, &removed) {
				t.Errorf("Stream = %v, want a *GoneError", err)
			}
			if _, err := os.Stat(file); err == nil {
				t.Error("the command was run")
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t)
	out, err := c.Run(t.Context(), "node", "sh", "-c", "echo out; echo err >&2")
	if err != nil || out != "out\nerr\n" {
		t.Errorf("Run = %q, %v", out, err)
	}
	out, err = c.Run(t.Context(), "node", "echo", "a  b", "$HOME", "'")
	if err != nil || out != "a  b $HOME '\n" {
		t.Errorf("arguments are not kept: %q, %v", out, err)
	}
	_, err = c.Run(t.Context(), "node", "sh", "-c", "echo no such unit; exit 5")
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Code != 5 || !strings.Contains(err.Error(), "no such unit") {
		t.Errorf("Run of a failing command = %v", err)
	}
	_, err = c.Run(t.Context(), "node", "no-such-command-at-all")
	if !errors.As(err, &exit) || exit.Code != 127 {
		t.Errorf("Run of a missing command = %v", err)
	}
}

func TestStreamReadsNothingWithoutInput(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	if err := c.Stream(ctx, "node", nil, &out, &out, "cat"); err != nil || out.Len() > 0 {
		t.Errorf("Stream(cat) = %q, %v", out.String(), err)
	}
	if err := c.Stream(ctx, "node", strings.NewReader("hello"), &out, &out, "cat"); err != nil || out.String() != "hello" {
		t.Errorf("Stream(cat) with input = %q, %v", out.String(), err)
	}
}

// TestStreamEndsTheCommand proves that nothing stays behind in the node.
func TestStreamEndsTheCommand(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, script string }{
		{"a reader of a file", "exec tail -n +1 -F /dev/null"},
		{"one that ignores SIGTERM", "trap '' TERM; while true; do sleep 0.2; done"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newTestCluster(t)
			pidFile := filepath.Join(t.TempDir(), "pid")
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for readPID(pidFile) == 0 {
					time.Sleep(5 * time.Millisecond)
				}
				cancel()
			}()
			err := c.Stream(ctx, "node", nil, io.Discard, io.Discard, "sh", "-c", "echo $$ > "+pidFile+"; "+tc.script)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Stream = %v, want context.Canceled", err)
			}
			deadline := time.Now().Add(time.Minute)
			for alive(readPID(pidFile)) {
				if time.Now().After(deadline) {
					t.Fatal("the command runs on")
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

func readPID(file string) int {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0
	}
	return pid
}

func alive(pid int) bool {
	return pid > 0 && syscall.Kill(pid, 0) == nil
}

func TestNodesAreOursOnly(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t)
	c.engine = &fakeEngine{containers: []container{
		{Name: "x-worker", Role: RoleWorker, OwnerID: "id"},
		{Name: "x-control-plane", Role: RoleControlPlane, OwnerID: "id"},
		{Name: "y-worker", Role: RoleWorker, OwnerID: "other"},
	}}
	infos, err := c.Nodes(t.Context())
	if err != nil || len(infos) != 2 || infos[0].Name != "x-control-plane" {
		t.Errorf("Nodes = %v, %v", infos, err)
	}
	if _, err := c.Node(t.Context(), "x-worker"); err != nil {
		t.Errorf("Node: %v", err)
	}
	var usage *UsageError
	if _, err := c.Node(t.Context(), "y-worker"); !errors.As(err, &usage) {
		t.Errorf("Node of another cluster = %v, want a *UsageError", err)
	}
}

func TestLockIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			// Status is shared here; real processes have their own.
			if _, _, err := f.Up(t.Context(), Options{}); err != nil {
				t.Errorf("Up: %v", err)
			}
		})
	}
	wg.Wait()
	if n := f.engine.called("create"); n != 1 {
		t.Errorf("%d clusters were made", n)
	}
}
