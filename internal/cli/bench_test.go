package cli

import (
	"slices"
	"testing"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
)

// What a script of prove does on a node is recorded for its own run, whatever others are
// under way beside it.
func TestAProvenScriptKnowsItsRun(t *testing.T) {
	t.Parallel()
	f, open := pagedRun(t, "")
	b := &bench{f: f, cluster: madeCluster(t, f, cluster.DefaultName, "c1")}
	folder, err := loadFolder(drill.Created{Scenario: "oomkilled", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	env, err := (&benchRun{bench: b, openRun: open}).env(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FIREDRILL_RUN=" + open.name(), "FIREDRILL_CLUSTER=" + cluster.DefaultName} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is not in the environment", want)
		}
	}
}
