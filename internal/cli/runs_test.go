package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
)

// TestARunThatIsForgotten: a proof removes its runs while others list them.
func TestARunThatIsForgotten(t *testing.T) {
	t.Parallel()
	f := testFactory(t)
	store, err := f.store()
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []string{"shop-aaaaa", "shop-bbbbb", "shop-ccccc"} {
		beginRun(t, f, drill.Created{Run: run, ClusterID: "c1"})
	}
	listed, err := store.List()
	if err != nil || len(listed) != 3 {
		t.Fatalf("listed %q, %v", listed, err)
	}
	if err := store.Remove("shop-bbbbb"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store.Dir("shop-ccccc"), session.JournalFile), []byte("{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	runs := readThose(store, listed)
	if len(runs) != 2 || runs[0].name != "shop-aaaaa" || runs[1].name != "shop-ccccc" || runs[1].damage == nil {
		t.Errorf("read %d runs of one that is whole, one that is gone and one that is damaged: %+v", len(runs), runs)
	}
}
