package injectors

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	unitPoll  = 250 * time.Millisecond
	unitLimit = 30 * time.Second // kubelet and containerd are up again within 10 s
)

// SystemdUnit stops a unit of a node and, when asked to, disables it. Revert brings
// back both what ran and what was enabled, link by link, and looks whether it did.
type SystemdUnit struct {
	Node     string `yaml:"node" doc:"The node's name, as a rule ${node}." required:"true"`
	Unit     string `yaml:"unit" doc:"The unit with its suffix, for example kubelet.service." required:"true"`
	State    string `yaml:"state" doc:"What becomes of the unit. Default stopped." enum:"stopped"`
	Disabled bool   `yaml:"disabled" doc:"Whether it is also kept from starting at boot."`
}

// unitState is SystemdUnit's undo: a unit as it was.
type unitState struct {
	Node   string   `json:"node"`
	Unit   string   `json:"unit"`
	Active bool     `json:"active"`
	Links  []string `json:"links"` // "path target" of every link in /etc/systemd/system to the unit: it is enabled by them
}

// Validate implements Validator.
func (u *SystemdUnit) Validate() error {
	switch base, suffix, _ := strings.Cut(u.Unit, "."); {
	case base == "" || suffix == "":
		return fmt.Errorf("unit %q lacks its suffix; write for example kubelet.service", u.Unit)
	case strings.ContainsAny(u.Unit, "/ *?["):
		return fmt.Errorf("unit %q is not the name of one unit", u.Unit)
	}
	return nil
}

// Prepare implements Injector.
func (u *SystemdUnit) Prepare(ctx context.Context, t *Target) (Undo, error) {
	if err := u.Validate(); err != nil {
		return nil, err
	}
	if err := t.breakable(u.Node); err != nil {
		return nil, err
	}
	state, err := readUnit(ctx, t, u.Node, u.Unit)
	if err != nil {
		return nil, err
	}
	if !state.Active {
		return nil, fmt.Errorf("%s on %s does not run, so it cannot be stopped; the cluster is not healthy, make it anew", u.Unit, u.Node)
	}
	if u.Disabled && len(state.Links) == 0 {
		return nil, fmt.Errorf("%s on %s is not enabled, so it cannot be disabled; leave disabled out", u.Unit, u.Node)
	}
	return encode(state)
}

// Inject implements Injector.
func (u *SystemdUnit) Inject(ctx context.Context, t *Target, undo Undo) error {
	var before unitState
	if err := decode(undo, &before); err != nil {
		return err
	}
	if u.Disabled {
		if err := before.systemctl(ctx, t, "disable"); err != nil {
			return err
		}
	}
	return before.systemctl(ctx, t, "stop")
}

// Revert implements Injector.
func (u *SystemdUnit) Revert(ctx context.Context, t *Target, undo Undo) error {
	var before unitState
	if err := decode(undo, &before); err != nil {
		return err
	}
	return before.restore(ctx, t)
}

// restore brings the unit back to what it was, and looks whether it is.
func (s unitState) restore(ctx context.Context, t *Target) error {
	now, err := readUnit(ctx, t, s.Node, s.Unit)
	if err != nil {
		return err
	}
	if !slices.Equal(now.Links, s.Links) {
		if err := s.relink(ctx, t); err != nil {
			return err
		}
	}
	verb := "stop"
	if s.Active {
		verb = "start"
	}
	if err := s.systemctl(ctx, t, verb); err != nil {
		return err
	}
	return s.settled(ctx, t)
}

// relink makes exactly the links there were: a mask or a link of the trainee's goes.
func (s unitState) relink(ctx context.Context, t *Target) error {
	for _, verb := range []string{"unmask", "disable"} {
		if err := s.systemctl(ctx, t, verb); err != nil {
			return err
		}
	}
	for _, link := range s.Links {
		where, target, _ := strings.Cut(link, " ")
		for _, command := range [][]string{
			{"mkdir", "-p", path.Dir(where)},
			{"ln", "-sfn", target, where},
		} {
			if err := onNode(ctx, t, s.Node, command...); err != nil {
				return fmt.Errorf("enable %s on %s: %w", s.Unit, s.Node, err)
			}
		}
	}
	return onNode(ctx, t, s.Node, "systemctl", "daemon-reload")
}

// settled waits until the unit is as it was; its error says in what it is not.
func (s unitState) settled(ctx context.Context, t *Target) error {
	var now unitState
	err := wait.PollUntilContextTimeout(ctx, unitPoll, unitLimit, true, func(ctx context.Context) (bool, error) {
		var err error
		now, err = readUnit(ctx, t, s.Node, s.Unit)
		return now.Active == s.Active && slices.Equal(now.Links, s.Links), err
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("%s on %s is not as it was: active %t (was %t), links %q (were %q); look at it with journalctl -u %s: %w",
			s.Unit, s.Node, now.Active, s.Active, now.Links, s.Links, s.Unit, err)
	}
	return err
}

func (s unitState) systemctl(ctx context.Context, t *Target, verb string) error {
	if err := onNode(ctx, t, s.Node, "systemctl", verb, s.Unit); err != nil {
		return fmt.Errorf("systemctl %s %s on %s: %w", verb, s.Unit, s.Node, err)
	}
	return nil
}

// readUnit looks at a unit.
func readUnit(ctx context.Context, t *Target, node, unit string) (unitState, error) {
	state := unitState{Node: node, Unit: unit}
	if t.Nodes == nil {
		return state, errors.New("this cluster gives no access to its nodes, so no unit can be stopped; use one made by firedrill up")
	}
	shown, err := t.Nodes.Run(ctx, node, "systemctl", "show", "--property=LoadState,ActiveState", unit)
	if err != nil {
		return state, fmt.Errorf("look at %s on %s: %w", unit, node, err)
	}
	if strings.Contains(shown, "LoadState=not-found") {
		return state, fmt.Errorf("%s has no unit %s; systemctl list-units in the node lists those it has", node, unit)
	}
	// strictly active: a unit that crashes in a loop is "activating" most of the time
	state.Active = strings.Contains("\n"+shown+"\n", "\nActiveState=active\n")
	links, err := t.Nodes.Run(ctx, node, "find", "/etc/systemd/system", "-type", "l", "-name", unit, "-printf", `%p %l\n`)
	if err != nil {
		return state, fmt.Errorf("look at the links of %s on %s: %w", unit, node, err)
	}
	state.Links = strings.FieldsFunc(links, func(r rune) bool { return r == '\n' })
	slices.Sort(state.Links)
	return state, nil
}

func onNode(ctx context.Context, t *Target, node string, command ...string) error {
	if t.Nodes == nil {
		return errors.New("this cluster gives no access to its nodes")
	}
	_, err := t.Nodes.Run(ctx, node, command...)
	return err
}
