//go:build !windows

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/firedrill/firedrill/internal/asciicast"
)

// lastOutput is how long output is waited for after the shell has ended: a process that
// it left behind may keep the terminal open for ever.
const lastOutput = time.Second

// endOfInput is what a terminal's line discipline takes for the end of the input.
const endOfInput = "\x04"

// canRecord tells whether a terminal can be recorded on this system.
func canRecord() error { return nil }

func (f *Factory) terminalSize() terminalSize {
	if file, ok := f.IO.Out.(*os.File); ok {
		if columns, rows, err := term.GetSize(int(file.Fd())); err == nil && columns > 0 && rows > 0 {
			return terminalSize{columns, rows}
		}
	}
	return terminalSize{defaultColumns, defaultRows}
}

// runInTerminal runs a command in a terminal of its own, joined to ours, and records
// what it shows.
func (f *Factory) runInTerminal(cmd *exec.Cmd, recorder *asciicast.Recorder, size terminalSize) error {
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(size.columns), Rows: uint16(size.rows)})
	if err != nil {
		return fmt.Errorf("open a terminal to record: %w", err)
	}
	if file, ok := f.IO.In.(*os.File); ok && f.IO.InIsTerminal() {
		defer f.IO.SaveTerminal()()
		if _, err := term.MakeRaw(int(file.Fd())); err != nil { // the inner terminal echoes
			return errors.Join(fmt.Errorf("open a terminal to record: %w", err), cmd.Process.Kill(), terminal.Close())
		}
	}
	stopResizing := f.followSize(terminal, recorder)
	defer stopResizing()
	go func() { // ends with this process: nothing ends a read of a terminal
		_, err := io.Copy(terminal, f.IO.In)
		if err == nil {
			_, err = terminal.WriteString(endOfInput)
		}
		f.Log.Debug("the shell's input ended", "error", err)
	}()
	shown := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.MultiWriter(recorder, f.IO.Out), terminal)
		shown <- err
	}()
	err = cmd.Wait()
	select {
	case showErr := <-shown:
		if showErr != nil && !errors.Is(showErr, syscall.EIO) { // how Linux says that nobody writes any more
			err = errors.Join(err, fmt.Errorf("show the shell: %w", showErr))
		}
	case <-time.After(lastOutput):
	}
	return errors.Join(err, terminal.Close())
}

// followSize gives the inner terminal the size of ours whenever that changes.
func (f *Factory) followSize(terminal *os.File, recorder *asciicast.Recorder) (stop func()) {
	changes := make(chan os.Signal, 1)
	signal.Notify(changes, syscall.SIGWINCH)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-changes:
				size := f.terminalSize()
				if err := pty.Setsize(terminal, &pty.Winsize{Cols: uint16(size.columns), Rows: uint16(size.rows)}); err == nil {
					recorder.Resize(size.columns, size.rows)
				}
			}
		}
	}()
	return func() {
		signal.Stop(changes)
		close(done)
	}
}
