//go:build !windows

package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
)

// thisHost is a node whose commands run here.
type thisHost struct{}

func (thisHost) Stream(ctx context.Context, _ string, stdin io.Reader, stdout, stderr io.Writer, command ...string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	return cmd.Run()
}

// shellInNode plays a shell in a node: typed into a terminal, or piped.
func shellInNode(t *testing.T, tty bool, typed string) (lines []string, file string, err error) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash on this machine; nodes have one")
	}
	file = filepath.Join(t.TempDir(), "run", "typed")
	var mu sync.Mutex
	following := followTyped(t.Context(), thisHost{}, "worker", file, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, line)
	})
	command := wrapped(file, tty)
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C")
	if tty {
		terminal, err := pty.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		defer terminal.Close()
		if _, err := terminal.WriteString(typed); err != nil {
			t.Fatal(err)
		}
		go func() {
			var shown bytes.Buffer
			if _, err := io.Copy(&shown, terminal); err != nil {
				return // the terminal's end, once the shell has left
			}
		}()
		err = cmd.Wait()
		following.stop()
		mu.Lock()
		defer mu.Unlock()
		return lines, file, err
	}
	cmd.Stdin = strings.NewReader(typed)
	err = cmd.Run()
	following.stop()
	mu.Lock()
	defer mu.Unlock()
	return lines, file, err
}

func TestWhatIsTypedIsTold(t *testing.T) {
	t.Parallel()
	lines, file, err := shellInNode(t, true, "true one | cat\n  true spaced\nif true; then\n true two\nfi\nexit 3\n")
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("ended with %v, want exit status 3", err)
	}
	want := []string{"true one | cat", "true spaced", "if true; then  true two; fi", "exit 3"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) > 0 {
		t.Errorf("left in the node: %v, %v", left, err)
	}
}

func TestAPipedShellIsTold(t *testing.T) {
	t.Parallel()
	lines, _, err := shellInNode(t, false, "true one\nfalse\ntrue two && true three\n")
	if err != nil {
		t.Errorf("ended with %v", err)
	}
	if diff := cmp.Diff([]string{"true one", "false", "true two", "true three"}, lines); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A file pasted into a shell is one line, of which the beginning is kept; what is typed after
// it is told.
func TestALongLineEndsNothing(t *testing.T) {
	t.Parallel()
	lines, _, err := shellInNode(t, false, "true '"+strings.Repeat("x", 2*maxTyped)+"'\ntrue after\n")
	if err != nil {
		t.Errorf("ended with %v", err)
	}
	if len(lines) != 2 || len(lines[0]) > maxTyped || !strings.HasPrefix(lines[0], "true 'xxx") || lines[1] != "true after" {
		t.Errorf("%d lines are told", len(lines))
	}
}

func TestTypedLinesReachTheJournal(t *testing.T) {
	t.Parallel()
	store := session.NewStore(t.TempDir())
	journal, err := store.Create("shop-aaaaa")
	if err != nil {
		t.Fatal(err)
	}
	if err := drill.Begin(t.Context(), journal, drill.Created{Run: "shop-aaaaa"}); err != nil {
		t.Fatal(err)
	}
	r := &openRun{store: store, journal: journal}
	before := time.Now().Add(-time.Second)
	for _, line := range []string{"journalctl -u kubelet | tail -n 5", "export DB_PASSWORD=hunter2", "systemctl restart kubelet"} {
		if err := (&runRecorder{run: r}).typed(t.Context(), "worker", line); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.refresh(); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range r.Events {
		if e.Time.Before(before) || e.ID == "" || e.Actor != "trainee" || e.Name != "worker" {
			t.Errorf("event %+v", e)
		}
		text := e.Text
		if e.Writes {
			text += " (writes)"
		}
		told = append(told, text)
	}
	want := []string{
		"ran on node worker: journalctl -u kubelet | tail -n 5",
		"ran on node worker: export DB_PASSWORD=*** (writes)",
		"ran on node worker: systemctl restart kubelet (writes)",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	data, err := os.ReadFile(filepath.Join(store.Dir("shop-aaaaa"), session.JournalFile))
	if err != nil || bytes.Contains(data, []byte("hunter2")) {
		t.Errorf("the journal holds a password, or cannot be read: %v", err)
	}
}
