package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/home"
)

// TestVerbsStartADeadReferee: a referee that died is started again by every verb that finds
// its run under way, and what the verb does is done when none can be.
func TestVerbsStartADeadReferee(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"status"},
		{"hint"},
		{"report"},
		{"kubeconfig"},
		{"shell"},
		{"ack"},
		{"note", "looking"},
		{"severity", "SEV2", "--reason", "it hurts"},
		{"diagnose", "--options"},
		{"resolve", "--done", "x", "--kind", "fix"},
	} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			f, r := pagedRun(t, "")
			if err := home.WriteFile(filepath.Join(r.store.Dir(r.name()), traineeKubeconfig), []byte("{}"), home.FilePerm); err != nil {
				t.Fatal(err)
			}
			started := 0
			f.startReferee = func(context.Context, *openRun) error {
				started++
				return errors.New("the cluster is asleep")
			}
			errOut := new(strings.Builder)
			f.IO.Err = errOut
			root := NewRoot(f)
			root.SetArgs(args)
			if err := root.ExecuteContext(t.Context()); err != nil {
				t.Errorf("%v: %v", args, err)
			}
			if started != 1 || !strings.Contains(errOut.String(), "no referee is watching: the cluster is asleep") {
				t.Errorf("%d referees were started; said: %s", started, errOut)
			}
		})
	}
}

// A run that is over needs no referee.
func TestVerbsLeaveAFinishedRunAlone(t *testing.T) {
	t.Parallel()
	f, r := pagedRun(t, "")
	if err := r.abandon(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.startReferee = func(context.Context, *openRun) error {
		t.Error("a referee was started")
		return os.ErrClosed
	}
	root := NewRoot(f)
	root.SetArgs([]string{"report", r.name()})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
}
