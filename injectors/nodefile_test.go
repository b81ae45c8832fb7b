package injectors_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/injectors"
)

const (
	kubeletConfig = "/var/lib/kubelet/config.yaml"
	goodConfig    = "clusterDomain: cluster.local\nsyncFrequency: 0s\n"
	badConfig     = "clusterDomain: cluster.local\nsyncFrequency: 30 sec\n"
)

// file is a file of a fileNode.
type file struct{ Kind, Text, Mode, Owner string }

// fileNode is a node with a unit and files; the unit runs while its file is good.
type fileNode struct {
	*node
	files    map[string]file
	read     string // what the unit read when it was last started
	restarts int
}

func healthyFileNode() *fileNode {
	return &fileNode{node: healthyNode(), read: goodConfig, files: map[string]file{kubeletConfig: {"regular file", goodConfig, "640", "0:7"}}}
}

func (n *fileNode) Run(ctx context.Context, name string, command ...string) (string, error) {
	switch {
	case command[0] == "sh" && strings.Contains(command[2], "rm -rf"):
		if n.files[command[4]].Kind == "directory" {
			delete(n.files, command[4])
		}
		return "", nil
	case command[0] == "sh" && len(command) == 5:
		f, found := n.files[command[4]]
		if !found {
			return "", nil
		}
		return fmt.Sprintf("%s|%d|%s|%s\n%s", f.Kind, len(f.Text), f.Mode, f.Owner, base64.StdEncoding.EncodeToString([]byte(f.Text))), nil
	case command[0] == "sh" && len(command) == 8:
		if n.files[command[5]].Kind == "directory" {
			return "", errors.New("cannot overwrite directory with non-directory")
		}
		text, err := base64.StdEncoding.DecodeString(command[4])
		n.files[command[5]] = file{"regular file", string(text), command[6], command[7]}
		return "", err
	case strings.Join(command, " ") == "systemctl restart --no-block kubelet.service":
		n.restarts++
		n.read = n.files[kubeletConfig].Text
		n.active = n.read != badConfig
		return "", nil
	}
	return n.node.Run(ctx, name, command...)
}

func brokenConfig() *injectors.NodeFile {
	return &injectors.NodeFile{
		Node: "worker", Path: kubeletConfig, Restart: "kubelet.service",
		Find: `(?m)^(syncFrequency): .*$`, Replace: "$1: 30 sec",
	}
}

func TestNodeFile(t *testing.T) {
	t.Parallel()
	set := func(text, mode, owner string) func(*fileNode) {
		return func(n *fileNode) { n.files[kubeletConfig] = file{"regular file", text, mode, owner} }
	}
	tests := map[string]struct {
		inject  int
		trainee func(n *fileNode)
	}{
		"broken":                  {inject: 1},
		"injected twice":          {inject: 2},
		"never injected":          {},
		"repaired":                {inject: 1, trainee: func(n *fileNode) { set(goodConfig, "640", "0:7")(n); n.active = true }},
		"repaired in another way": {inject: 1, trainee: func(n *fileNode) { set("authorization: {mode: AlwaysAllow}\n", "640", "0:7")(n); n.active = true }},
		"another mode":            {inject: 1, trainee: set(goodConfig, "777", "0:7")},
		"another owner":           {inject: 1, trainee: set(goodConfig, "640", "1000:7")},
		"deleted":                 {inject: 1, trainee: func(n *fileNode) { delete(n.files, kubeletConfig) }},
		"emptied":                 {inject: 1, trainee: func(n *fileNode) { n.files[kubeletConfig] = file{"regular empty file", "", "640", "0:7"} }},
		"made a link":             {inject: 1, trainee: func(n *fileNode) { n.files[kubeletConfig] = file{"symbolic link", goodConfig, "777", "0:0"} }},
		"grown":                   {inject: 1, trainee: set(strings.Repeat("x", 70<<10), "640", "0:7")},
		"made a folder":           {inject: 1, trainee: func(n *fileNode) { n.files[kubeletConfig] = file{"directory", "", "755", "0:0"} }},
		"put back, not restarted": {inject: 1, trainee: set(goodConfig, "640", "0:7")},
		"unit disabled":           {inject: 1, trainee: func(n *fileNode) { n.links = map[string]string{}; n.active = false }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := healthyFileNode()
			target := &injectors.Target{Node: "worker", Nodes: n, Namespace: namespace}
			fault := brokenConfig()
			undo, err := fault.Prepare(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(healthyFileNode().files, n.files); diff != "" || n.restarts > 0 {
				t.Errorf("Prepare changed something: %s", diff)
			}
			for range tt.inject {
				if err := fault.Inject(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(file{"regular file", badConfig, "640", "0:7"}, n.files[kubeletConfig]); diff != "" || n.active {
					t.Errorf("after Inject active is %t, the file (-want +got):\n%s", n.active, diff)
				}
			}
			if tt.trainee != nil {
				tt.trainee(n)
			}
			for range 2 {
				if err := fault.Revert(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(healthyFileNode().files, n.files); diff != "" || !n.active || len(n.links) != 1 {
					t.Errorf("after Revert active is %t, links are %v, files (-want +got):\n%s", n.active, n.links, diff)
				}
				if n.read != goodConfig {
					t.Errorf("the unit goes on with what it read before: %q", n.read)
				}
			}
		})
	}
}

func TestNodeFileRefusals(t *testing.T) {
	t.Parallel()
	stopped, large, link := healthyFileNode(), healthyFileNode(), healthyFileNode()
	stopped.active = false
	large.files[kubeletConfig] = file{"regular file", strings.Repeat("x", 70<<10), "640", "0:7"}
	link.files[kubeletConfig] = file{"symbolic link", goodConfig, "777", "0:0"}
	with := func(change func(f *injectors.NodeFile)) *injectors.NodeFile {
		f := brokenConfig()
		change(f)
		return f
	}
	tests := map[string]struct {
		nodes injectors.Nodes
		fault *injectors.NodeFile
		want  string
	}{
		"no node access":   {nil, brokenConfig(), "no access to its nodes"},
		"unit not running": {stopped, brokenConfig(), "does not run"},
		"large":            {large, brokenConfig(), "at most 65536"},
		"link":             {link, brokenConfig(), "no regular file"},
		"no such file":     {healthyFileNode(), with(func(f *injectors.NodeFile) { f.Path = "/etc/none" }), "no regular file /etc/none"},
		"relative":         {healthyFileNode(), with(func(f *injectors.NodeFile) { f.Path = "etc/none" }), "not absolute"},
		"not clean":        {healthyFileNode(), with(func(f *injectors.NodeFile) { f.Path = "/var/../etc" }), "not absolute and clean"},
		"no match":         {healthyFileNode(), with(func(f *injectors.NodeFile) { f.Find = "none" }), "matches 0 times"},
		"two matches":      {healthyFileNode(), with(func(f *injectors.NodeFile) { f.Find = "cluster" }), "matches 2 times"},
		"no expression":    {healthyFileNode(), with(func(f *injectors.NodeFile) { f.Find = "(" }), "find:"},
		"empty":            {healthyFileNode(), with(func(f *injectors.NodeFile) { f.Find = "" }), "find is empty"},
		"no change":        {healthyFileNode(), with(func(f *injectors.NodeFile) { f.Replace = "$1: 0s" }), "changes nothing"},
		"no suffix":        {healthyFileNode(), with(func(f *injectors.NodeFile) { f.Restart = "kubelet" }), "lacks its suffix"},
		"another's node":   {healthyFileNode(), with(func(f *injectors.NodeFile) { f.Node = "worker2" }), "worker2 is not the drill's own"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.fault.Prepare(t.Context(), &injectors.Target{Node: "worker", Nodes: tt.nodes})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Prepare: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// unwritable is a node whose disk is full.
type unwritable struct{ *fileNode }

func (n unwritable) Run(ctx context.Context, name string, command ...string) (string, error) {
	if command[0] == "sh" && len(command) == 8 {
		return "", errors.New("no space left on device")
	}
	return n.fileNode.Run(ctx, name, command...)
}

func TestNodeFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	n := unwritable{healthyFileNode()}
	target := &injectors.Target{Node: "worker", Nodes: n}
	undo, err := brokenConfig().Prepare(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if err := brokenConfig().Inject(t.Context(), target, undo); err == nil || n.restarts > 0 {
		t.Errorf("Inject: %v, %d restarts; want the error and none", err, n.restarts)
	}
}

// killedBefore is a node that the tool was killed before it could restart a unit of.
type killedBefore struct{ *fileNode }

func (n killedBefore) Run(ctx context.Context, name string, command ...string) (string, error) {
	if strings.HasPrefix(strings.Join(command, " "), "systemctl restart") {
		return "", errors.New("killed")
	}
	return n.fileNode.Run(ctx, name, command...)
}

// TestNodeFileRevertKilledBeforeTheRestart: the next Revert finds the file as it was, and a
// unit that has not read it.
func TestNodeFileRevertKilledBeforeTheRestart(t *testing.T) {
	t.Parallel()
	n := healthyFileNode()
	target, fault := &injectors.Target{Node: "worker", Nodes: n}, brokenConfig()
	undo, err := fault.Prepare(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if err := fault.Inject(t.Context(), target, undo); err != nil {
		t.Fatal(err)
	}
	if err := fault.Revert(t.Context(), &injectors.Target{Node: "worker", Nodes: killedBefore{n}}, undo); err == nil {
		t.Fatal("it was not killed")
	}
	if err := fault.Revert(t.Context(), target, undo); err != nil {
		t.Fatal(err)
	}
	if n.read != goodConfig || n.restarts != 2 {
		t.Errorf("the unit read %q, %d restarts; want what was there before, 2", n.read, n.restarts)
	}
}

// shellNode runs the scripts on this machine, and all else on a fileNode.
type shellNode struct{ *fileNode }

func (n shellNode) Run(ctx context.Context, name string, command ...string) (string, error) {
	if command[0] != "sh" {
		return n.fileNode.Run(ctx, name, command...)
	}
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return string(out), err
}

// TestNodeFileScripts runs what runs in a node: whatever stands in the file's place, the file
// is put back, and what is beside it or behind a link is left alone.
func TestNodeFileScripts(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the nodes' stat and mv are GNU's")
	}
	do := func(t *testing.T, errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]func(t *testing.T, path, beside string){
		"broken": func(*testing.T, string, string) {},
		"grown": func(t *testing.T, path, _ string) {
			t.Helper()
			do(t, os.WriteFile(path, make([]byte, 300<<10), 0o600))
		},
		"deleted": func(t *testing.T, path, _ string) { t.Helper(); do(t, os.Remove(path)) },
		"a folder": func(t *testing.T, path, beside string) {
			t.Helper()
			do(t, os.Remove(path), os.MkdirAll(filepath.Join(path, "-rf", "sub dir"), 0o700),
				os.Symlink(beside, filepath.Join(path, "link")))
		},
		"a link to a folder": func(t *testing.T, path, beside string) { t.Helper(); do(t, os.Remove(path), os.Symlink(beside, path)) },
		"a link to nothing":  func(t *testing.T, path, _ string) { t.Helper(); do(t, os.Remove(path), os.Symlink("none", path)) },
	}
	for name, trainee := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), `it's a "$(false)" * dir`)
			path, beside := filepath.Join(dir, "-config; x.yaml"), filepath.Join(dir, "beside")
			do(t, os.MkdirAll(beside, 0o700), os.WriteFile(filepath.Join(beside, "kept"), nil, 0o600), os.WriteFile(path, []byte(goodConfig), 0o600))
			target, fault := &injectors.Target{Node: "worker", Nodes: shellNode{healthyFileNode()}}, brokenConfig()
			fault.Path = path
			undo, err := fault.Prepare(t.Context(), target)
			do(t, err, fault.Inject(t.Context(), target, undo))
			if text, err := os.ReadFile(path); err != nil || string(text) != badConfig {
				t.Errorf("after Inject: %q, %v", text, err)
			}
			trainee(t, path, beside)
			for range 2 {
				do(t, fault.Revert(t.Context(), target, undo))
				info, err := os.Lstat(path)
				do(t, err)
				if text, err := os.ReadFile(path); err != nil || string(text) != goodConfig || info.Mode() != 0o600 {
					t.Errorf("after Revert: %q, %s, %v", text, info.Mode(), err)
				}
				if _, err := os.Stat(filepath.Join(beside, "kept")); err != nil {
					t.Errorf("what was beside the file: %v", err)
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
				t.Errorf("left in the folder: %v, %v", left, err)
			}
		})
	}
}
