package injectors

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// settingsPaths are the files that decide how a node runs, below its root: of the kubelet,
// the container runtime, the network plugin and systemd. None holds a key.
var settingsPaths = []string{ //nolint:gochecknoglobals // a constant table
	"etc/kubernetes/kubelet.conf", "etc/kubernetes/manifests", "etc/containerd", "etc/cni", "etc/crictl.yaml", "etc/default/kubelet", "etc/systemd/system",
	"var/lib/kubelet/config.yaml", "var/lib/kubelet/kubeadm-flags.env",
	"run/systemd/system/kubelet.service", "run/systemd/system/kubelet.service.d", "run/systemd/system/containerd.service", "run/systemd/system/containerd.service.d",
}

// settingsUnits run a node, in the order in which they start.
var settingsUnits = []string{"containerd.service", "kubelet.service"} //nolint:gochecknoglobals // a constant table

// NodeSettings is how a node was set up: whoever repairs it as root may change more of it
// than any fault did, and the next drill on it begins with what is left.
type NodeSettings struct {
	Node    string            `json:"node"`
	Root    string            `json:"root"`    // of the node's files
	Files   map[string]string `json:"files"`   // what makes each one differ from another, by path
	Archive string            `json:"archive"` // all of them: tar, gzip, base64
	Units   map[string]string `json:"units"`   // the states of settingsUnits
}

// TakeNodeSettings reads how a node is set up.
func TakeNodeSettings(ctx context.Context, t *Target, node string) (*NodeSettings, error) {
	s := &NodeSettings{Node: node, Root: "/"}
	if t.Nodes == nil {
		return nil, errors.New("this cluster gives no access to its nodes; use one made by firedrill up")
	}
	var err error
	if s.Files, s.Units, err = s.look(ctx, t); err != nil {
		return nil, err
	}
	const script = `cd "$1" && shift
find "$@" \( -type f -o -type l \) ` + selected + ` -print0 2>/dev/null |
  tar --create --null --no-recursion --numeric-owner --files-from=- | gzip -n | base64 -w0`
	s.Archive, err = s.run(ctx, t, script, settingsPaths...)
	return s, err
}

// selected are find's conditions: the registries that runs make known to the runtime are the
// runs' own, and go with them.
const selected = `! -path 'etc/containerd/certs.d/*'`

// look tells of each file what makes it differ from another, and the state of each unit.
func (s *NodeSettings) look(ctx context.Context, t *Target) (files, units map[string]string, err error) {
	const script = `cd "$1" && shift
for unit in containerd.service kubelet.service; do printf '//%s\t%s\n' "$unit" "$(systemctl is-active "$unit")"; done
find "$@" \( -type f -o -type l \) ` + selected + ` -printf '%p\t%y %m %U:%G %l\n' 2>/dev/null
find "$@" -type f ` + selected + ` -exec sha256sum {} + 2>/dev/null | sed -E 's/^([0-9a-f]+) .(.*)$/\2\t\1/'
exit 0`
	out, err := s.run(ctx, t, script, settingsPaths...)
	if err != nil {
		return nil, nil, err
	}
	files, units = map[string]string{}, map[string]string{}
	for line := range strings.Lines(out) {
		path, told, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if unit, is := strings.CutPrefix(path, "//"); is {
			units[unit] = told
		} else if ok {
			files[path] += told + " "
		}
	}
	return files, units, nil
}

// Restore makes the node what it was: what differs is put back, what was not there goes, and
// the units that read it are started anew. It returns the paths of the files that differed.
func (s *NodeSettings) Restore(ctx context.Context, t *Target) (changed []string, err error) {
	now, units, err := s.look(ctx, t)
	if err != nil {
		return nil, err
	}
	differs := func(path string) bool { return now[path] != s.Files[path] }
	for path := range s.Files {
		if differs(path) {
			changed = append(changed, path)
		}
	}
	lost := slices.Clone(changed)
	for path := range maps.Keys(now) {
		if _, was := s.Files[path]; !was {
			changed = append(changed, path)
		}
	}
	slices.Sort(changed)
	if len(changed) > 0 {
		if err := s.put(ctx, t, changed, lost); err != nil {
			return changed, err
		}
	}
	return changed, s.startUnits(ctx, t, changed, units)
}

// put takes away what changed, and unpacks what was lost of it.
func (s *NodeSettings) put(ctx context.Context, t *Target, changed, lost []string) error {
	const remove = `cd "$1" && shift || exit
for path; do while umount "$path" 2>/dev/null; do :; done; done # what was mounted over it by hand
rm -rf --one-file-system -- "$@"`
	if _, err := s.run(ctx, t, remove, changed...); err != nil {
		return err
	}
	if len(lost) > 0 {
		const unpack = `cd "$1" && text=$2 && shift 2 && printf %s "$text" | base64 -d | tar --extract --gzip --preserve-permissions --numeric-owner -- "$@"`
		if _, err := s.run(ctx, t, unpack, append([]string{s.Archive}, lost...)...); err != nil {
			return err
		}
	}
	return onNode(ctx, t, s.Node, "systemctl", "daemon-reload")
}

// startUnits starts those anew whose files changed, and those that ran and do no more.
func (s *NodeSettings) startUnits(ctx context.Context, t *Target, changed []string, now map[string]string) error {
	for _, unit := range settingsUnits {
		name, _, _ := strings.Cut(unit, ".")
		stale := slices.ContainsFunc(changed, func(path string) bool { return strings.Contains(path, name) })
		if s.Units[unit] != "active" || !stale && now[unit] == "active" {
			continue
		}
		if err := onNode(ctx, t, s.Node, "systemctl", "restart", "--no-block", unit); err != nil {
			return fmt.Errorf("restart %s on %s: %w", unit, s.Node, err)
		}
		state, err := readUnit(ctx, t, s.Node, unit) // its links are among the files
		if err != nil {
			return err
		}
		state.Active = true
		if err := state.settled(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// run runs a script in the node, below the root of its files.
func (s *NodeSettings) run(ctx context.Context, t *Target, script string, args ...string) (string, error) {
	out, err := t.Nodes.Run(ctx, s.Node, append([]string{"sh", "-c", script, "sh", s.Root}, args...)...)
	if err != nil {
		return "", fmt.Errorf("the settings of node %s: %w", s.Node, err)
	}
	return out, nil
}
