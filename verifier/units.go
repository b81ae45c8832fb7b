package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// unit is a systemd unit's state, as `systemctl show` gives it.
type unit struct {
	name, load, active, sub, file string
	pid                           string // of its main process; "0": none
	wanted                        bool   // some other unit starts it
}

func (u unit) isActive() bool { return u.active == "active" }

// isEnabled: it starts with the node. A unit enabled only at run time does not, and one whose
// file says nothing of when it starts does so only when another unit wants it.
func (u unit) isEnabled() bool {
	return u.file == "enabled" || u.wanted && slices.Contains([]string{"static", "alias", "generated"}, u.file)
}

// starts says whether the unit starts with the node, as systemd names it.
func (u unit) starts() string {
	if u.file == "static" && !u.wanted {
		return "static, and nothing wants it"
	}
	return orUnset(u.file)
}

func (u unit) String() string {
	if u.load == "not-found" {
		return u.name + " is not there"
	}
	return fmt.Sprintf("%s is %s (%s), %s", u.name, u.active, u.sub, u.starts())
}

// units reads the state of units of a node.
func (t *Target) units(ctx context.Context, node string, names []string) ([]unit, error) {
	out, err := t.askUnits(ctx, node, names)
	if err != nil {
		return nil, err
	}
	all := parseUnits(out)
	var found []unit
	for _, name := range names {
		u, ok := all[serviceName(name)]
		if !ok {
			return nil, fmt.Errorf("node %s said nothing of unit %s", node, name)
		}
		found = append(found, u)
	}
	return found, nil
}

// askUnits asks a node for the state of units and what they run by. The node's own two units
// are always asked for, so that all checks of a round share one command.
func (t *Target) askUnits(ctx context.Context, node string, names []string) (string, error) {
	if t.Nodes == nil {
		return "", errors.New("this cluster gives no access to its nodes")
	}
	asked := []string{"containerd.service", "kubelet.service"}
	for _, name := range names {
		asked = append(asked, serviceName(name))
	}
	slices.Sort(asked)
	asked = slices.Compact(asked)
	return once(t, "units/"+node+"/"+strings.Join(asked, ","), func() (string, error) {
		out, err := t.Nodes.Run(ctx, node, append([]string{"sh", "-c", unitsScript, "sh"}, asked...)...)
		if err != nil {
			return "", fmt.Errorf("ask node %s for its units: %w", node, err)
		}
		return strings.ReplaceAll(out, "\r\n", "\n"), nil
	})
}

// serviceName completes a unit's name as systemctl does.
func serviceName(name string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return name + ".service"
}

// parseUnits reads the blocks of Key=value lines of `systemctl show`, in any order of keys.
func parseUnits(out string) map[string]unit {
	units := map[string]unit{}
	for block := range strings.SplitSeq(out, "\n\n") {
		fields := map[string]string{}
		for line := range strings.Lines(block) {
			if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				fields[key] = value
			}
		}
		// Half an answer is none: a missing field must not read as "not enabled".
		if fields["Id"] == "" || fields["ActiveState"] == "" {
			continue
		}
		units[fields["Id"]] = unit{
			name: strings.TrimSuffix(fields["Id"], ".service"), load: fields["LoadState"],
			active: fields["ActiveState"], sub: fields["SubState"], file: fields["UnitFileState"], pid: fields["MainPID"],
			wanted: fields["WantedBy"]+fields["RequiredBy"]+fields["UpheldBy"]+fields["TriggeredBy"] != "",
		}
	}
	return units
}

// NodeUnits passes while systemd units of the node are active, and enabled, as they should be.
type NodeUnits struct {
	nodeRef `yaml:",inline"`
	Units   []string `yaml:"units" doc:"The units: kubelet, containerd." required:"true"`
	Active  *bool    `yaml:"active" doc:"Whether they run. Default: true."`
	Enabled *bool    `yaml:"enabled" doc:"Whether they start with the node. Left out: either way."`
}

// Observe asks the node's systemd.
func (c *NodeUnits) Observe(ctx context.Context, t *Target) (Observation, error) {
	units, err := t.units(ctx, c.Node, c.Units)
	if err != nil {
		return Observation{}, err
	}
	wantActive := c.Active == nil || *c.Active
	evidence := unitLines(units)
	for _, u := range units {
		if u.isActive() != wantActive {
			return Observation{Reason: fmt.Sprintf("node %s: %s is %s", c.Node, u.name, orUnset(u.active)), Evidence: evidence}, nil
		}
		if c.Enabled != nil && u.isEnabled() != *c.Enabled {
			return Observation{Reason: fmt.Sprintf("node %s: %s is %s", c.Node, u.name, u.starts()), Evidence: evidence}, nil
		}
	}
	return Observation{Passed: true, Reason: fmt.Sprintf("node %s: %s", c.Node, unitVerdict(wantActive, c.Enabled, c.Units)), Evidence: evidence}, nil
}

func unitVerdict(active bool, enabled *bool, names []string) string {
	text := strings.Join(names, " and ") + " run"
	if !active {
		text = strings.Join(names, " and ") + " do not run"
	}
	switch {
	case enabled == nil:
		return text
	case *enabled:
		return text + ", and start with the node"
	}
	return text + ", and do not start with the node"
}

func unitLines(units []unit) string {
	lines := make([]string, 0, len(units))
	for _, u := range units {
		lines = append(lines, u.String())
	}
	return strings.Join(lines, "; ")
}

// UnitsEnabled is a safeguard: it is broken when a unit runs that would not start with
// the node. A unit that does not run breaks it not: that is not a repair yet.
type UnitsEnabled struct {
	nodeRef `yaml:",inline"`
	Units   []string `yaml:"units" doc:"The units: kubelet, containerd." required:"true"`
}

// Observe asks the node's systemd.
func (c *UnitsEnabled) Observe(ctx context.Context, t *Target) (Observation, error) {
	units, err := t.units(ctx, c.Node, c.Units)
	if err != nil {
		return Observation{}, err
	}
	for _, u := range units {
		if u.isActive() && !u.isEnabled() {
			return Observation{
				Reason:   fmt.Sprintf("node %s: %s runs but is %s: it will not start with the node", c.Node, u.name, u.starts()),
				Evidence: unitLines(units),
			}, nil
		}
	}
	return Observation{Passed: true, Reason: "no unit of node " + c.Node + " runs without being enabled", Evidence: unitLines(units)}, nil
}

// healthyNode says why a node is not truly well; empty when it is Ready, its Lease is
// renewed and its kubelet and container runtime run.
func healthyNode(ctx context.Context, t *Target, n *corev1.Node) (string, error) {
	if trouble := notReady(n); trouble != "" {
		return trouble, nil
	}
	if _, stale, err := leaseOf(ctx, t, n.Name); stale != "" || err != nil {
		return stale, err
	}
	units, err := t.units(ctx, n.Name, []string{"kubelet", "containerd"})
	if err != nil {
		return "", err
	}
	for _, u := range units {
		if !u.isActive() {
			return fmt.Sprintf("node %s: %s is %s", n.Name, u.name, u.active), nil
		}
	}
	return "", nil
}
