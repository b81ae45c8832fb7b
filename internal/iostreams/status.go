package iostreams

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"
)

const frameEvery = 100 * time.Millisecond

// Status shows what a command is doing, one line a step, as kind does: on a
// terminal a spinner that turns into a tick or a cross, elsewhere a line at the
// start of each step and one at its end. It is safe for concurrent use.
type Status struct {
	mu      sync.Mutex
	out     io.Writer
	palette Palette
	spin    bool
	text    string
	stop    chan struct{} // closed to stop the spinner; nil when none turns
}

// NewStatus returns a status that writes to Err.
func (s *IOStreams) NewStatus() *Status {
	return &Status{out: s.Err, palette: s.ErrPalette(), spin: s.errTTY}
}

// Start begins a step; a step under way ends as done.
func (s *Status) Start(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(true)
	s.text = fmt.Sprintf(format, args...)
	if !s.spin {
		s.write(" • %s ...\n", s.text)
		return
	}
	s.stop = make(chan struct{})
	go s.turn(s.stop)
}

// Update changes the text of the step under way, on a terminal only: elsewhere a
// line for each change would be noise.
func (s *Status) Update(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spin && s.text != "" {
		s.write("\r\x1b[K")
		s.text = fmt.Sprintf(format, args...)
	}
}

// End ends the step under way with a tick or a cross; without one it does nothing.
func (s *Status) End(ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(ok)
}

// Say writes one line between the steps; a step under way goes on.
func (s *Status) Say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	if s.stop != nil {
		s.write("\r\x1b[K%s\n", line)
		return
	}
	s.write("%s\n", line)
}

// Warn writes one line that needs attention.
func (s *Status) Warn(format string, args ...any) {
	s.Say("%s %s", s.palette.Yellow("!"), fmt.Sprintf(format, args...))
}

func (s *Status) end(ok bool) {
	if s.text == "" {
		return
	}
	if s.stop != nil {
		close(s.stop)
		s.stop = nil // the spinner draws under the mutex and sees that it is not its turn
		s.write("\r\x1b[K")
	}
	mark := s.palette.Green("✓")
	if !ok {
		mark = s.palette.Red("✗")
	}
	s.write(" %s %s\n", mark, s.text)
	s.text = ""
}

func (s *Status) turn(stop chan struct{}) {
	frames := []string{"⠈⠁", "⠈⠑", "⠈⠱", "⠈⡱", "⢀⡱", "⢄⡱", "⢆⡱", "⢎⡱", "⢎⡰", "⢎⡠", "⢎⡀", "⢎⠁", "⠎⠁", "⠊⠁"}
	// Without auto-wrap a long text cannot smear over two lines; the Windows
	// console does not take that sequence well (as kind found).
	format := "\x1b[?7l\r%s %s \x1b[?7h"
	if runtime.GOOS == "windows" {
		format = "\r%s %s "
	}
	tick := time.NewTicker(frameEvery)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-tick.C:
			s.mu.Lock()
			if s.stop == stop {
				s.write(format, frames[i%len(frames)], s.text)
			}
			s.mu.Unlock()
		}
	}
}

// write gives up for good when the terminal is gone: there is nobody left to
// tell, and the work goes on.
func (s *Status) write(format string, args ...any) {
	if _, err := fmt.Fprintf(s.out, format, args...); err != nil {
		s.out = io.Discard
	}
}
