package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/iostreams"
)

func TestExitCode(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		err  error
		want int
	}{
		{"none", nil, 0},
		{"any", errors.New("x"), 1},
		{"usage", usageErrorf("x"), 2},
		{"bad name", fmt.Errorf("up: %w", &cluster.UsageError{Message: "x"}), 2},
		{"a status that was explained already", &exitStatus{exitNotRecovered}, 3},
		{"engine away", fmt.Errorf("up: %w", &cluster.NotReadyError{What: "x"}), 4},
		{"no cluster", &cluster.NotFoundError{Name: "x"}, 4},
		{"foreign cluster", &cluster.ForeignError{Name: "x"}, 1},
		{"another cluster", &cluster.DiffersError{Name: "x"}, 1},
		{"interrupted", fmt.Errorf("up: %w", context.Canceled), 130},
		{"a program that we ran, killed by the same Ctrl-C", errors.Join(fmt.Errorf("up: %w", &exec.ExitError{ProcessState: &os.ProcessState{}}), context.Canceled), 130},
		{"a program that we ran failed", fmt.Errorf("up: %w", &exec.ExitError{ProcessState: &os.ProcessState{}}), 1},
		{"it failed, and so did we", errors.Join(&exec.ExitError{ProcessState: &os.ProcessState{}}, &cluster.NotReadyError{What: "x"}), 4},
		{"interrupted, and the cleaning failed", errors.Join(context.Canceled, errors.New("x")), 130},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := exitCode(tc.err); got != tc.want {
				t.Errorf("exitCode = %d, want %d", got, tc.want)
			}
		})
	}
}

// Whoever presses Ctrl-C is told what could not be taken away.
func TestInterruptedIsShort(t *testing.T) {
	t.Parallel()
	left := fmt.Errorf("%w", &cluster.LeftError{Name: "x", Err: errors.New("the engine is away")})
	for _, tt := range []struct {
		err  error
		want string
	}{
		{context.Canceled, "firedrill: interrupted\n"},
		{errors.Join(context.Canceled, left), "run `firedrill down --name x` to try again): the engine is away"},
	} {
		streams, _, _, errOut := iostreams.Test()
		if code := reportError(streams, tt.err); code != exitInterrupted || !strings.Contains(errOut.String(), tt.want) {
			t.Errorf("code %d, said %q, want %q", code, errOut, tt.want)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"dwon"}, `unknown command "dwon" (did you mean down?)`},
		{[]string{"up", "--bogus"}, "unknown flag: --bogus"},
		{[]string{"up", "extra"}, "Usage: firedrill up"},
		{[]string{"up", "--workers", "-1"}, "--workers -1"},
		{[]string{"doctor", "-o", "xml"}, `--output "xml": use text or json`},
		{[]string{"ssh"}, "Usage: firedrill ssh"},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			t.Parallel()
			streams, _, out, errOut := iostreams.Test()
			if code := Main(t.Context(), tc.args, streams); code != exitUsage {
				t.Errorf("exit code = %d, want %d", code, exitUsage)
			}
			if !strings.Contains(errOut.String(), tc.want) || out.Len() > 0 {
				t.Errorf("stderr = %q, stdout = %q, want %q on stderr", errOut, out, tc.want)
			}
		})
	}
}
