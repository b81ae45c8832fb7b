package iostreams

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStatusInAPipe(t *testing.T) {
	t.Parallel()
	s, _, out, errOut := Test()
	status := s.NewStatus()
	status.Start("Preparing %s", "nodes")
	status.Update("not shown in a pipe")
	status.Start("Starting control-plane")
	status.Warn("slow disk")
	status.End(false)
	status.End(true) // nothing is under way
	status.Say("Done.\n")
	want := ` • Preparing nodes ...
 ✓ Preparing nodes
 • Starting control-plane ...
! slow disk
 ✗ Starting control-plane
Done.
`
	if diff := cmp.Diff(want, errOut.String()); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if out.Len() > 0 {
		t.Errorf("status went to Out: %q", out)
	}
}

// locked makes a buffer safe for the spinner's goroutine and the test's.
type locked struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestStatusOnATerminal(t *testing.T) {
	t.Parallel()
	s, _, _, _ := Test()
	screen := &locked{}
	s.Err = screen
	s.SetTerminal(true, true, true, true)
	status := s.NewStatus()
	status.Start("Working")
	deadline := time.Now().Add(10 * time.Second)
	for !strings.Contains(screen.String(), " Working") && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	status.End(true)
	ended := screen.String()
	if !strings.HasSuffix(ended, "\r\x1b[K \x1b[32m✓\x1b[0m Working\n") || !strings.Contains(ended, "⠈⠁ Working") {
		t.Errorf("screen = %q", ended)
	}
	time.Sleep(3 * frameEvery)
	if after := screen.String(); after != ended {
		t.Errorf("the spinner turns on after the end: %q", strings.TrimPrefix(after, ended))
	}
}

type closedPipe struct{ writes int }

func (c *closedPipe) Write([]byte) (int, error) {
	c.writes++
	return 0, errors.New("broken pipe")
}

func TestStatusOutlivesItsTerminal(t *testing.T) {
	t.Parallel()
	s, _, _, _ := Test()
	pipe := &closedPipe{}
	s.Err = pipe
	status := s.NewStatus()
	status.Start("Working")
	status.End(true)
	status.Say("done")
	if pipe.writes != 1 {
		t.Errorf("it wrote %d times to a terminal that is gone", pipe.writes)
	}
}

func TestPalette(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		tty, color bool
		want       string
	}{
		{"terminal", true, true, "\x1b[32mok\x1b[0m"},
		{"NO_COLOR", true, false, "ok"},
		{"pipe", false, true, "ok"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, _, _, _ := Test()
			s.SetTerminal(tc.tty, tc.tty, tc.tty, tc.color)
			if got := s.OutPalette().Green("ok"); got != tc.want {
				t.Errorf("Green = %q, want %q", got, tc.want)
			}
			if got := s.ErrPalette().Green(""); got != "" {
				t.Errorf("Green of nothing = %q", got)
			}
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		tty  bool
		want string
	}{
		{"terminal", true, "NAME       STATE\nlonger-né  \x1b[32mok\x1b[0m     yes\na          down\n"},
		{"pipe", false, "longer-né\tok\tyes\na\tdown\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, _, out, _ := Test()
			s.SetTerminal(tc.tty, tc.tty, tc.tty, true)
			table := s.NewTable("NAME", "STATE")
			table.Row("longer-né", s.OutPalette().Green("ok"), "yes")
			table.Row("a", "down")
			if err := table.Render(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, out.String()); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
		})
	}
}
