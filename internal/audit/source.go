package audit

import "bytes"

// begun takes away what a write's command has read before, and names the command.
func (f *folder) begun(r *request) string {
	verb := writeVerb(r)
	first := f.consume(r, func(p *pending) bool { return r.of(p.Target) || p.source(r, verb) })
	if first == nil {
		return verb
	}
	if !first.List { // a write of many may list them, then read each
		f.consume(r, func(p *pending) bool {
			return p.List && !p.Paged && p.source(r, verb) && first.Event.Time.Sub(p.Last) <= loose
		})
	}
	switch {
	case verb == "patch" && first.History && r.mayUndo():
		return "rollout undo"
	case verb == "set":
		f.setFrom(r, first)
	}
	return verb
}

// source recognises the read with which a write begins that is not of its object: the
// workload that expose and autoscale take their selector from, the node or pod of a debug,
// the list from which a write of many takes its names. That one is not in pages, where a
// person's get is. Only cordon's is, which would have read a node that it was given by name.
func (p *pending) source(r *request, verb string) bool {
	switch verb {
	case "expose", "autoscale", "debug":
		return !p.List
	case "delete", "scale", "set", "label", "annotate", "taint",
		"rollout restart", "rollout pause", "rollout resume", "rollout undo":
		return !p.Paged && p.lists(r)
	case "cordon", "uncordon":
		return p.near(r) && p.lists(r)
	}
	return false
}

// lists tells whether a read is a list in which a request's object stands.
func (p *pending) lists(r *request) bool {
	return p.List && p.Target.Resource == r.Resource && p.Target.APIGroup == r.APIGroup &&
		(p.Target.Namespace == r.Namespace || p.Target.Namespace == "")
}

// setFrom takes away the read of the Secret or ConfigMap from which a set env --from takes
// the names of its variables, right before it reads what it sets them in.
func (f *folder) setFrom(r *request, first *pending) {
	f.consume(r, func(p *pending) bool {
		ref := keyRefs[p.Target.Resource]
		return ref != "" && !p.List && p.Target.Namespace == r.Namespace &&
			first.Event.Time.Sub(p.Last) <= tight &&
			bytes.Contains(r.body, []byte(ref)) && bytes.Contains(r.body, []byte(`"name":"`+p.Target.Name+`"`))
	})
}

// keyRefs are how a variable names what it takes its value from.
var keyRefs = map[string]string{ //nolint:gochecknoglobals // a constant table
	"secrets": `"secretKeyRef"`, "configmaps": `"configMapKeyRef"`,
}
