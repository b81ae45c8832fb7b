package cli

import (
	"context"
	"errors"
	"fmt"
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
