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
	// maxTyped is the longest line that is taken, in bytes.
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
func followTyped(ctx context.Context, nodes nodeStreamer, node, file string, tell func(line string) error) *typedLines {
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
		lines := bufio.NewScanner(stdoutR)
		lines.Buffer(nil, maxTyped)
		for lines.Scan() && lines.Text() != typedEnd {
			if line := strings.TrimSpace(lines.Text()); line != "" && tell(line) != nil {
				return
			}
		}
	}()
	return t
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
