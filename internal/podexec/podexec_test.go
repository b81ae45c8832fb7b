package podexec

import (
	"errors"
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
