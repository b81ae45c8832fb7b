package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
)

// beginRun opens a run's journal as start does.
func beginRun(t *testing.T, f *Factory, created drill.Created) {
	t.Helper()
	store, err := f.store()
	if err != nil {
		t.Fatal(err)
	}
	journal, err := store.Create(created.Run)
	if err != nil {
		t.Fatal(err)
	}
	created.Scenario, created.TimeLimit = "oomkilled", time.Minute
	if err := drill.Begin(t.Context(), journal, created); err != nil {
		t.Fatal(err)
	}
}

// The runs of a cluster that was removed, or made anew, are over; all others go on.
func TestRunsOfAClusterThatIsGoneAreOver(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		there string // ID of the cluster that is there now
		want  []string
	}{
		"removed":     {"", []string{"shop-other"}},
		"made anew":   {"c2", []string{"shop-bbbbb", "shop-other"}},
		"still there": {"c1", []string{"shop-aaaaa", "shop-other"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := testFactory(t)
			beginRun(t, f, drill.Created{Run: "shop-aaaaa", Cluster: cluster.DefaultName, ClusterID: "c1"})
			beginRun(t, f, drill.Created{Run: "shop-bbbbb", Cluster: cluster.DefaultName, ClusterID: "c2"})
			beginRun(t, f, drill.Created{Run: "shop-other", Cluster: "another", ClusterID: "c3"})
			if tc.there != "" {
				madeCluster(t, f, cluster.DefaultName, tc.there)
			}
			if err := f.abandonRuns(t.Context(), f.IO.NewStatus()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, underWay(t, f)); diff != "" {
				t.Errorf("under way (-want +got):\n%s", diff)
			}
			for _, run := range []string{"shop-aaaaa", "shop-bbbbb"} {
				r, err := f.openRun(run)
				if err != nil {
					t.Fatal(err)
				}
				if r.Phase == drill.PhaseFinished {
					if v, err := r.journal.Verify(); err != nil || !v.Sealed {
						t.Errorf("%s: %+v, %v, want a sealed journal", run, v, err)
					}
				}
			}
		})
	}
}
