package injectors_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/injectors"
)

const wants = "/etc/systemd/system/multi-user.target.wants/kubelet.service"

// node is a node with one unit, kubelet.service.
type node struct {
	active bool
	links  map[string]string
	crashy bool // the unit dies at every start
	calls  []string
}

func healthyNode() *node {
	return &node{active: true, links: map[string]string{wants: "/etc/systemd/system/kubelet.service"}}
}

// Run implements injectors.Nodes with the few commands that the injector uses.
func (n *node) Run(_ context.Context, name string, command ...string) (string, error) {
	if name != "worker" {
		return "", fmt.Errorf("no node %s", name)
	}
	n.calls = append(n.calls, strings.Join(command, " "))
	switch command[0] {
	case "find":
		var out strings.Builder
		for link, target := range n.links {
			fmt.Fprintf(&out, "%s %s\n", link, target)
		}
		return out.String(), nil
	case "ln":
		n.links[command[3]] = command[2]
		return "", nil
	case "mkdir":
		return "", nil
	case "systemctl":
		return n.systemctl(command[1:])
	default:
		return "", fmt.Errorf("unexpected command %v", command)
	}
}

func (n *node) systemctl(args []string) (string, error) {
	switch verb := args[0]; verb {
	case "show":
		if args[2] != "kubelet.service" {
			return "LoadState=not-found\nActiveState=inactive\n", nil
		}
		if n.active {
			return "LoadState=loaded\nActiveState=active\n", nil
		}
		return "LoadState=loaded\nActiveState=inactive\n", nil
	case "start":
		n.active = !n.crashy
	case "stop":
		n.active = false
	case "disable":
		maps.DeleteFunc(n.links, func(_, target string) bool { return target != "/dev/null" })
	case "unmask":
		maps.DeleteFunc(n.links, func(_, target string) bool { return target == "/dev/null" })
	case "daemon-reload":
	default:
		return "", fmt.Errorf("unexpected verb %s", verb)
	}
	return "", nil
}

func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		disabled bool
		inject   int
		trainee  func(n *node)
	}{
		"stopped":                     {inject: 1},
		"stopped and disabled":        {inject: 1, disabled: true},
		"injected twice":              {inject: 2, disabled: true},
		"never injected":              {disabled: true},
		"started, not enabled":        {inject: 1, disabled: true, trainee: func(n *node) { n.active = true }},
		"enabled, not started":        {inject: 1, disabled: true, trainee: func(n *node) { n.links = healthyNode().links }},
		"masked by the trainee":       {inject: 1, disabled: true, trainee: func(n *node) { n.links["/etc/systemd/system/kubelet.service"] = "/dev/null" }},
		"wanted by something further": {inject: 1, disabled: true, trainee: func(n *node) { n.links["/etc/systemd/system/x.target.wants/kubelet.service"] = "y" }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := healthyNode()
			target := &injectors.Target{Node: "worker", Nodes: n, Namespace: namespace}
			fault := &injectors.SystemdUnit{Node: "worker", Unit: "kubelet.service", Disabled: tt.disabled}
			undo, err := fault.Prepare(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if !n.active || len(n.links) != 1 {
				t.Error("Prepare changed the unit")
			}
			for range tt.inject {
				if err := fault.Inject(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
				if n.active || (len(n.links) == 0) != tt.disabled {
					t.Errorf("after Inject active is %t, links are %v", n.active, n.links)
				}
			}
			if tt.trainee != nil {
				tt.trainee(n)
			}
			for range 2 {
				if err := fault.Revert(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(healthyNode().links, n.links); diff != "" || !n.active {
					t.Errorf("after Revert active is %t, links (-want +got):\n%s", n.active, diff)
				}
			}
		})
	}
}

func TestSystemdUnitLeavesAHealthyUnitAlone(t *testing.T) {
	t.Parallel()
	n := healthyNode()
	target := &injectors.Target{Node: "worker", Nodes: n}
	fault := &injectors.SystemdUnit{Node: "worker", Unit: "kubelet.service", Disabled: true}
	undo, err := fault.Prepare(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	n.calls = nil
	if err := fault.Revert(t.Context(), target, undo); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"systemctl disable kubelet.service", "systemctl stop kubelet.service"} {
		if slices.Contains(n.calls, verb) {
			t.Errorf("Revert of a unit that was never broken ran %q", verb)
		}
	}
}

func TestSystemdUnitRefusals(t *testing.T) {
	t.Parallel()
	stopped, unlinked := healthyNode(), healthyNode()
	stopped.active, unlinked.links = false, map[string]string{}
	tests := map[string]struct {
		nodes injectors.Nodes
		fault injectors.SystemdUnit
		want  string
	}{
		"no node access":  {nil, injectors.SystemdUnit{Node: "worker", Unit: "kubelet.service"}, "no access to its nodes"},
		"no such unit":    {healthyNode(), injectors.SystemdUnit{Node: "worker", Unit: "kublet.service"}, "no unit kublet.service"},
		"another's node":  {healthyNode(), injectors.SystemdUnit{Node: "worker2", Unit: "kubelet.service"}, "worker2 is not the drill's own"},
		"no suffix":       {healthyNode(), injectors.SystemdUnit{Node: "worker", Unit: "kubelet"}, "lacks its suffix"},
		"pattern":         {healthyNode(), injectors.SystemdUnit{Node: "worker", Unit: "*.service"}, "not the name of one unit"},
		"stopped already": {stopped, injectors.SystemdUnit{Node: "worker", Unit: "kubelet.service"}, "does not run"},
		"not enabled":     {unlinked, injectors.SystemdUnit{Node: "worker", Unit: "kubelet.service", Disabled: true}, "not enabled"},
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

func TestSystemdUnitThatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	n := healthyNode()
	target := &injectors.Target{Node: "worker", Nodes: n}
	fault := &injectors.SystemdUnit{Node: "worker", Unit: "kubelet.service"}
	undo, err := fault.Prepare(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	n.active, n.crashy = false, true
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if err := fault.Revert(ctx, target, undo); err == nil || !strings.Contains(err.Error(), "active false (was true)") {
		t.Errorf("Revert: %v, want what is not as it was", err)
	}
}
