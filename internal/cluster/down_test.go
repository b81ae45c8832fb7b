package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDown(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	mustUp(t, f, Options{Workers: 2})
	existed, err := f.Down(t.Context(), DefaultName)
	if err != nil || !existed {
		t.Errorf("Down = %t, %v", existed, err)
	}
	nothingLeft(t, f)
	if f.engine.network {
		t.Error("kind's network, made for the cluster, is left")
	}
	existed, err = f.Down(t.Context(), DefaultName)
	if err != nil || existed {
		t.Errorf("Down again = %t, %v", existed, err)
	}
	var missing *NotFoundError
	if _, err := f.Get(t.Context(), DefaultName); !errors.As(err, &missing) {
		t.Errorf("Get = %v, want a *NotFoundError", err)
	}
}

func TestDownLeavesANetworkThatWasThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.engine.network = true
	mustUp(t, f, Options{})
	if _, err := f.Down(t.Context(), DefaultName); err != nil {
		t.Fatal(err)
	}
	if !f.engine.network {
		t.Error("the network is gone")
	}
}

// TestTheLastDownRemovesTheNetwork: one that a cluster of ours made goes with whichever cluster
// of ours goes last (the engine keeps it while a container is attached).
func TestTheLastDownRemovesTheNetwork(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		other string // the state of another cluster, whose network is there
		gone  bool
	}{
		{"made for another one", `{"version": 1, "name": "other", "networkCreated": true, "config": {"provider": "docker"}}`, true},
		{"there before another one", `{"version": 1, "name": "other", "config": {"provider": "docker"}}`, false},
		{"made on another engine", `{"version": 1, "name": "other", "networkCreated": true, "config": {"provider": "podman"}}`, false},
		{"not known", `{`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 1)
			f.engine.network = true
			write(t, statePath(f.home, "other"), tc.other)
			mustUp(t, f, Options{})
			if _, err := f.Down(t.Context(), DefaultName); err != nil {
				t.Fatal(err)
			}
			if f.engine.network == tc.gone {
				t.Errorf("the network is gone: %t, want %t", !f.engine.network, tc.gone)
			}
		})
	}
}

func TestDownRemovesWhatAKilledUpLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	killed := &state{Version: stateVersion, Name: DefaultName, ID: "killed", Phase: phaseCreating}
	if err := killed.save(f.home); err != nil {
		t.Fatal(err)
	}
	f.engine.containers = []container{{Name: "firedrill-worker", OwnerID: "killed"}}
	if existed, err := f.Down(t.Context(), DefaultName); err != nil || !existed {
		t.Errorf("Down = %t, %v", existed, err)
	}
	nothingLeft(t, f)
}

func TestBadNames(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	for _, name := range []string{"../x", "UP", "-a", "a-", "a b", strings.Repeat("a", 41)} {
		var usage *UsageError
		if _, _, err := f.Up(t.Context(), Options{Name: name}); !errors.As(err, &usage) {
			t.Errorf("Up(%q) = %v, want a *UsageError", name, err)
		}
		if _, err := f.Down(t.Context(), name); !errors.As(err, &usage) {
			t.Errorf("Down(%q) = %v, want a *UsageError", name, err)
		}
	}
	if _, err := os.Stat(f.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}

// TestAnotherEngine: a cluster that was made with another engine seems to be gone on this one.
// It is neither forgotten nor made anew.
func TestAnotherEngine(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	mustUp(t, f, Options{})
	there := f.engine.containers
	f.engine.name, f.engine.containers = "podman", nil
	_, _, up := f.Up(t.Context(), Options{Recreate: true})
	_, open := f.Open(DefaultName)
	_, down := f.Down(t.Context(), DefaultName)
	for what, err := range map[string]error{"up": up, "open": open, "down": down} {
		var not *NotReadyError
		if !errors.As(err, &not) || !strings.Contains(err.Error(), "made with docker") || !strings.Contains(err.Error(), "KIND_EXPERIMENTAL_PROVIDER=docker") {
			t.Errorf("%s: %v", what, err)
		}
	}
	f.engine.name, f.engine.containers = "", there
	if existed, err := f.Down(t.Context(), DefaultName); err != nil || !existed {
		t.Errorf("down on its own engine: %t, %v", existed, err)
	}
	nothingLeft(t, f)
}

// TestPodmanVolumes: kind makes the nodes' volumes itself on podman, and nobody else takes
// them away.
func TestPodmanVolumes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	script := "#!/bin/sh\necho \"$*\" >>" + calls + "\n[ \"$1 $2\" != 'volume ls' ] || echo volume-of-${5#label=}\n"
	if err := os.WriteFile(filepath.Join(dir, "podman"), []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	engine := &cliEngine{binary: filepath.Join(dir, "podman")}
	if err := engine.RemoveVolumes(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(calls)
	want := "volume ls --quiet --filter label=a\nvolume rm --force volume-of-a\nvolume ls --quiet --filter label=b\nvolume rm --force volume-of-b\n"
	if err != nil || string(got) != want {
		t.Errorf("%v: called\n%s", err, got)
	}
}

// TestVolumesOfNodesThatAreGone: those of every node that kind was to make are looked for.
func TestVolumesOfNodesThatAreGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	mustUp(t, f, Options{Workers: 2})
	f.engine.containers = f.engine.containers[:1]
	if _, err := f.Down(t.Context(), DefaultName); err != nil {
		t.Fatal(err)
	}
	if f.engine.called("volumes of firedrill-control-plane,firedrill-worker,firedrill-worker2") != 1 {
		t.Errorf("called: %v", f.engine.calls)
	}
}

// TestAnotherDaemon: a cluster on another engine of the same kind seems to be gone as well.
func TestAnotherDaemon(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	is := EngineInfo{Provider: "docker", ID: "a", Version: "28.0.1", CgroupVersion: "2", CPUs: 4, MemoryBytes: 8 << 30, OSType: "linux"}
	f.engine.info = func() (EngineInfo, error) { return is, nil }
	mustUp(t, f, Options{})
	there := f.engine.containers
	is.ID, f.engine.containers = "b", nil
	_, _, up := f.Up(t.Context(), Options{})
	_, down := f.Down(t.Context(), DefaultName)
	for what, err := range map[string]error{"up": up, "down": down} {
		var not *NotReadyError
		if !errors.As(err, &not) || !strings.Contains(err.Error(), "on another docker") {
			t.Errorf("%s: %v", what, err)
		}
	}
	f.engine.containers = there
	is.ID = "" // one that does not tell is taken for the same
	if existed, err := f.Down(t.Context(), DefaultName); err != nil || !existed {
		t.Errorf("down on its own engine: %t, %v", existed, err)
	}
	nothingLeft(t, f)
}
