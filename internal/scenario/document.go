package scenario

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// document holds the scenario against the rules that span fields or that no tag can
// say.
func (l *loader) document() {
	d := &document{decoder: decoder{file: FileName}, body: l.body, scenario: l.folder.Scenario}
	d.name(l.name)
	d.secrecy()
	d.unique()
	d.variants(l.folder.Variant, variantNames(l.body))
	d.variables(l.used)
	d.images(l.folder.Vars[VarBuild])
	d.traffic()
	d.times()
	d.grading()
	l.problems = append(l.problems, d.problems...)
}

type document struct {
	decoder
	body     ast.Node
	scenario *Scenario
}

// wrong reports a problem at a path of keys and indexes.
func (d *document) wrong(path []any, format string, args ...any) {
	d.problem(locate(d.body, path...), "%s: %s", pathText(path), fmt.Sprintf(format, args...))
}

func pathText(path []any) string {
	var text strings.Builder
	for i, step := range path {
		switch s := step.(type) {
		case string:
			if i > 0 {
				text.WriteByte('.')
			}
			text.WriteString(s)
		case int:
			fmt.Fprintf(&text, "[%d]", s)
		}
	}
	return text.String()
}

// name holds the scenario's name against its folder's, where that is known.
func (d *document) name(folder string) {
	if name := d.scenario.Metadata.Name; folder != "" && name != "" && name != folder {
		d.wrong([]any{"metadata", "name"}, "%q is not the folder's name, %q", name, folder)
	}
}

// unique refuses a name that stands for two things. A check may be in several lists
// under one ID: what was healthy before is often what must be healthy again.
func (d *document) unique() {
	spec := d.scenario.Spec
	id := func(c Check) string { return c.ID }
	uniqueNames(d, "id", spec.SteadyState, id, "spec", "steadyState")
	uniqueNames(d, "id", spec.Symptoms, id, "spec", "symptoms")
	uniqueNames(d, "id", spec.Recovery.Checks, id, "spec", "recovery", "checks")
	uniqueNames(d, "name", spec.Safeguards, func(s Safeguard) string { return s.Name }, "spec", "safeguards")
	uniqueNames(d, "name", spec.Traffic, func(t Traffic) string { return t.Name }, "spec", "traffic")
	uniqueNames(d, "name", spec.Variables, func(v Variable) string { return v.Name }, "spec", "variables")
	uniqueNames(d, "name", spec.Images, func(i Image) string { return i.Name }, "spec", "images")
}

func uniqueNames[T any](d *document, key string, items []T, name func(T) string, path ...any) {
	seen := map[string]int{}
	for i, item := range items {
		first, twice := seen[name(item)]
		if twice && name(item) != "" {
			d.wrong(append(slices.Clone(path), i, key), "%q is the %s of %s[%d] too", name(item), key, pathText(path), first)
			continue
		}
		seen[name(item)] = i
	}
}

// reserved are environment names that scripts have for something else.
func reserved(variable string) bool {
	switch EnvName(variable) {
	case "NAMESPACE", "NODE", "RUN", "BUILD", "VARIANT", "KUBECONFIG", "FIREDRILL", "PATH", "HOME", "USER", "SHELL", "PWD", "TMPDIR", "IFS", "LANG", "TERM":
		return true
	}
	return strings.HasPrefix(EnvName(variable), "FIREDRILL_")
}

func (d *document) variables(used map[string]bool) {
	for i, v := range d.scenario.Spec.Variables {
		where := []any{"spec", "variables", i, "name"}
		switch {
		case v.Name == "":
		case reserved(v.Name):
			d.wrong(where, "%q is taken: scripts have $%s for something else", v.Name, EnvName(v.Name))
		case !used[v.Name]:
			d.wrong(where, "%q is defined but nothing uses ${%s}, and no script $%s", v.Name, v.Name, EnvName(v.Name))
		}
	}
}

var imageReference = regexp.MustCompile(`^[a-z0-9]+([._/:-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]*$`)

func (d *document) images(build string) {
	for i, image := range d.scenario.Spec.Images {
		where := []any{"spec", "images", i, "name"}
		switch {
		case image.Name == "":
		case !imageReference.MatchString(image.Name):
			d.wrong(where, "%q is no image reference with a tag, for example shop/${build}/checkout:1.4.2", image.Name)
		case !strings.Contains(image.Name, build):
			d.wrong(where, "%q is without ${build}, so the image of a drill beside this one could take its place in the nodes; write for example shop/${build}/checkout:1.4.2", image.Name)
		}
	}
}

func (d *document) traffic() {
	for i, stream := range d.scenario.Spec.Traffic {
		u, err := url.Parse(stream.URL)
		if stream.URL != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
			d.wrong([]any{"spec", "traffic", i, "url"}, "%q is no URL with http:// and a host", stream.URL)
		}
	}
}

// times refuses a drill that nobody can pass.
func (d *document) times() {
	spec := d.scenario.Spec
	if spec.TimeLimit > 0 && spec.Recovery.Hold >= spec.TimeLimit {
		d.wrong([]any{"spec", "recovery", "hold"}, "%s leaves no time for the repair: the time limit is %s", spec.Recovery.Hold, spec.TimeLimit)
	}
}
