package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// UnitsPersist is a safeguard: what units of the node run by is still there after its next
// reboot. It is broken while they run by a file that lies in memory (/run, /tmp), or
// something is mounted over the node's settings by hand. What was so at the baseline is the
// node's own way. While one of the units does not run nothing is compared: that is not a
// repair yet.
type UnitsPersist struct {
	nodeRef `yaml:",inline"`
	Units   []string `yaml:"units" doc:"The units: kubelet, containerd." required:"true"`
}

func (c *UnitsPersist) valueKey() string { return "Node/" + c.Node + "/persists" }

// extend takes into the baseline what the units run by.
func (c *UnitsPersist) extend(ctx context.Context, t *Target, b *Baseline) error {
	out, err := t.askUnits(ctx, c.Node, c.Units)
	if err != nil {
		return err
	}
	s, err := parseSettings(c.Node, out)
	if err != nil {
		return err
	}
	if b.Values == nil {
		b.Values = map[string]string{}
	}
	b.Values[c.valueKey()] = s.text()
	return nil
}

// Observe asks the node's systemd, its processes and its mounts.
func (c *UnitsPersist) Observe(ctx context.Context, t *Target) (Observation, error) {
	if t.Baseline == nil {
		return Observation{}, errors.New("no baseline was taken yet")
	}
	text, ok := t.Baseline.Values[c.valueKey()]
	if !ok {
		return Observation{}, fmt.Errorf("the baseline does not say what the units of node %s run by", c.Node)
	}
	before, err := parseSettings(c.Node, text)
	if err != nil {
		return Observation{}, err
	}
	units, err := t.units(ctx, c.Node, c.Units)
	if err != nil {
		return Observation{}, err
	}
	for _, u := range units {
		if !u.isActive() {
			return Observation{Passed: true, Reason: fmt.Sprintf("node %s: %s does not run: there is nothing to compare", c.Node, u.name), Evidence: unitLines(units)}, nil
		}
	}
	out, err := t.askUnits(ctx, c.Node, c.Units)
	if err != nil {
		return Observation{}, err
	}
	now, err := parseSettings(c.Node, out)
	if err != nil {
		return Observation{}, err
	}
	for _, u := range units {
		if u.pid != "0" && !slices.Contains(now.processes, u.pid) {
			return Observation{}, fmt.Errorf("node %s said nothing of what process %s of %s was started with", c.Node, orUnset(u.pid), u.name)
		}
	}
	if lost := now.lost(before); len(lost) > 0 {
		return Observation{Reason: fmt.Sprintf("node %s: %s: the next reboot undoes it", c.Node, lost[0]), Evidence: strings.Join(lost, "; ")}, nil
	}
	return Observation{
		Passed: true, Reason: fmt.Sprintf("node %s: what %s run by survives a reboot", c.Node, strings.Join(c.Units, " and ")),
		Evidence: strings.Join(now.files, " "),
	}, nil
}

// settings is what the units of a node run by.
type settings struct {
	processes, files []string
	mounts           []mount
}

type mount struct{ point, kind string }

// parseSettings reads the lines that unitsScript adds to the units.
func parseSettings(node, out string) (settings, error) {
	var s settings
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "Process":
			s.processes = append(s.processes, value)
		case "File":
			s.files = append(s.files, value)
		case "Mount":
			point, kind, _ := strings.Cut(value, " ")
			s.mounts = append(s.mounts, mount{point, kind})
		}
	}
	slices.Sort(s.files)
	s.files = slices.Compact(s.files)
	if len(s.files) == 0 || len(s.mounts) == 0 { // half an answer is none
		return settings{}, fmt.Errorf("node %s did not say what its units run by", node)
	}
	return s, nil
}

// text is what parseSettings reads. A process tells nothing later.
func (s settings) text() string {
	var lines []string
	for _, file := range s.files {
		lines = append(lines, "File="+file)
	}
	for _, m := range s.mounts {
		lines = append(lines, "Mount="+m.point+" "+m.kind)
	}
	return strings.Join(lines, "\n")
}

// lost says what a reboot takes away that did not lie there before.
func (s settings) lost(before settings) []string {
	known := map[string]int{}
	for _, m := range before.mounts {
		known[m.point]++
	}
	var over, lost []string
	for _, file := range s.files {
		on := s.mountOf(file)
		switch {
		case slices.Contains(before.files, file) && before.mountOf(file) == on:
		case on.inMemory():
			lost = append(lost, fmt.Sprintf("%s, which a unit runs by, lies in memory (%s on %s)", file, on.kind, on.point))
		case known[on.point] == 0:
			lost = append(lost, fmt.Sprintf("%s, which a unit runs by, lies on what was mounted by hand (%s on %s)", file, on.kind, on.point))
		}
	}
	for _, m := range s.mounts {
		known[m.point]--
		if known[m.point] < 0 && m.hidesSettings() {
			over = append(over, fmt.Sprintf("%s was mounted over by hand (%s)", m.point, m.kind))
		}
	}
	return append(over, lost...)
}

// mountOf is the mount that a file lies on: the last of the longest path that holds it.
func (s settings) mountOf(file string) mount {
	var on mount
	for _, m := range s.mounts {
		if within := m.point == "/" || file == m.point || strings.HasPrefix(file, m.point+"/"); within && len(m.point) >= len(on.point) {
			on = m
		}
	}
	return on
}

func (m mount) inMemory() bool {
	return slices.Contains([]string{"tmpfs", "ramfs", "devtmpfs", "proc"}, m.kind)
}

// hidesSettings tells whether what is mounted there hides what a node runs by. What kubelet
// and plugins mount for pods is none of it.
func (m mount) hidesSettings() bool {
	if slices.Contains([]string{"/", "/var", "/var/lib"}, m.point) {
		return true
	}
	if strings.HasPrefix(m.point, "/var/lib/kubelet/pods") || strings.HasPrefix(m.point, "/var/lib/kubelet/plugins") {
		return false
	}
	return slices.ContainsFunc([]string{"/etc", "/usr", "/opt", "/kind", "/var/lib/kubelet"}, func(root string) bool {
		return m.point == root || strings.HasPrefix(m.point, root+"/")
	})
}
