package verifier

import (
	"context"
	"errors"
	"fmt"
)

// RestartUnit restarts a systemd unit of a node: what was put right only in the running
// process is gone with it.
type RestartUnit struct {
	nodeRef `yaml:",inline"`
	Unit    string `yaml:"unit" doc:"The unit." default:"kubelet"`
}

// Perturb restarts the unit and looks whether it runs.
func (p *RestartUnit) Perturb(ctx context.Context, t *Target) (string, error) {
	if t.Nodes == nil {
		return "", errors.New("this cluster gives no access to its nodes")
	}
	name := p.Unit
	if name == "" {
		name = "kubelet"
	}
	did := fmt.Sprintf("restarted %s on node %s", name, p.Node)
	_, failed := t.Nodes.Run(ctx, p.Node, "systemctl", "restart", serviceName(name))
	// Whether systemctl failed, or the node could not be reached, only its state tells.
	units, err := t.units(ctx, p.Node, []string{name})
	switch {
	case err != nil:
		return "", errors.Join(failed, err)
	case !units[0].isActive():
		return did, &NotSurvivedError{Reason: fmt.Sprintf("%s: after it, %s", did, units[0])}
	case failed != nil:
		return "", fmt.Errorf("restart %s on node %s: %w", name, p.Node, failed)
	}
	return did, nil
}
