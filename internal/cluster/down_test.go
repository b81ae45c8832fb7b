package cluster

import (
	"errors"
	"io/fs"
	"os"
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
