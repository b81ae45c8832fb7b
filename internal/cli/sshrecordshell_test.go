package cli

import (
	"context"
	"io"
	"strings"
	"testing"
)

// silentNode is a node in which nobody types.
type silentNode struct{}

func (silentNode) Stream(context.Context, string, io.Reader, io.Writer, io.Writer, ...string) error {
	return nil
}

// TestAShellByName: a shell that reads what is typed is recorded as the login shell is.
func TestAShellByName(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]bool{
		"": true, "bash": true, "sh": true, "/bin/bash -l": true, "bash -i": true, "bash --login -i": true, "bash -il": true, "sh -s": true,
		"bash -c reboot": false, "bash script.sh": false, "sh -x": false, "bash --rcfile f": false, "bash -s a": false, "python3": false, "ls -l": false,
	} {
		if got := isShell(strings.Fields(command)); got != want {
			t.Errorf("%q: %v", command, got)
		}
	}
	f, r := pagedRun(t, "")
	s := &runRecorder{run: r, nodes: silentNode{}}
	run, err := s.Started(t.Context(), "w1", []string{"bash"})
	if err != nil || len(run) < 3 || run[2] != typedShell {
		t.Errorf("it runs %q, %v", run, err)
	}
	s.typing.stop()
	if r, err = f.openRun(r.name()); err != nil {
		t.Fatal(err)
	}
	if e := r.Events[0]; e.Writes || e.Text != "opened a shell on node w1" {
		t.Errorf("told as %+v", e)
	}
}
