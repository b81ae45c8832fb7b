package cluster

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A referee looks into its nodes every second, and each engine's exec costs more than
// what it runs: processes in the engine, in containerd and in runc. So looks go through
// shells in each node, as many as there are looks at once, up to mostShells, which stay as
// long as their firedrill does: each ends when its input does, however that comes about.

// shellAgent reads commands, one a line and quoted for bash, and prints a mark and the
// exit code after what each of them printed.
const shellAgent = `while IFS=' ' read -r mark line; do
  (eval "$line") </dev/null 2>&1
  printf '\n%s %d\n' "$mark" "$?"
done`

// shellLimit is the longest time a command may be given in a shell: one that hangs blocks
// it, and is ended in the node after its caller's deadline. Anything else gets an exec of
// its own.
const shellLimit = 2 * time.Minute

// errNoShell says that a command was not begun in a shell, and may be run in another way.
var errNoShell = errors.New("no shell")

// mostShells is how many shells a node has at most. What finds them all busy gets an exec
// of its own.
const mostShells = 4

var errLost = errors.New("the connection to the node was lost")

// shells are the shells of a cluster's nodes. The zero value has none.
type shells struct {
	mu   sync.Mutex
	open map[string][]*shell
}

// shell is a shell in a node. It runs one command at a time.
type shell struct {
	busy sync.Mutex
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	pipe *io.PipeWriter // what out reads from
	dead chan struct{}  // closed when the connection is lost
}

// run runs a command in a node's shell. errNoShell: it was not begun.
func (s *shells) run(ctx context.Context, e containers, node string, command []string) (string, error) {
	deadline, ok := ctx.Deadline()
	left := time.Until(deadline)
	if !ok || left > shellLimit {
		return "", errNoShell
	}
	sh := s.take(ctx, e, node)
	if sh == nil {
		return "", errNoShell
	}
	defer sh.busy.Unlock()
	// In the node it ends a little later: here it is known why.
	seconds := strconv.FormatFloat((left + time.Second).Seconds(), 'f', 3, 64)
	out, code, err := sh.ask(ctx, append([]string{"timeout", "--kill-after=2", seconds}, command...))
	if err != nil || ctx.Err() != nil {
		s.drop(node, sh)
	}
	switch {
	case errors.Is(err, errNoShell):
		return "", err
	case err != nil && ctx.Err() != nil:
		return out, fmt.Errorf("run %s on node %s: %w", command[0], node, context.Cause(ctx))
	case err != nil:
		return out, fmt.Errorf("run %s on node %s: %w", command[0], node, err)
	}
	if code != 0 {
		return out, &ExitError{Node: node, Command: command, Code: code, Output: out}
	}
	return out, nil
}

// take returns a shell that nobody uses, locked; nil: there is none to be had.
func (s *shells) take(ctx context.Context, e containers, node string) *shell {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[string][]*shell{}
	}
	s.open[node] = slices.DeleteFunc(s.open[node], (*shell).lost)
	for _, sh := range s.open[node] {
		if sh.busy.TryLock() {
			return sh
		}
	}
	if len(s.open[node]) >= mostShells {
		return nil
	}
	sh, err := openShell(context.WithoutCancel(ctx), e, node)
	if err != nil {
		return nil
	}
	sh.busy.Lock()
	s.open[node] = append(s.open[node], sh)
	return sh
}

// lost tells whether the connection to the shell is: its node was stopped, or the engine.
func (s *shell) lost() bool {
	select {
	case <-s.dead:
		return true
	default:
		return false
	}
}

// drop ends a shell whose answer nobody waits for.
func (s *shells) drop(node string, sh *shell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[node] = slices.DeleteFunc(s.open[node], func(other *shell) bool { return other == sh })
	sh.close()
}

func openShell(ctx context.Context, e containers, node string) (*shell, error) {
	cmd := e.Exec(ctx, execInput, node, "bash", "-c", shellAgent)
	detach(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	// Not StdoutPipe: Wait would close it before all is read.
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.WaitDelay = writer, killAfter
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	sh := &shell{cmd: cmd, in: in, out: bufio.NewReader(reader), pipe: writer, dead: make(chan struct{})}
	go func() {
		err := cmd.Wait()
		close(sh.dead)
		writer.CloseWithError(errors.Join(errLost, err))
	}()
	return sh, nil
}

func (s *shell) close() {
	_ = s.in.Close()                   // what runs in the node ends by its own time-out at the latest
	_ = s.cmd.Process.Kill()           // the goroutine that waits for it says how it ended
	_ = s.pipe.CloseWithError(errLost) // what still writes to it may take its time
}

// ask runs one command, and returns what it printed and its exit code.
func (s *shell) ask(ctx context.Context, command []string) (string, int, error) {
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	var random [12]byte
	_, _ = rand.Read(random[:]) // it never fails
	mark := hex.EncodeToString(random[:])
	if _, err := io.WriteString(s.in, mark+" "+bashQuote(command)+"\n"); err != nil {
		return "", 0, errNoShell // half a line is not run
	}
	var out bytes.Buffer
	for {
		chunk, err := s.out.ReadBytes('\n')
		if err != nil {
			return out.String(), 0, err
		}
		tail, ended := strings.CutPrefix(string(chunk), mark+" ")
		if !ended {
			out.Write(chunk)
			continue
		}
		code, err := strconv.Atoi(strings.TrimSpace(tail))
		return strings.TrimSuffix(out.String(), "\n"), code, err
	}
}

// bashQuote writes a command as one line that bash reads back as the same arguments.
func bashQuote(command []string) string {
	quoted := make([]string, 0, len(command))
	for _, arg := range command {
		if !strings.Contains(arg, "\n") {
			quoted = append(quoted, "'"+strings.ReplaceAll(arg, "'", `'\''`)+"'")
			continue
		}
		escaped := strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`).Replace(arg)
		quoted = append(quoted, "$'"+escaped+"'")
	}
	return strings.Join(quoted, " ")
}
