package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/session"
)

// begunRun is a run that was only begun, and where its command line prints.
func begunRun(t *testing.T, created drill.Created) (f *Factory, r *openRun, out *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	streams, _, out, _ := iostreams.Test()
	f = NewFactory(streams)
	f.Getenv = func(key string) string { return map[string]string{"FIREDRILL_HOME": dir}[key] }
	journal, err := session.NewStore(filepath.Join(dir, "runs")).Create(created.Run)
	if err != nil {
		t.Fatal(err)
	}
	if err := drill.Begin(t.Context(), journal, created); err != nil {
		t.Fatal(err)
	}
	r, err = f.openRun(created.Run)
	if err != nil {
		t.Fatal(err)
	}
	return f, r, out
}

// cutLast takes the journal's last line away.
func (r *openRun) cutLast(t *testing.T) {
	t.Helper()
	path := filepath.Join(r.store.Dir(r.name()), session.JournalFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := bytes.LastIndexByte(bytes.TrimSpace(data), '\n') + 1
	if err := os.WriteFile(path, data[:cut], 0o600); err != nil {
		t.Fatal(err)
	}
}

func (r *openRun) removeSeal(t *testing.T) {
	t.Helper()
	if err := os.Remove(filepath.Join(r.store.Dir(r.name()), session.SealFile)); err != nil {
		t.Fatal(err)
	}
}

// TestWhatASealTells: what is done to the journal and the seal of a run that is over, and
// what is known of it then.
func TestWhatASealTells(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		edit func(*testing.T, *openRun)
		want string // printed, or the error
		bad  bool
	}{
		"untouched":       {func(*testing.T, *openRun) {}, "shop-aaaaa: the journal is whole, 4 entries, sealed\n", false},
		"end cut off":     {func(t *testing.T, r *openRun) { t.Helper(); r.cutLast(t) }, "its end was cut off", true},
		"seal taken away": {func(t *testing.T, r *openRun) { t.Helper(); r.removeSeal(t) }, "its seal is gone: it was edited", true},
		"a note follows it": {func(t *testing.T, r *openRun) {
			t.Helper()
			r.removeSeal(t)
			if err := drill.Tell(t.Context(), r.journal, drill.Update{Verb: drill.UpdateNote}); err != nil {
				t.Fatal(err)
			}
		}, "its seal is gone: it was edited", true},
		"both": {
			func(t *testing.T, r *openRun) { t.Helper(); r.removeSeal(t); r.cutLast(t) },
			"warning: not over, or cut off: no referee is at work on it, and its cluster is gone\n", false,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, r, out := begunRun(t, drill.Created{Run: "shop-aaaaa"})
			if err := drill.Abandon(t.Context(), r.journal, r.Run, "the cluster is gone"); err != nil {
				t.Fatal(err)
			}
			tt.edit(t, r)
			root := NewRoot(f)
			root.SetArgs([]string{"report", "shop-aaaaa", "--verify"})
			err := root.ExecuteContext(t.Context())
			switch {
			case !tt.bad && (err != nil || !strings.HasSuffix(out.String(), tt.want)):
				t.Errorf("%v, printed %q, want %q", err, out.String(), tt.want)
			case tt.bad && (err == nil || !strings.Contains(err.Error(), tt.want) || exitCode(err) != exitError || out.Len() > 0):
				t.Errorf("%v, printed %q, want the error %q", err, out.String(), tt.want)
			}
		})
	}
}

// TestARunUnderWayHasNoSeal: one that a referee holds is under way. A run that was begun by
// a version without seals may be over without one.
func TestARunUnderWayHasNoSeal(t *testing.T) {
	t.Parallel()
	f, r, _ := begunRun(t, drill.Created{Run: "shop-aaaaa"})
	v, err := f.verify(t.Context(), r)
	if err != nil || !v.Whole || v.Sealed || !strings.Contains(v.Warning, "not over, or cut off") {
		t.Errorf("no referee: %+v, %v", v, err)
	}
	release, err := r.store.Hold(t.Context(), r.name())
	if err != nil {
		t.Fatal(err)
	}
	if v, err = f.verify(t.Context(), r); err != nil || v.Sealed || v.Warning != "" {
		t.Errorf("a referee is at work: %+v, %v", v, err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	r.Phase, r.Seal = drill.PhaseFinished, 0
	if v, err = f.verify(t.Context(), r); err != nil || v.Sealed || v.Warning != "" {
		t.Errorf("of an earlier version: %+v, %v", v, err)
	}
	r.Seal = drill.SealVersion
	if v, err = f.verify(t.Context(), r); err == nil {
		t.Errorf("over and not sealed: %+v", v)
	}
}

// TestVerifyStartsNoReferee: it would finish a journal that was cut off, and seal it.
func TestVerifyStartsNoReferee(t *testing.T) {
	t.Parallel()
	f, r := pagedRun(t, "")
	f.startReferee = func(context.Context, *openRun) error {
		t.Error("a referee was started")
		return nil
	}
	root := NewRoot(f)
	root.SetArgs([]string{"report", r.name(), "--verify"})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
}
