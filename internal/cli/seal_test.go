package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/session"
)

// TestAFinishedRunIsSealed: the entry that ends a run seals its journal, and a report that
// verifies finds out when that entry is taken away again.
func TestAFinishedRunIsSealed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	streams, _, out, _ := iostreams.Test()
	f := NewFactory(streams)
	f.Getenv = func(key string) string { return map[string]string{"FIREDRILL_HOME": dir}[key] }
	journal, err := session.NewStore(filepath.Join(dir, "runs")).Create("shop-aaaaa")
	if err != nil {
		t.Fatal(err)
	}
	if err := drill.Begin(t.Context(), journal, drill.Created{Run: "shop-aaaaa"}); err != nil {
		t.Fatal(err)
	}
	r, err := f.openRun("shop-aaaaa")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.verifyJournal(r, outputText); err != nil || !strings.Contains(out.String(), "not sealed: the run is not over") {
		t.Errorf("under way: %v, %q", err, out.String())
	}
	if err := drill.Abandon(t.Context(), r.journal, r.Run, "the cluster is gone"); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := f.verifyJournal(r, outputText); err != nil || out.String() != "shop-aaaaa: the journal is whole, 4 entries, sealed\n" {
		t.Errorf("at the end: %v, %q", err, out.String())
	}
	path := filepath.Join(dir, "runs", "shop-aaaaa", session.JournalFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := bytes.LastIndexByte(bytes.TrimSpace(data), '\n') + 1
	if err := os.WriteFile(path, data[:cut], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.verifyJournal(r, outputJSON); err == nil || !strings.Contains(err.Error(), "its end was cut off") {
		t.Errorf("cut off: %v", err)
	}
}
