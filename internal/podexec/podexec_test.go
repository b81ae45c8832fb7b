package podexec

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	utilexec "k8s.io/client-go/util/exec"

	"github.com/firedrill/firedrill/verifier"
)

func TestEnded(t *testing.T) {
	t.Parallel()
	away := errors.New("dial tcp: connection refused")
	tests := []struct {
		name   string
		err    error
		code   int // of an ExecError; 0: the error is as it was
		stderr string
	}{
		{name: "well", err: nil},
		{name: "failed", err: utilexec.CodeExitError{Err: errors.New("command terminated with exit code 2"), Code: 2}, code: 2, stderr: "psql: no"},
		{name: "no such command", err: errors.New(`OCI runtime exec failed: exec: "sh": executable file not found in $PATH`), code: 127, stderr: "no such command"},
		{name: "not run", err: away},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := ended(tt.err, "psql: no\n")
			var failed *verifier.ExecError
			if errors.As(err, &failed) != (tt.code != 0) {
				t.Fatalf("got %v", err)
			}
			if tt.code == 0 {
				if !errors.Is(err, tt.err) {
					t.Errorf("got %v, want %v", err, tt.err)
				}
				return
			}
			if failed.Code != tt.code || !strings.Contains(failed.Stderr, tt.stderr) {
				t.Errorf("got %+v", failed)
			}
		})
	}
}

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	var l limited
	for range 3 {
		if n, err := l.Write(make([]byte, outputLimit)); n != outputLimit || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	if l.Len() != outputLimit {
		t.Errorf("%d bytes kept", l.Len())
	}
}

// A stream that ends too early tells no error of its own: what it lacks is its end.
func TestWhole(t *testing.T) {
	t.Parallel()
	for out, want := range map[string]string{
		"1800|abc\n" + endOfOutput: "1800|abc\n", endOfOutput: "", "x" + endOfOutput + endOfOutput: "x" + endOfOutput,
	} {
		if got, err := whole(out); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", out, got, err, want)
		}
	}
	for _, out := range []string{"", "1800|ab", "1800|abc\n", "1800|abc\nfiredrill-output-en", endOfOutput + "\n"} {
		if got, err := whole(out); err == nil || !strings.Contains(err.Error(), "broke off") {
			t.Errorf("%q passed as %q, %v", out, got, err)
		}
	}
}

// The shell keeps what the command is about: its output, its exit code and its arguments.
func TestMarked(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell, as a pod has one")
	}
	run := func(command ...string) (string, int) {
		cmd := exec.Command("sh", append([]string{"-c", marked, "sh"}, command...)...)
		out, err := cmd.Output()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	if out, code := run("printf", "%s|", "a b", "$c", "'"); out != "a b|$c|'|"+endOfOutput || code != 0 {
		t.Errorf("%q, %d", out, code)
	}
	if out, code := run("sh", "-c", "echo half; exit 3"); out != "half\n" || code != 3 {
		t.Errorf("%q, %d", out, code)
	}
	if out, code := run("no-such-program-at-all"); out != "" || code != notFound {
		t.Errorf("%q, %d", out, code)
	}
}
