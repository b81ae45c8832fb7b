package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/cluster"
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
	code, coded := codeOf(err)
	switch {
	case err == nil:
		return exitOK
	case coded:
		return code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	default:
		return exitError
	}
}

// codeOf finds the error that knows the process's exit code. That of a program that we ran,
// which errors.As would find as well, is not ours.
func codeOf(err error) (code int, found bool) {
	switch e := err.(type) { //nolint:errorlint // this is what walks the tree
	case *exec.ExitError:
		return 0, false
	case coder:
		return e.ExitCode(), true
	case interface{ Unwrap() error }:
		return codeOf(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			if code, found := codeOf(part); found {
				return code, true
			}
		}
	}
	return 0, false
}

// reportError prints the error for the user and returns the exit code.
func reportError(streams *iostreams.IOStreams, err error) int {
	code := exitCode(err)
	var (
		silent  *exitStatus
		left    *cluster.LeftError
		leftRun *leftError
	)
	switch {
	case err == nil || errors.As(err, &silent):
	case code == exitInterrupted && !errors.As(err, &left) && !errors.As(err, &leftRun):
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
