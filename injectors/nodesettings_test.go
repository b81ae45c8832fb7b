package injectors_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/injectors"
)

// diskNode is a node with real files in a folder and units that only remember.
type diskNode struct {
	root   string
	bin    string // holds a systemctl that answers is-active, as it is told to by the environment
	active map[string]bool
	calls  []string
}

const kubeletLink = "etc/systemd/system/multi-user.target.wants/kubelet.service"

func newDiskNode(t *testing.T) *diskNode {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("nodes are Linux, and their tools GNU's")
	}
	n := &diskNode{root: t.TempDir(), bin: t.TempDir(), active: map[string]bool{"kubelet.service": true, "containerd.service": true}}
	for path, text := range map[string]string{
		"etc/kubernetes/kubelet.conf": "kind: Config\n", "etc/containerd/config.toml": "version = 3\n", "etc/cni/net.d/10-node.conflist": "{}",
		"var/lib/kubelet/config.yaml": "mode: Webhook\n", "etc/systemd/system/kubelet.service": "[Unit]\n", "etc/containerd/certs.d/other-run/hosts.toml": "x",
	} {
		n.write(t, path, text)
	}
	n.link(t, kubeletLink, "/etc/systemd/system/kubelet.service")
	systemctl := "#!/bin/sh\n[ \"$1\" = is-active ] || exit 1\ncase \" $ACTIVE \" in *\" $2 \"*) echo active ;; *) echo inactive; exit 3 ;; esac\n"
	if err := os.WriteFile(filepath.Join(n.bin, "systemctl"), []byte(systemctl), 0o755); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *diskNode) write(t *testing.T, path, text string) {
	t.Helper()
	file := filepath.Join(n.root, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (n *diskNode) link(t *testing.T, path, target string) {
	t.Helper()
	file := filepath.Join(n.root, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(file)
	if err := os.Symlink(target, file); err != nil {
		t.Fatal(err)
	}
}

func (n *diskNode) remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(n.root, path)); err != nil {
		t.Fatal(err)
	}
}

// tree is what lies in the folder: texts of files, targets of links, modes.
func (n *diskNode) tree(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(n.root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, n.root+"/")
		if info.Mode()&os.ModeSymlink != 0 {
			all[name], err = os.Readlink(path)
			return err
		}
		data, err := os.ReadFile(path)
		all[name] = fmt.Sprintf("%s %s", info.Mode(), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Run implements injectors.Nodes: scripts and find are the host's own.
func (n *diskNode) Run(ctx context.Context, name string, command ...string) (string, error) {
	if name != "worker" {
		return "", fmt.Errorf("no node %s", name)
	}
	switch {
	case command[0] == "systemctl":
		unit := command[len(command)-1]
		switch command[1] {
		case "show":
			if n.active[unit] {
				return "LoadState=loaded\nActiveState=active\n", nil
			}
			return "LoadState=loaded\nActiveState=inactive\n", nil
		case "start", "restart":
			n.active[unit] = true
		case "stop":
			n.active[unit] = false
		}
		n.calls = append(n.calls, strings.Join(command[1:], " "))
		return "", nil
	case command[0] == "find":
		command[1] = filepath.Join(n.root, command[1])
	case command[0] == "sh" && command[4] == "/":
		command[4] = n.root
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	active := ""
	for unit, is := range n.active {
		if is {
			active += unit + " "
		}
	}
	cmd.Env = append(os.Environ(), "PATH="+n.bin+":"+os.Getenv("PATH"), "ACTIVE="+active)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

func TestNodeSettings(t *testing.T) {
	t.Parallel()
	const config = "var/lib/kubelet/config.yaml"
	tests := map[string]struct {
		trainee func(t *testing.T, n *diskNode)
		changed []string
		calls   []string
	}{
		"nothing": {trainee: func(*testing.T, *diskNode) {}},
		"a setting is weakened": {
			trainee: func(t *testing.T, n *diskNode) { n.write(t, config, "mode: AlwaysAllow\n") },
			changed: []string{config}, calls: []string{"daemon-reload", "restart --no-block kubelet.service"},
		},
		"a file's mode": {
			trainee: func(t *testing.T, n *diskNode) {
				if err := os.Chmod(filepath.Join(n.root, config), 0o666); err != nil {
					t.Fatal(err)
				}
			},
			changed: []string{config}, calls: []string{"daemon-reload", "restart --no-block kubelet.service"},
		},
		"files and folders of their own": {
			trainee: func(t *testing.T, n *diskNode) {
				n.write(t, "etc/systemd/system/kubelet.service.d/90-mine.conf", "[Service]\n")
				n.write(t, "etc/cni/net.d/a name with spaces", "")
				n.write(t, "run/systemd/system/kubelet.service.d/override.conf", "[Service]\n")
				n.remove(t, "etc/containerd/config.toml")
				n.write(t, "etc/containerd/config.toml/inside", "a folder now")
			},
			changed: []string{
				"etc/cni/net.d/a name with spaces", "etc/containerd/config.toml", "etc/containerd/config.toml/inside", "etc/systemd/system/kubelet.service.d/90-mine.conf",
				"run/systemd/system/kubelet.service.d/override.conf",
			},
			calls: []string{"daemon-reload", "restart --no-block containerd.service", "restart --no-block kubelet.service"},
		},
		"masked and disabled": {
			trainee: func(t *testing.T, n *diskNode) {
				n.link(t, "etc/systemd/system/containerd.service", "/dev/null")
				n.remove(t, kubeletLink)
				n.active["containerd.service"], n.active["kubelet.service"] = false, false
			},
			changed: []string{"etc/systemd/system/containerd.service", kubeletLink},
			calls:   []string{"daemon-reload", "restart --no-block containerd.service", "restart --no-block kubelet.service"},
		},
		"stopped": {
			trainee: func(_ *testing.T, n *diskNode) { n.active["containerd.service"] = false },
			calls:   []string{"restart --no-block containerd.service"},
		},
		"another run's registry": {trainee: func(t *testing.T, n *diskNode) {
			n.remove(t, "etc/containerd/certs.d/other-run")
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newDiskNode(t)
			target := &injectors.Target{Nodes: n}
			settings, err := injectors.TakeNodeSettings(t.Context(), target, "worker")
			if err != nil {
				t.Fatal(err)
			}
			was := n.tree(t)
			tt.trainee(t, n)
			changed, err := settings.Restore(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.changed, changed); diff != "" {
				t.Errorf("changed (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.calls, n.calls); diff != "" {
				t.Errorf("calls (-want +got)\n%s", diff)
			}
			if name == "another run's registry" {
				delete(was, "etc/containerd/certs.d/other-run/hosts.toml")
			}
			if diff := cmp.Diff(was, n.tree(t)); diff != "" {
				t.Errorf("files (-want +got)\n%s", diff)
			}
			if slices.Contains([]bool{n.active["kubelet.service"], n.active["containerd.service"]}, false) {
				t.Errorf("not active: %v", n.active)
			}
		})
	}
}
