//go:build !windows

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// countingEngine counts the execs.
type countingEngine struct {
	fakeEngine
	execs atomic.Int32
}

func (e *countingEngine) Exec(ctx context.Context, mode execMode, name string, command ...string) *exec.Cmd {
	e.execs.Add(1)
	return e.fakeEngine.Exec(ctx, mode, name, command...)
}

func shellTest(t *testing.T) (*Cluster, *countingEngine, context.Context) {
	t.Helper()
	e := &countingEngine{}
	c := newTestCluster(t)
	c.engine = e
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return c, e, ctx
}

// Looks with a deadline share one exec, and say what an exec of their own would.
func TestLooksShareAShell(t *testing.T) {
	t.Parallel()
	c, e, ctx := shellTest(t)
	for _, command := range [][]string{
		{"printf", "%s|", "a  b", "$HOME", "'", `\`, `\n`, "two\nlines", `it's "so"` + "\n\\n\tx", "é", ""},
		{"sh", "-c", "echo out; echo err >&2; printf unended"},
		{"sh", "-c", "cat; echo nothing was read"},
		{"sh", "-c", "echo gone; exit 5"},
		{"no-such-command-at-all"},
		{"printf", `no line's end`},
		{"true"},
		{"printf", `\n\n`},
	} {
		said, err := c.Run(ctx, "node", command...)
		want, wantErr := c.Run(context.WithoutCancel(ctx), "node", command...)
		var exit, wantExit *ExitError
		if errors.As(err, &exit) != errors.As(wantErr, &wantExit) || exit != nil && exit.Code != wantExit.Code {
			t.Errorf("%q: error %v, want %v", command, err, wantErr)
		}
		if exit == nil && said != want || exit != nil && exit.Output != said {
			t.Errorf("%q printed %q, want %q", command, said, want)
		}
	}
	if got := e.execs.Load(); got != 8+1 {
		t.Errorf("%d execs, want one for each look without a deadline, and one shell", got)
	}
}

// A look that hangs holds up no other, and is ended in the node.
func TestALookThatHangs(t *testing.T) {
	t.Parallel()
	c, e, ctx := shellTest(t)
	pid := filepath.Join(t.TempDir(), "pid")
	short, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := c.Run(short, "node", "sh", "-c", "echo $$ > "+pid+"; sleep 100")
		failed <- err
	}()
	waitFor(t, "the look that hangs", func() bool { text, err := os.ReadFile(pid); return err == nil && len(text) > 0 })
	if said, err := c.Run(ctx, "node", "echo", "beside it"); err != nil || said != "beside it\n" {
		t.Errorf("beside it: %q, %v", said, err)
	}
	if err := <-failed; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want that its time was over", err)
	}
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	process, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the end of what hung", func() bool { return errors.Is(syscall.Kill(process, 0), syscall.ESRCH) })
	if said, err := c.Run(ctx, "node", "echo", "after it"); err != nil || said != "after it\n" {
		t.Errorf("after it: %q, %v", said, err)
	}
	if got := e.execs.Load(); got != 2 {
		t.Errorf("%d execs, want 2: a shell, and one beside it, which stays", got)
	}
}

// Looks side by side have a shell each, up to a number, and share them with those that come
// later; one more gets an exec of its own.
func TestLooksSideBySide(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ beside, execs int }{{1, 1}, {3, 3}, {mostShells, mostShells}, {mostShells + 1, mostShells + 3}} {
		c, e, ctx := shellTest(t)
		for round := range 3 {
			var looks sync.WaitGroup
			dir := t.TempDir()
			for range tc.beside {
				looks.Go(func() { // until all are there
					everybody := fmt.Sprintf(`mktemp "$1/look.XXXXXX"; until [ "$(ls "$1" | wc -l)" -eq %d ]; do sleep 0.02; done`, tc.beside)
					if _, err := c.Run(ctx, "node", "sh", "-c", everybody, "look", dir); err != nil {
						t.Errorf("round %d of %d: %v", round, tc.beside, err)
					}
				})
			}
			looks.Wait()
		}
		if got := int(e.execs.Load()); got != tc.execs {
			t.Errorf("%d execs for three rounds of %d looks, want %d", got, tc.beside, tc.execs)
		}
	}
}

// A node that was stopped and started again has a new shell.
func TestAShellThatIsLost(t *testing.T) {
	t.Parallel()
	c, e, ctx := shellTest(t)
	if _, err := c.Run(ctx, "node", "true"); err != nil {
		t.Fatal(err)
	}
	sh := c.shells.open["node"][0]
	if err := sh.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-sh.dead
	if said, err := c.Run(ctx, "node", "echo", "again"); err != nil || said != "again\n" {
		t.Errorf("%q, %v", said, err)
	}
	_, err := c.Run(ctx, "node", "sh", "-c", "kill -KILL $(ps -o ppid= -p $(ps -o ppid= -p $PPID)); sleep 5")
	if err == nil || !strings.Contains(err.Error(), "connection to the node was lost") {
		t.Errorf("a shell that is lost under a look: %v", err)
	}
	if got := e.execs.Load(); got != 2 {
		t.Errorf("%d execs, want 2", got)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not seen", what)
		}
	}
}
