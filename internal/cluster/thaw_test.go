package cluster

import (
	"os"
	"path/filepath"
	"testing"
)

// Only what is frozen, and only of that container, is thawed.
func TestThaw(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	states := map[string]struct{ was, want string }{
		"docker/aaa/freezer.state":                     {"THAWED\n", "THAWED\n"},
		"docker/aaa/kubelet.slice/pod1/freezer.state":  {"FROZEN\n", "THAWED"},
		"docker/aaa/kubelet.slice/pod2/freezer.state":  {"FREEZING\n", "THAWED"},
		"docker/bbb/kubelet.slice/pod3/freezer.state":  {"FROZEN\n", "FROZEN\n"},
		"docker/aaa/kubelet.slice/pod1/cgroup.procs":   {"1\n", "1\n"},
		"system.slice/docker-aaa.scope/freezer.state":  {"FROZEN\n", "THAWED"},
		"system.slice/docker-bbb.scope/freezer.state2": {"FROZEN\n", "FROZEN\n"},
	}
	for name, s := range states {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(s.was), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := thaw(root, "aaa"); got != 3 {
		t.Errorf("%d groups thawed, want 3", got)
	}
	for name, s := range states {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(got) != s.want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, s.want)
		}
	}
	if got := thaw(filepath.Join(root, "none"), "aaa") + thaw(root, ""); got != 0 {
		t.Errorf("%d groups thawed of nothing", got)
	}
}
