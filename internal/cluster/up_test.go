package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

func mustUp(t *testing.T, f *fixture, options Options) (*Cluster, bool) {
	t.Helper()
	c, reused, err := f.Up(t.Context(), options)
	if err != nil {
		t.Fatalf("Up: %v", err)
	}
	return c, reused
}

// nothingLeft fails the test when a container or a file is left.
func nothingLeft(t *testing.T, f *fixture) {
	t.Helper()
	if n := f.engine.count(); n != 0 {
		t.Errorf("%d containers are left", n)
	}
	err := filepath.WalkDir(f.dir, func(path string, _ fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		t.Errorf("left behind: %s", path)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestUpMakesACluster(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	f.engine.create = func(e *fakeEngine, name string, config *v1alpha4.Cluster, kubeconfig string) error {
		s, err := loadState(f.home, name)
		if err != nil || s == nil || s.Phase != phaseCreating || s.ID == "" {
			t.Errorf("state when kind begins = %+v, %v: want the intent", s, err)
		}
		return e.provision(name, config, kubeconfig)
	}
	c, reused := mustUp(t, f, Options{Workers: 2})
	if reused {
		t.Error("a new cluster is said to be reused")
	}
	if c.Name() != DefaultName {
		t.Errorf("name = %q", c.Name())
	}
	apply := "firedrill-control-plane0 kubectl --kubeconfig=/etc/kubernetes/admin.conf apply --server-side -f /etc/firedrill/addons"
	if n := f.engine.called(apply); n != 1 {
		t.Errorf("the addons were applied %d times, want once; calls: %q", n, f.engine.calls)
	}
	if _, err := os.Stat(filepath.Join(nodeDir(f.home, c.Name(), c.ID()), "addons", "metrics-server.yaml")); err != nil {
		t.Errorf("the nodes do not see the addons: %v", err)
	}
	got, err := f.Get(t.Context(), DefaultName)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	if got.ID() != c.ID() || got.Fingerprint() == "" {
		t.Errorf("Get = %s %s, want %s", got.ID(), got.Fingerprint(), c.ID())
	}
	config, err := got.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	if string(config.CertData) != "certificate" || config.Host != "https://127.0.0.1:1" {
		t.Errorf("the referee's access = %+v", config)
	}
	infos, err := got.Nodes(t.Context())
	if err != nil || len(infos) != 3 || infos[0].Role != RoleControlPlane {
		t.Errorf("Nodes = %v, %v", infos, err)
	}
}

func TestUpReusesAHealthyCluster(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	first, _ := mustUp(t, f, Options{Workers: 2})
	second, reused := mustUp(t, f, Options{Workers: 2})
	if !reused || second.ID() != first.ID() || f.engine.called("create") != 1 {
		t.Errorf("reused = %t, same = %t, created %d times", reused, second.ID() == first.ID(), f.engine.called("create"))
	}
}

// The image is pulled by the first up: the second one finds it here, and it is the same.
func TestUpReusesAClusterWhoseImageWasPulled(t *testing.T) {
	t.Parallel()
	const ref = "kindest/node:v1.36.0"
	for name, registry := range map[string]map[string]string{
		"the engine names it":         {ref: "sha256:2222"},
		"the engine does not name it": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 3)
			f.engine.images, f.engine.registry = map[string]string{}, registry
			options := Options{Workers: 2, Image: ref}
			first, _ := mustUp(t, f, options)
			if got := first.state.Config.ImageID; got != registry[ref] {
				t.Errorf("image ID %q is kept, want %q", got, registry[ref])
			}
			f.engine.images[ref] = "sha256:2222" // however late it is known
			second, reused := mustUp(t, f, options)
			if !reused || second.ID() != first.ID() {
				t.Errorf("reused = %t", reused)
			}
		})
	}
}

// An image that was built anew since is another one.
func TestUpOfAnImageThatWasBuiltAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	mustUp(t, f, Options{Workers: 2})
	f.engine.images[LocalImage] = "sha256:3333"
	var differs *DiffersError
	if _, _, err := f.Up(t.Context(), Options{Workers: 2}); !errors.As(err, &differs) {
		t.Errorf("Up = %v, want a *DiffersError", err)
	}
}

// After a reboot a drill takes the cluster that is there, whatever it was made from.
func TestUpAsItIs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 5)
	f.engine.images["mine"] = "sha256:4444"
	first, _ := mustUp(t, f, Options{Workers: 4, Image: "mine"})
	f.engine.images["mine"] = "sha256:5555"
	for i := range f.engine.containers {
		f.engine.containers[i].Running = false
	}
	second, reused := mustUp(t, f, Options{Workers: 2, AsItIs: true})
	if !reused || second.ID() != first.ID() || f.engine.called("start") != 1 {
		t.Errorf("reused = %t, started %d times", reused, f.engine.called("start"))
	}
	f.engine.containers = nil // removed by hand: made anew, as large as it was
	f.client = newClient(readyObjects(5)...)
	third, reused := mustUp(t, f, Options{Workers: 2, AsItIs: true})
	if reused || third.state.Config.Workers != 4 || third.state.Config.Image != "mine" || f.engine.count() != 5 {
		t.Errorf("made anew: reused = %t, %+v, %d containers", reused, third.state.Config, f.engine.count())
	}
	var differs *DiffersError
	if _, _, err := f.Up(t.Context(), Options{Workers: 2}); !errors.As(err, &differs) {
		t.Errorf("Up of two workers = %v, want a *DiffersError", err)
	}
}

func TestUpAsItIsWhereNothingIs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	if c, reused := mustUp(t, f, Options{Workers: 2, AsItIs: true}); reused || c.state.Config.Workers != 2 {
		t.Errorf("reused = %t, %d workers", reused, c.state.Config.Workers)
	}
}

func TestUpStartsStoppedNodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	mustUp(t, f, Options{})
	f.engine.containers[0].Running = false
	if _, reused := mustUp(t, f, Options{}); !reused || f.engine.called("start") != 1 {
		t.Errorf("reused = %t, started %d times", reused, f.engine.called("start"))
	}
}

func TestUpOfADifferentCluster(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	first, _ := mustUp(t, f, Options{Workers: 2})
	_, _, err := f.Up(t.Context(), Options{Workers: 1})
	var differs *DiffersError
	if !errors.As(err, &differs) {
		t.Fatalf("Up with other workers = %v, want a *DiffersError", err)
	}
	if diff := cmp.Diff([]string{"workers: it has 2, wanted is 1"}, differs.Differences); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	f.client = newClient(readyObjects(2)...)
	second, reused := mustUp(t, f, Options{Workers: 1, Recreate: true})
	if reused || second.ID() == first.ID() || f.engine.count() != 2 {
		t.Errorf("recreate: reused = %t, %d containers", reused, f.engine.count())
	}
}

func TestUpRefusesAForeignCluster(t *testing.T) {
	t.Parallel()
	foreign := container{Name: "firedrill-control-plane", Role: RoleControlPlane, Running: true}
	other := container{Name: "firedrill-control-plane", OwnerID: "other", Source: "/home/other/clusters/firedrill/node-other"}
	for _, tc := range []struct {
		name  string
		node  container
		state *state
	}{
		{"made by kind alone", foreign, nil},
		{"made by kind alone, after an up that was cut short", foreign, &state{Version: stateVersion, Name: DefaultName, ID: "mine", Phase: phaseCreating}},
		{"of another home folder", other, nil},
		{"of another home folder, where we had one", other, &state{Version: stateVersion, Name: DefaultName, ID: "mine", Phase: phaseReady}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 3)
			f.engine.containers = []container{tc.node}
			if tc.state != nil {
				if err := tc.state.save(f.home); err != nil {
					t.Fatal(err)
				}
			}
			var refused *ForeignError
			if _, _, err := f.Up(t.Context(), Options{Workers: 2, Recreate: true}); !errors.As(err, &refused) {
				t.Errorf("Up = %v, want a *ForeignError", err)
			}
			if _, err := f.Down(t.Context(), DefaultName); !errors.As(err, &refused) {
				t.Errorf("Down = %v, want a *ForeignError", err)
			}
			if f.engine.count() != 1 || len(f.engine.calls) != 0 || len(f.client.Actions()) != 0 {
				t.Errorf("touched it: %v, %v", f.engine.calls, f.client.Actions())
			}
		})
	}
}

func TestUpAfterAKilledUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	killed := &state{Version: stateVersion, Name: DefaultName, ID: "killed", Phase: phaseCreating}
	if err := killed.save(f.home); err != nil {
		t.Fatal(err)
	}
	f.engine.containers = []container{{Name: "firedrill-worker", OwnerID: "killed", Source: "/host_mnt/elsewhere/node-killed"}}
	c, reused := mustUp(t, f, Options{Workers: 2})
	if reused || c.ID() == "killed" || f.engine.count() != 3 {
		t.Errorf("reused = %t, ID %s, %d containers", reused, c.ID(), f.engine.count())
	}
	if !strings.Contains(f.errOut.String(), "was cut short") {
		t.Errorf("it does not say why:\n%s", f.errOut)
	}
}

func TestUpRemovesOrphansOfThisHome(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	f.engine.containers = []container{{Name: "firedrill-worker", OwnerID: "lost", Source: nodeDir(f.home, DefaultName, "lost")}}
	mustUp(t, f, Options{Workers: 2})
	if f.engine.count() != 3 {
		t.Errorf("%d containers", f.engine.count())
	}
}

func TestUpOfAnUnhealthyCluster(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	f.limits.revive = 3 * time.Second
	first, _ := mustUp(t, f, Options{Workers: 2})
	node, err := f.client.CoreV1().Nodes().Get(t.Context(), "node-b", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	node.Status.Conditions[0].Status, node.Status.Conditions[0].Reason = corev1.ConditionUnknown, "NodeStatusUnknown"
	if _, err := f.client.CoreV1().Nodes().UpdateStatus(t.Context(), node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	used := func(id string) (bool, error) { return id == first.ID(), nil }
	var unhealthy *UnhealthyError
	if _, _, err := f.Up(t.Context(), Options{Workers: 2, InUse: used}); !errors.As(err, &unhealthy) || !strings.Contains(err.Error(), "node-b is not Ready") {
		t.Fatalf("Up of a cluster in use = %v, want an *UnhealthyError that names the node", err)
	}
	f.engine.create = func(e *fakeEngine, name string, config *v1alpha4.Cluster, kubeconfig string) error {
		f.client = newClient(readyObjects(3)...)
		return e.provision(name, config, kubeconfig)
	}
	second, reused := mustUp(t, f, Options{Workers: 2})
	if reused || second.ID() == first.ID() {
		t.Error("an unhealthy cluster with nothing on it was not made anew")
	}
}
