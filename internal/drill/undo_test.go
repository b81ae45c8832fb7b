package drill

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// TestNoUndoIsLeft: a referee that was killed between the entry of a revert and the removal
// of its undo, or before the entry of an intent, leaves one, which may hold Secrets. One that
// is still needed stays.
func TestNoUndoIsLeft(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		verb    string
		pending bool
		phase   Phase
	}{
		"end":                {VerbEnd, false, PhaseFinished},
		"reset":              {VerbReset, false, PhasePreparing},
		"not taken back yet": {VerbEnd, true, PhaseEnding},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, strings.Replace(testScenario, "  steadyState:\n", withSetup, 1), Created{})
			e := w.engine()
			files := []string{"undo-setup-0.json", "undo-fault-0.json"}
			for _, file := range files {
				if err := w.store.WriteFile(run, file, []byte(`{"a":"secret"}`)); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.enter(t.Context(), PhaseChange{Phase: PhaseEnding, Detail: tt.verb}); err != nil {
				t.Fatal(err)
			}
			if tt.pending {
				if err := e.note(t.Context(), entryIntent, Intent{Kind: "patch", File: files[1], SHA256: "another"}); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.end(t.Context()); (err != nil) != tt.pending {
				t.Errorf("end: %v", err)
			}
			if r := w.run(); r.Phase != tt.phase {
				t.Errorf("phase %s, want %s", r.Phase, tt.phase)
			}
			for _, file := range files {
				if _, err := w.store.ReadFile(run, file); errors.Is(err, fs.ErrNotExist) == tt.pending {
					t.Errorf("%s: %v", file, err)
				}
			}
		})
	}
}
