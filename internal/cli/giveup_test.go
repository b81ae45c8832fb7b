package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/iostreams"
)

// testFactory is a command line with a home of its own, and no referees.
func testFactory(t *testing.T) *Factory {
	t.Helper()
	streams, _, _, _ := iostreams.Test()
	dir := t.TempDir()
	f := NewFactory(streams)
	f.ClusterName = cluster.DefaultName
	f.Getenv = func(key string) string { return map[string]string{"FIREDRILL_HOME": dir}[key] }
	f.startReferee = func(context.Context, *openRun) error { return nil }
	return f
}

// madeCluster keeps a cluster of that name in the home, as up leaves it, and opens it.
func madeCluster(t *testing.T, f *Factory, name, id string) *cluster.Cluster {
	t.Helper()
	h, err := f.Home()
	if err != nil {
		t.Fatal(err)
	}
	state := `{"version": 1, "name": "` + name + `", "id": "` + id + `", "phase": "ready", "config": {"provider": "docker", "workers": 4, "image": "i"}}`
	if err := home.WriteFile(filepath.Join(h.Cluster(name), "state.json"), []byte(state), home.FilePerm); err != nil {
		t.Fatal(err)
	}
	m, err := f.Clusters(t.Context(), f.IO.NewStatus())
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// underWay names the runs that are not finished.
func underWay(t *testing.T, f *Factory) []string {
	t.Helper()
	store, err := f.store()
	if err != nil {
		t.Fatal(err)
	}
	open, err := unfinished(store)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range open {
		names = append(names, r.Created.Run)
	}
	return names
}

// A start that is interrupted, or fails, while its referee begins leaves no run under way:
// not when the referee never got hold of it, and not when it did in the end.
func TestAStartThatIsGivenUpEndsItsRun(t *testing.T) {
	t.Parallel()
	for name, begun := range map[string]bool{"before the referee holds it": false, "as the referee holds it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := testFactory(t)
			c := madeCluster(t, f, cluster.DefaultName, "c1")
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			ended := make(chan error, 1)
			f.startReferee = func(ctx context.Context, r *openRun) error {
				if begun {
					name := r.name() // r is the starter's own
					release, err := r.store.Hold(t.Context(), name)
					if err != nil {
						return err
					}
					go func() { ended <- errors.Join(obedient(t.Context(), f, name), release()) }()
				} else {
					ended <- nil
				}
				interrupt()
				return context.Cause(ctx)
			}
			created := drill.Created{Scenario: "oomkilled", Seed: 1, Version: "test"}
			folder, err := loadFolder(created)
			if err != nil {
				t.Fatal(err)
			}
			r, err := f.startOn(ctx, c, folder, created, "https://hooks.example/secret")
			if r != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("startOn = %v, %v, want the interrupt", r, err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if names := underWay(t, f); len(names) > 0 {
				t.Errorf("still under way: %v", names)
			}
		})
	}
}

// obedient is a referee that ends its run when it is asked to.
func obedient(ctx context.Context, f *Factory, name string) error {
	r, err := f.openRun(name)
	if err != nil {
		return err
	}
	if err := r.store.WriteFile(name, refereePID, []byte("1\n")); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	stop := errors.New("asked")
	err = r.journal.Follow(ctx, 0, r.Apply, func() error {
		if len(r.Asked) > 0 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		return err
	}
	return drill.Abandon(ctx, r.journal, r.Run, "it was asked")
}

// A referee may have made things: only the next one can take them away.
func TestARunThatWasBegunIsNotJustFinished(t *testing.T) {
	t.Parallel()
	f, r := pagedRun(t, "")
	if err := r.store.WriteFile(r.name(), refereePID, []byte("1\n")); err != nil {
		t.Fatal(err)
	}
	if ended, err := r.endUnbegun(t.Context()); ended || err != nil {
		t.Errorf("endUnbegun = %t, %v of a run that a referee has worked on", ended, err)
	}
	if names := underWay(t, f); len(names) != 1 {
		t.Errorf("under way: %v", names)
	}
	if err := os.Remove(filepath.Join(r.store.Dir(r.name()), refereePID)); err != nil {
		t.Fatal(err)
	}
	if ended, err := r.endUnbegun(t.Context()); !ended || err != nil {
		t.Errorf("endUnbegun = %t, %v", ended, err)
	}
}
