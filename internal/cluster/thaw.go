package cluster

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// freezers is where cgroup v1 keeps what is frozen; there is no such folder on cgroup v2.
const freezers = "/sys/fs/cgroup/freezer"

// thaw lets the frozen processes of a container go on, and tells how many groups of them
// there were. On cgroup v1 runc freezes a container while it changes its devices; when the
// node is killed at that moment nobody thaws it, and a frozen process cannot be killed, nor
// can the node's container that it lies in.
func thaw(root, container string) (thawed int) {
	if container == "" {
		return 0
	}
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "freezer.state" || !strings.Contains(path, container) {
			return nil //nolint:nilerr // a group that is gone needs no thawing
		}
		if state, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(state)) == "THAWED" {
			return nil //nolint:nilerr // as above
		}
		if os.WriteFile(path, []byte("THAWED"), 0o644) == nil { //nolint:gosec // the kernel's file has its own mode
			thawed++
		}
		return nil
	})
	return thawed
}
