package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/wait"
)

// localNode runs the node's commands on this machine.
type localNode struct {
	mu   sync.Mutex
	down error                // refuses new streams
	kill []context.CancelFunc // ends the open ones
}

func (n *localNode) Stream(ctx context.Context, _ string, stdin io.Reader, stdout, stderr io.Writer, command ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n.mu.Lock()
	err := n.down
	n.kill = append(n.kill, cancel)
	n.mu.Unlock()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	return cmd.Run()
}

func (n *localNode) Run(ctx context.Context, _ string, command ...string) (string, error) {
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	return string(out), err
}

// cut ends every open stream, and refuses new ones when down is set.
func (n *localNode) cut(down error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, kill := range n.kill {
		kill()
	}
	n.kill, n.down = nil, down
}

// testLog is a log as the API server writes it: a line a write, renamed when full.
type testLog struct {
	t       *testing.T
	dir     string
	file    *os.File
	lines   int
	backups int
}

func newTestLog(t *testing.T) *testLog {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the agent's script runs in a Linux node")
	}
	l := &testLog{t: t, dir: t.TempDir()}
	l.open()
	return l
}

func (l *testLog) path() string { return filepath.Join(l.dir, "audit.log") }

func (l *testLog) open() {
	l.t.Helper()
	file, err := os.OpenFile(l.path(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		l.t.Fatal(err)
	}
	l.file = file
	l.t.Cleanup(func() {
		if err := file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			l.t.Error(err)
		}
	})
}

func (l *testLog) raw(text string) {
	l.t.Helper()
	if _, err := l.file.WriteString(text); err != nil {
		l.t.Error(err)
	}
}

// line is unique from its beginning on, and longer than a file's head.
func testLine(n int) string {
	return fmt.Sprintf("line %06d %s", n, strings.Repeat("x", 300+n%50))
}

func (l *testLog) write(n int) {
	l.t.Helper()
	for range n {
		l.raw(testLine(l.lines) + "\n")
		l.lines++
	}
}

func (l *testLog) rotate() {
	l.t.Helper()
	l.backups++
	if err := errors.Join(l.file.Close(), os.Rename(l.path(), l.backup(l.backups))); err != nil {
		l.t.Error(err)
	}
	l.open()
}

func (l *testLog) backup(n int) string {
	return filepath.Join(l.dir, fmt.Sprintf("audit-2026-11-23T12-00-00.%03d.log", n))
}

func (l *testLog) remove(backup int) {
	l.t.Helper()
	if err := os.Remove(l.backup(backup)); err != nil {
		l.t.Error(err)
	}
}

func (l *testLog) follower(n *localNode, status func(Status)) *Follower {
	return &Follower{
		Nodes: n, Node: "control-plane", Path: l.path(), Poll: time.Millisecond, Status: status,
		Backoff: wait.Backoff{Duration: time.Millisecond, Steps: 1},
	}
}

// follow collects lines from a cursor until want are there, and returns the place
// behind the last one.
func follow(t *testing.T, f *Follower, from Cursor, want int) ([]string, Cursor) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	enough := errors.New("enough")
	var got []string
	last := from
	if want == 0 {
		return nil, last
	}
	err := f.Follow(ctx, from, func(line []byte, next Cursor) error {
		got = append(got, string(line))
		last = next
		if len(got) == want {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatalf("after %d of %d lines: %v", len(got), want, err)
	}
	return got, last
}

func wantLines(from, to int) []string {
	var lines []string
	for n := from; n < to; n++ {
		lines = append(lines, testLine(n))
	}
	return lines
}

func TestFollowStartsAtTheEndAndResumes(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	f := log.follower(&localNode{}, nil)
	log.write(10)
	start, err := f.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log.write(5)
	got, at := follow(t, f, start, 3)
	if diff := cmp.Diff(wantLines(10, 13), got); diff != "" {
		t.Error(diff)
	}
	text, err := at.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var again Cursor
	if err := again.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	got, _ = follow(t, f, again, 2)
	if diff := cmp.Diff(wantLines(13, 15), got); diff != "" {
		t.Error(diff)
	}
}

func TestFollowOverRotationsWhileAway(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(*testLog){
		"one rotation": func(l *testLog) { l.write(3); l.rotate(); l.write(4) },
		"three rotations": func(l *testLog) {
			l.write(1)
			l.rotate()
			l.write(2)
			l.rotate()
			l.rotate()
			l.write(4)
		},
		"rotated at the cursor":   func(l *testLog) { l.rotate(); l.write(7) },
		"the oldest backup gone":  func(l *testLog) { l.rotate(); l.write(7); l.remove(1) },
		"a truncated line inside": func(l *testLog) { l.write(2); l.raw("line trunc"); l.rotate(); l.write(5) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newTestLog(t)
			f := log.follower(&localNode{}, nil)
			log.write(2)
			log.rotate()
			log.write(5)
			_, at := follow(t, f, Cursor{}, 7)
			away(log)
			got, _ := follow(t, f, at, 7)
			if diff := cmp.Diff(wantLines(7, 14), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFollowReportsWhatIsGone(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	var states []State
	f := log.follower(&localNode{}, func(s Status) { states = append(states, s.State) })
	log.write(4)
	_, at := follow(t, f, Cursor{}, 2)
	log.rotate()
	log.remove(1)
	log.write(3)
	got, _ := follow(t, f, at, 3)
	if diff := cmp.Diff(wantLines(4, 7), got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]State{StatusFollowing, StatusFollowing, StatusGap}, states); diff != "" {
		t.Error(diff)
	}
}

func TestFollowDoesNotBelieveAnInodeAlone(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	var gaps int
	f := log.follower(&localNode{}, func(s Status) {
		if s.State == StatusGap {
			gaps++
		}
	})
	log.write(2)
	_, at := follow(t, f, Cursor{}, 2)
	at.Head++ // as if the file had been deleted, and its inode used for a newer one
	log.write(1)
	got, _ := follow(t, f, at, 3)
	if diff := cmp.Diff(wantLines(0, 3), got); diff != "" {
		t.Error(diff)
	}
	if gaps != 1 {
		t.Errorf("reported %d gaps, want 1", gaps)
	}
}

func TestFollowWaitsForTheEndOfALine(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	f := log.follower(&localNode{}, nil)
	log.write(1)
	whole := testLine(1) + "\n"
	log.raw(whole[:20])
	start, err := f.Tail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(30*time.Millisecond, func() { log.raw(whole[20:]) })
	got, _ := follow(t, f, start, 1)
	if diff := cmp.Diff([]string{testLine(1)}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFollowSkipsALineBeyondAnySize(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	var skipped int
	f := log.follower(&localNode{}, func(s Status) {
		if s.State == StatusSkipped {
			skipped++
		}
	})
	log.write(1)
	log.raw(strings.Repeat("y", 2<<20) + "\n") // long, but a line
	log.raw(strings.Repeat("z", maxLineBytes+chunkBytes+1) + "\n")
	log.write(1)
	got, _ := follow(t, f, Cursor{}, 3)
	if got[0] != testLine(0) || len(got[1]) != 2<<20 || got[2] != testLine(1) {
		t.Errorf("got lines of %d, %d and %d bytes", len(got[0]), len(got[1]), len(got[2]))
	}
	if skipped != 1 {
		t.Errorf("reported %d skipped lines, want 1", skipped)
	}
}

func TestFollowKeepsItsPlaceWhileTheNodeIsAway(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	node := &localNode{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got []string
	var states []State
	lost := make(chan struct{})
	f := log.follower(node, func(s Status) {
		states = append(states, s.State)
		if s.State == StatusLost {
			close(lost)
		}
		if s.State == StatusFollowing && len(states) > 1 && s.Since.IsZero() {
			t.Error("did not say since when the node was away")
		}
	})
	log.write(3)
	enough := errors.New("enough")
	err := f.Follow(ctx, Cursor{}, func(line []byte, _ Cursor) error {
		got = append(got, string(line))
		switch len(got) {
		case 2:
			node.cut(errors.New("engine not running"))
			go func() {
				<-lost
				log.write(2)
				log.rotate()
				log.write(2)
				node.cut(nil)
			}()
		case 7:
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantLines(0, 7), got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]State{StatusFollowing, StatusLost, StatusFollowing}, states); diff != "" {
		t.Error(diff)
	}
}

// TestFollowNothingLostNothingTwice rotates every few lines, breaks the stream at
// random and starts again from the cursor, while lines are being written.
func TestFollowNothingLostNothingTwice(t *testing.T) {
	t.Parallel()
	const lines = 1000
	log := newTestLog(t)
	node := &localNode{}
	random := rand.New(rand.NewPCG(1, 2))
	var wg sync.WaitGroup
	wg.Go(func() {
		for log.lines < lines {
			log.write(1)
			if random.IntN(25) == 0 {
				log.rotate()
			}
			if random.IntN(10) == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	})
	f := log.follower(node, func(s Status) {
		if s.State == StatusGap || s.State == StatusSkipped {
			t.Errorf("%s: %v", s.State, s.Err)
		}
	})
	var got []string
	at, restart := Cursor{}, errors.New("restart")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // for a busy machine
	defer cancel()
	defer func() {
		if t.Failed() {
			t.Logf("emitted so far (-want +got):\n%.3000s", cmp.Diff(names(wantLines(0, lines)), names(got)))
		}
	}()
	for len(got) < lines {
		err := f.Follow(ctx, at, func(line []byte, next Cursor) error {
			got, at = append(got, string(line)), next
			switch {
			case len(got) == lines || len(got)%300 == 0:
				return restart
			case len(got)%70 == 0:
				node.cut(nil)
			}
			return nil
		})
		if !errors.Is(err, restart) {
			t.Fatalf("after %d lines: %v", len(got), err)
		}
	}
	wg.Wait()
	if diff := cmp.Diff(wantLines(0, lines), got); diff != "" {
		t.Errorf("lost or repeated (-want +got):\n%.2000s", diff)
	}
}

// names shortens test lines to what tells them apart.
func names(lines []string) []string {
	short := make([]string, len(lines))
	for i, line := range lines {
		short[i] = line[:len("line 000000")]
	}
	return short
}

func TestTailOfNoLogIsTheBeginning(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	f := log.follower(&localNode{}, nil)
	if err := os.Remove(log.path()); err != nil {
		t.Fatal(err)
	}
	got, err := f.Tail(t.Context())
	if err != nil || got != (Cursor{}) {
		t.Errorf("got %v, %v; want the zero cursor", got, err)
	}
}

// refusing is a node that does not answer at first.
type refusing struct {
	localNode
	times int
}

func (n *refusing) Stream(ctx context.Context, node string, stdin io.Reader, stdout, stderr io.Writer, command ...string) error {
	n.times--
	if n.times >= 0 {
		return errors.New("the engine is busy")
	}
	return n.localNode.Stream(ctx, node, stdin, stdout, stderr, command...)
}

func TestTailIsTriedAgain(t *testing.T) {
	t.Parallel()
	for times, wantErr := range map[int]bool{0: false, tailTries - 1: false, tailTries: true} {
		log := newTestLog(t)
		f := log.follower(&localNode{}, nil)
		f.Nodes = &refusing{times: times}
		_, err := f.Tail(t.Context())
		if (err != nil) != wantErr || wantErr && !strings.Contains(err.Error(), "the engine is busy") {
			t.Errorf("refused %d times: %v", times, err)
		}
	}
}

// What ends a connection that hangs is told as itself, not as a closed pipe.
func TestANodeThatHangsIsTold(t *testing.T) {
	t.Parallel()
	log := newTestLog(t)
	f := log.follower(&localNode{}, nil)
	f.Nodes, f.Timeout = hanging{}, 20*time.Millisecond
	if _, err := f.Tail(t.Context()); err == nil || !strings.Contains(err.Error(), "the node did not answer for 20ms") {
		t.Errorf("got %v", err)
	}
}

// hanging is a node that takes a connection and never answers.
type hanging struct{ Streamer }

func (hanging) Stream(ctx context.Context, _ string, _ io.Reader, _, _ io.Writer, _ ...string) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func TestParseCursor(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"v2.1.2.3", "v1.1.2", "v1.x.2.3", "v1.1.z.3", "v1.1.2.-3", "v1.1.2.x"} {
		if _, err := ParseCursor(bad); err == nil {
			t.Errorf("ParseCursor(%q) did not fail", bad)
		}
	}
	want := Cursor{Inode: 1 << 60, Head: 1<<64 - 1, Offset: 1 << 40}
	if got, err := ParseCursor(want.String()); err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if got, err := ParseCursor(""); err != nil || got != (Cursor{}) {
		t.Errorf("got %v, %v; want the zero cursor", got, err)
	}
}
