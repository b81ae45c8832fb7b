package cluster

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/manifests"
)

// addonsDir is the folder, in the one that is mounted into the nodes, with the services
// that every cluster gets beside kind's own.
const addonsDir = "addons"

func writeAddons(nodeDir string) error {
	addons, err := manifests.Addons()
	if err != nil {
		return err
	}
	for name, data := range addons {
		if err := home.WriteFile(filepath.Join(nodeDir, addonsDir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// installAddons applies them as kind applies its own: with the control plane's kubectl. Nothing
// waits for their pods, so an image that cannot be had keeps no cluster from being made:
// a drill that needs the service says so when it proves its system healthy.
func (m *Manager) installAddons(ctx context.Context, s *state) error {
	nodes, err := m.engine.Nodes(ctx, s.Name)
	if err != nil {
		return fmt.Errorf("list the nodes of cluster %q: %w", s.Name, err)
	}
	for _, node := range nodes {
		if node.Role != RoleControlPlane {
			continue
		}
		command := []string{"kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "apply", "--server-side", "-f", nodeMount + "/" + addonsDir}
		out, err := m.engine.Exec(ctx, execDetachedInput, node.Name, command...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("install the addons of cluster %q: %w: %s", s.Name, err, out)
		}
		return nil
	}
	return fmt.Errorf("cluster %q has no control plane to install its addons on", s.Name)
}
