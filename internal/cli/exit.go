package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/report"
)

// The process's exit codes. Scripts rely on them: docs/cli.md.
const (
	exitOK           = 0   // passed
	exitError        = 1   // the tool failed
	exitUsage        = 2   // wrong usage, or an invalid scenario
	exitNotRecovered = 3   // the drill ended without a recovery
	exitNotReady     = 4   // this machine or its cluster cannot run a drill
	exitInterrupted  = 130 // Ctrl-C: 128 + SIGINT
)

// coder is an error that knows the process's exit code.
type coder interface{ ExitCode() int }

// exitCode maps an error to the process's exit code. An error with a method
// ExitCode() int says it itself.
func exitCode(err error) int {
	var coded coder
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.ExitCode()
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	default:
		return exitError
	}
}

// reportError prints the error for the user and returns the exit code.
func reportError(streams *iostreams.IOStreams, err error) int {
	code := exitCode(err)
	var silent *exitStatus
	switch {
	case err == nil || errors.As(err, &silent):
	case code == exitInterrupted:
		// Nobody is left to tell when Err is gone: the exit code says it.
		if werr := write(streams.Err, "firedrill: interrupted\n"); werr != nil {
			return code
		}
	default:
		if werr := write(streams.Err, "%s %s\n", streams.ErrPalette().Red("firedrill:"), report.Harmless(err.Error())); werr != nil {
			return code
		}
	}
	return code
}

// exitStatus ends the process with a code; what there is to say has been said.
type exitStatus struct{ code int }

func (e *exitStatus) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// ExitCode is part of coder.
func (e *exitStatus) ExitCode() int { return e.code }

// usageError is a command that was written wrongly.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func (e *usageError) Unwrap() error { return e.err }

// ExitCode is part of coder.
func (e *usageError) ExitCode() int { return exitUsage }

func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

func asUsageError(cmd *cobra.Command, err error) error {
	var already *usageError
	if errors.As(err, &already) {
		return err
	}
	return usageErrorf("%w\nUsage: %s", err, cmd.UseLine())
}
