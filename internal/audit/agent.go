package audit

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // the agent's script
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed agent.sh
var agentScript string

// Streamer runs commands in the cluster's nodes; the cluster's provider implements it.
type Streamer interface {
	// Stream runs a command as root in the named node, joined to the given streams,
	// until it ends or ctx does.
	Stream(ctx context.Context, node string, stdin io.Reader, stdout, stderr io.Writer, command ...string) error
	// Run runs a command as root in the named node and returns its combined output.
	Run(ctx context.Context, node string, command ...string) (string, error)
}

// errMoved says that a name no longer is the file it was when it was listed.
var errMoved = errors.New("the log was rotated meanwhile")

// logFile is one file of a rotating log.
type logFile struct {
	Inode uint64
	Size  int64
	Name  string
}

// logFiles reads the files of a rotating log.
type logFiles interface {
	// List returns the files from the oldest to the current one.
	List() ([]logFile, error)
	// Read returns n bytes of a listed file from an offset. It returns errMoved when
	// the file's name has become another file's.
	Read(f logFile, offset int64, n int) ([]byte, error)
}

// agent is logFiles over a script that runs in the node.
type agent struct {
	requests io.Writer
	replies  *bufio.Reader
	current  string        // base name of the file being written
	timeout  time.Duration // for one answer
	abort    func(error)   // ends the stream
}

// withAgent runs use against an agent in the node, and ends the agent after it.
func withAgent(ctx context.Context, s Streamer, node, file string, timeout time.Duration, use func(context.Context, logFiles) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A real pipe: with any other reader, exec's Wait would outlive a command that
	// was killed, until the next request.
	stdinR, stdinW, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	stdoutR, stdoutW := io.Pipe()
	var stderr tailBuffer
	ext := path.Ext(file)
	pattern := strings.TrimSuffix(path.Base(file), ext) + "*" + ext
	done := make(chan struct{})
	go func() {
		err := s.Stream(ctx, node, stdinR, stdoutW, &stderr, "sh", "-c", agentScript, "sh", path.Dir(file), pattern)
		if err == nil {
			err = errors.New("the stream ended")
		}
		err = fmt.Errorf("read the audit log in node %s: %w%s", node, err, stderr.suffix())
		stdoutW.CloseWithError(err)
		close(done)
	}()
	a := &agent{requests: stdinW, replies: bufio.NewReaderSize(stdoutR, 64<<10), current: path.Base(file), timeout: timeout}
	a.abort = func(cause error) {
		cancel(cause)
		stdoutR.CloseWithError(cause)
	}
	stop := context.AfterFunc(ctx, func() { a.abort(context.Cause(ctx)) })
	defer stop()
	err = use(ctx, a)
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, io.ErrClosedPipe) {
		err = cause // why it was closed
	}
	a.abort(context.Canceled)
	closed := stdinW.Close() // ends the agent
	<-done
	return errors.Join(err, closed, stdinR.Close())
}

// List implements logFiles.
func (a *agent) List() ([]logFile, error) {
	defer a.watchdog()()
	if _, err := io.WriteString(a.requests, "L\n"); err != nil {
		return nil, err
	}
	var files []logFile
	for {
		line, err := a.replies.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "." {
			a.sort(files)
			return files, nil
		}
		var f logFile
		if _, err := fmt.Sscanf(line, "F %d %d %s", &f.Inode, &f.Size, &f.Name); err != nil {
			return nil, fmt.Errorf("list the audit log: unexpected answer %.80q: %w", line, err)
		}
		files = append(files, f)
	}
}

// sort orders backups by the time in their names; the current file comes last.
func (a *agent) sort(files []logFile) {
	slices.SortFunc(files, func(x, y logFile) int {
		switch {
		case x.Name == y.Name:
			return 0
		case x.Name == a.current:
			return 1
		case y.Name == a.current:
			return -1
		}
		return strings.Compare(x.Name, y.Name)
	})
}

// Read implements logFiles.
func (a *agent) Read(f logFile, offset int64, n int) ([]byte, error) {
	defer a.watchdog()()
	if _, err := fmt.Fprintf(a.requests, "R %d %d %d %s\n", f.Inode, offset, n, f.Name); err != nil {
		return nil, err
	}
	line, err := a.replies.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if line == "N\n" {
		return nil, errMoved
	}
	if line != "D "+strconv.Itoa(n)+"\n" {
		return nil, fmt.Errorf("read the audit log: unexpected answer %.80q", line)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(a.replies, data); err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	return data, nil
}

// watchdog ends the stream when an answer takes too long: a connection to an engine
// that was suspended may hang for ever. The returned function calls it off.
func (a *agent) watchdog() func() {
	timer := time.AfterFunc(a.timeout, func() {
		a.abort(fmt.Errorf("the node did not answer for %s", a.timeout))
	})
	return func() { timer.Stop() }
}

// tailBuffer keeps the end of what a command wrote to stderr. It is written by the
// command's copier only, and read after the command has ended.
type tailBuffer struct{ buf []byte }

// Write implements io.Writer.
func (t *tailBuffer) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - 512; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tailBuffer) suffix() string {
	if text := bytes.TrimSpace(t.buf); len(text) > 0 {
		return ": " + string(text)
	}
	return ""
}
