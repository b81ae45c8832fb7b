package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// finding is what is there of a cluster: on disk, and in the container engine.
type finding struct {
	name  string
	state *state      // nil: firedrill knows nothing of it
	ours  []container // its node containers
}

// nodeNames are those that kind gives the nodes of the cluster, whether they are there or not.
func (f *finding) nodeNames() []string {
	names := []string{f.name + "-control-plane"}
	if f.state == nil {
		return names
	}
	for i := range f.state.Config.Workers {
		name := f.name + "-worker"
		if i > 0 {
			name += strconv.Itoa(i + 1)
		}
		names = append(names, name)
	}
	return names
}

// find looks for a cluster. Node containers that are not ours make it a
// *ForeignError: nothing of that name is touched then.
func (m *Manager) find(ctx context.Context, name string) (*finding, error) {
	s, err := loadState(m.home, name)
	if err != nil {
		return nil, err
	}
	if err := m.sameEngine(s); err != nil {
		return nil, err
	}
	nodes, err := m.engine.Nodes(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("list the nodes of cluster %q: %w", name, err)
	}
	if len(nodes) == 0 {
		if err := m.sameDaemon(ctx, s); err != nil {
			return nil, err
		}
	}
	for _, node := range nodes {
		if m.owns(name, s, node) {
			continue
		}
		why := fmt.Sprintf("its node %s does not carry this firedrill's mark", node.Name)
		if node.OwnerID != "" {
			why = fmt.Sprintf("its node %s belongs to a firedrill with another home folder than %s", node.Name, m.home)
		}
		return nil, &ForeignError{Name: name, Why: why}
	}
	return &finding{name: name, state: s, ours: nodes}, nil
}

// sameEngine refuses to look for a cluster where it is not: on another engine than the one
// that it was made with it would seem to be gone.
func (m *Manager) sameEngine(s *state) error {
	if s == nil || s.Config.Provider == "" || s.Config.Provider == m.engine.Name() {
		return nil
	}
	return &NotReadyError{
		What: fmt.Sprintf("cluster %q was made with %s, and this is %s", s.Name, s.Config.Provider, m.engine.Name()),
		Cure: fmt.Sprintf("Set KIND_EXPERIMENTAL_PROVIDER=%s and run this again; if there is no %s here any more, remove %s.",
			s.Config.Provider, s.Config.Provider, m.home.Cluster(s.Name)),
	}
}

// sameDaemon is the same for another engine of the same kind: another context of Docker's,
// another user's podman. One that does not tell which it is is taken for the same.
func (m *Manager) sameDaemon(ctx context.Context, s *state) error {
	if s == nil || s.Config.EngineID == "" {
		return nil
	}
	info, err := m.engine.Info(ctx)
	if err != nil || info.ID == "" || info.ID == s.Config.EngineID {
		return err
	}
	return &NotReadyError{
		What: fmt.Sprintf("cluster %q was made on another %s than the one that answers now", s.Name, s.Config.Provider),
		Cure: fmt.Sprintf("Use that one (its context, DOCKER_HOST or user) and run this again; if there is no such engine any more, remove %s.", m.home.Cluster(s.Name)),
	}
}

// owns tells whether a node container is ours: the folder mounted into it bears the
// ID in our state, or lies in our home folder (a state file may be lost, or be of a
// later cluster on another engine).
func (m *Manager) owns(name string, s *state, node container) bool {
	if node.OwnerID == "" {
		return false
	}
	if s != nil && node.OwnerID == s.ID {
		return true
	}
	return filepath.Clean(node.Source) == nodeDir(m.home, name, node.OwnerID)
}

// Down removes a cluster of ours and everything kept of it: containers, volumes,
// kind's network if it was made for it, files, and its entry in the user's
// kubeconfig. existed is false when there was nothing. A cluster that is not ours is
// a *ForeignError and stays.
func (m *Manager) Down(ctx context.Context, name string) (existed bool, err error) {
	if err := validName(name); err != nil {
		return false, err
	}
	err = m.locked(ctx, name, func() error {
		if _, err := m.engine.Info(ctx); err != nil {
			return err
		}
		found, err := m.find(ctx, name)
		if err != nil {
			return err
		}
		existed = found.state != nil || len(found.ours) > 0
		if !existed {
			return m.removeFiles(name)
		}
		m.status.Start("Deleting cluster %q", name)
		return m.purge(ctx, found)
	})
	m.status.End(err == nil)
	return existed, err
}

// purge removes everything of a cluster. The state file goes last: until then a
// process started after a crash knows what to remove.
func (m *Manager) purge(ctx context.Context, found *finding) error {
	ctx, cancel := context.WithTimeout(ctx, m.limits.remove)
	defer cancel()
	if err := m.sweep(ctx, found); err != nil {
		return err
	}
	if err := m.engine.RemoveVolumes(ctx, found.nodeNames()...); err != nil {
		return fmt.Errorf("remove the volumes of cluster %q: %w", found.name, err)
	}
	if s := found.state; s != nil {
		if s.NetworkCreated {
			if err := m.engine.RemoveNetwork(ctx); err != nil {
				return fmt.Errorf("remove kind's network: %w", err)
			}
		}
		if s.Export != nil {
			if err := s.Export.remove(s.Name); err != nil {
				return err
			}
		}
	}
	return m.removeFiles(found.name)
}

// sweep removes node containers. Of a cluster that was cut short in its creation one
// may still be on its way: there it looks until none has appeared for a while.
func (m *Manager) sweep(ctx context.Context, found *finding) error {
	unfinished := found.state != nil && found.state.Phase == phaseCreating
	last := time.Now()
	err := wait.PollUntilContextCancel(ctx, m.limits.poll, true, func(ctx context.Context) (bool, error) {
		removed, err := m.removeNodes(ctx, found.name, found.state)
		if err != nil {
			return false, err
		}
		if removed > 0 {
			last = time.Now()
			return false, nil
		}
		return !unfinished || time.Since(last) >= m.limits.settle, nil
	})
	if err != nil {
		return fmt.Errorf("remove the nodes of cluster %q: %w", found.name, err)
	}
	return nil
}

// removeNodes removes the node containers that are ours now, and tells how many.
func (m *Manager) removeNodes(ctx context.Context, name string, s *state) (int, error) {
	nodes, err := m.engine.Nodes(ctx, name)
	if err != nil {
		return 0, err
	}
	var names []string
	for _, node := range nodes {
		if m.owns(name, s, node) {
			names = append(names, node.Name)
		}
	}
	if len(names) == 0 {
		return 0, nil
	}
	return len(names), m.engine.Remove(ctx, names...)
}

// removeFiles removes the cluster's folder, the state file last.
func (m *Manager) removeFiles(name string) error {
	dir := m.home.Cluster(name)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove the files of cluster %q: %w", name, err)
	}
	for _, entry := range entries {
		if path := filepath.Join(dir, entry.Name()); path != statePath(m.home, name) {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("remove the files of cluster %q: %w", name, err)
			}
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the files of cluster %q: %w", name, err)
	}
	return nil
}
