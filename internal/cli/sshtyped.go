package cli

import (
	"bufio"
	"context"
	_ "embed" // the node's scripts
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/audit"
	"github.com/firedrill/firedrill/internal/timeline"
)

//go:embed sshwrap.sh
var typedShell string

//go:embed sshfollow.sh
var typedFollower string

const (
	// typedDir is where a shell in a node writes what is typed.
	typedDir = "/run/firedrill"
	// typedEnd ends a shell's lines.
	typedEnd = "\x1e"
	// typedRest is how long the last lines of a shell that has ended are waited for.
	typedRest = 3 * time.Second
	// maxTyped is how much of a line is taken, in bytes.
	maxTyped = 64 << 10
)

// nodeStreamer runs a command in a node with streams; a cluster does.
type nodeStreamer interface {
	Stream(ctx context.Context, node string, stdin io.Reader, stdout, stderr io.Writer, command ...string) error
}

// typedLines follows the lines typed into one shell in a node.
type typedLines struct {
	stop   func()
	ended  chan struct{} // the shell wrote its end, or can be read no more
	closed chan struct{}
}

// wrapped is the command of a login shell that writes what is typed into a file.
func wrapped(file string, tty bool) []string {
	kind := "pipe"
	if tty {
		kind = "tty"
	}
	return []string{"bash", "-c", typedShell, "firedrill", file, kind}
}

// followTyped tells each line as it is typed, until stop is called.
func followTyped(ctx context.Context, nodes nodeStreamer, node, file string, tell func(line string)) *typedLines {
	ctx, cancel := context.WithCancel(ctx)
	stdinR, stdinW := io.Pipe()
	stdoutR, stdoutW := io.Pipe()
	t := &typedLines{ended: make(chan struct{}), closed: make(chan struct{})}
	t.stop = func() {
		select {
		case <-t.ended:
		case <-time.After(typedRest):
		}
		closeAll(stdinW) // the node's end cleans up after itself
		select {
		case <-t.closed:
		case <-time.After(typedRest):
		}
		cancel()
	}
	go func() {
		defer close(t.closed)
		err := nodes.Stream(ctx, node, stdinR, stdoutW, io.Discard, "sh", "-c", typedFollower, "sh", file)
		stdoutW.CloseWithError(err)
	}()
	go func() {
		defer close(t.ended)
		lines := bufio.NewReaderSize(stdoutR, maxTyped)
		for {
			line, err := typedLine(lines)
			if err != nil || line == typedEnd {
				return
			}
			if line = strings.TrimSpace(line); line != "" {
				tell(line)
			}
		}
	}()
	return t
}

// typedLine reads one line, of a long one its beginning: a file pasted into a shell is one.
func typedLine(from *bufio.Reader) (string, error) {
	line, long, err := from.ReadLine()
	text := string(line)
	for long && err == nil {
		_, long, err = from.ReadLine()
	}
	return text, err
}

// closeAll closes what cannot fail.
func closeAll(c io.Closer) {
	if c.Close() != nil {
		return // a pipe's end never fails
	}
}

// typed journals a line that was typed into a shell in a node.
func (s *runRecorder) typed(ctx context.Context, node, line string) error {
	detail := audit.RedactShell(line)
	return s.note(ctx, timeline.Event{
		Source: timeline.SourceNode, Actor: "trainee", Verb: "ssh", Resource: "nodes", Name: node, Detail: detail,
		Writes: !readsOnlyLine(line), Text: fmt.Sprintf("ran on node %s: %s", node, detail),
	})
}
