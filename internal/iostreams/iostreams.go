// Package iostreams holds the three streams a command talks through, what is known
// of the terminal behind them, and how status lines, colours and tables look on it.
// Data goes to Out, everything said to the user goes to Err.
package iostreams

import (
	"bytes"
	"io"
	"os"

	"golang.org/x/term"
)

const defaultWidth = 80

// IOStreams are a command's streams.
type IOStreams struct {
	In  io.Reader
	Out io.Writer // data only
	Err io.Writer // status, warnings, errors

	inTTY, outTTY, errTTY bool
	color                 bool
	width                 func() int
}

// System returns the streams of this process. Colours are on when Err is a
// terminal, unless NO_COLOR is set (https://no-color.org) or TERM is "dumb".
func System() *IOStreams {
	s := &IOStreams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		inTTY:  isTerminal(os.Stdin),
		outTTY: isTerminal(os.Stdout),
		errTTY: isTerminal(os.Stderr),
		width:  terminalWidth,
	}
	smart := os.Getenv("TERM") != "dumb"
	if !smart {
		s.errTTY = false // no spinner: the terminal cannot rewrite a line
	}
	s.color = smart && os.Getenv("NO_COLOR") == ""
	return s
}

// Discard returns streams that read nothing and keep nothing.
func Discard() *IOStreams {
	return &IOStreams{In: bytes.NewReader(nil), Out: io.Discard, Err: io.Discard, width: func() int { return defaultWidth }}
}

// Test returns streams that are no terminals, with the buffers behind them.
func Test() (s *IOStreams, in, out, errOut *bytes.Buffer) {
	in, out, errOut = &bytes.Buffer{}, &bytes.Buffer{}, &bytes.Buffer{}
	s = &IOStreams{In: in, Out: out, Err: errOut, width: func() int { return defaultWidth }}
	return s, in, out, errOut
}

// SetTerminal overrides what is known of the terminal: for tests, and for a
// command that must not use it.
func (s *IOStreams) SetTerminal(in, out, errOut, color bool) {
	s.inTTY, s.outTTY, s.errTTY, s.color = in, out, errOut, color
}

// InIsTerminal tells whether a person types the input.
func (s *IOStreams) InIsTerminal() bool { return s.inTTY }

// OutIsTerminal tells whether a person reads the data.
func (s *IOStreams) OutIsTerminal() bool { return s.outTTY }

// ErrIsTerminal tells whether a person reads the status lines, on a terminal that
// can rewrite a line.
func (s *IOStreams) ErrIsTerminal() bool { return s.errTTY }

// Width is the terminal's width in columns, 80 when it is not known.
func (s *IOStreams) Width() int {
	if s.width == nil {
		return defaultWidth
	}
	return s.width()
}

// SaveTerminal remembers the terminal's mode and returns a function that brings it
// back. It does nothing where the input is no terminal.
func (s *IOStreams) SaveTerminal() (restore func()) {
	file, ok := s.In.(*os.File)
	if !ok || !s.inTTY {
		return func() {}
	}
	mode, err := term.GetState(int(file.Fd()))
	if err != nil {
		return func() {}
	}
	return func() {
		// Nothing is left to be done for a terminal that is gone.
		if err := term.Restore(int(file.Fd()), mode); err != nil {
			s.inTTY = false
		}
	}
}

func isTerminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd()))
}

func terminalWidth() int {
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return defaultWidth
}
