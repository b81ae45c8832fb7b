package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/firedrill/firedrill/internal/timeline"
)

// managers are the field managers by which kubectl signs its writes, and the
// commands that use them. kubectl-rollout's three are told apart by what they write.
var managers = map[string]string{ //nolint:gochecknoglobals // a constant table
	"kubectl-edit":              "edit",
	"kubectl-patch":             "patch",
	"kubectl-set":               "set",
	"kubectl-label":             "label",
	"kubectl-annotate":          "annotate",
	"kubectl-taint":             "taint",
	"kubectl-create":            "create",
	"kubectl-run":               "run",
	"kubectl-expose":            "expose",
	"kubectl-autoscale":         "autoscale",
	"kubectl-replace":           "replace",
	"kubectl-client-side-apply": "apply",
	"kubectl-last-applied":      "apply",
	"kubectl":                   "apply", // --server-side
}

// write handles what changes the system. It is told at once, whatever it may be part of.
func (f *folder) write(r *request) []timeline.Event {
	verb := f.begun(r)
	if schema := f.recall(r, isSchema, slowly, anyAction); schema != nil {
		f.useSchema(schema, r)
	}
	if f.applied(r, verb) {
		return nil
	}
	e := newEvent(r, verb)
	e.Writes = !r.dryRun()
	e.Detail = writeDetail(r, verb)
	switch {
	case verb == "evict":
		if f.refusedAgain(r) {
			return nil
		}
		f.inDrain(r, &e)
	case verb == "delete" && r.Resource == "pods":
		if f.inDrain(r, &e) {
			e.Detail = join([]string{e.Detail, "without eviction"})
			verb = "evict" // its pods are polled for
		}
	}
	if r.dryRun() {
		e.Detail = join([]string{"dry run", e.Detail})
	}
	key := ""
	if verb == "apply" {
		key = sumOf(r.body) // by which applied knows it again
	}
	f.remember(r, verb, key)
	return []timeline.Event{tell(e)}
}

// subresourceVerbs are the commands that write to a subresource of their own.
var subresourceVerbs = map[string]string{ //nolint:gochecknoglobals // a constant table
	"eviction": "evict", "scale": "scale", "token": "create token", "ephemeralcontainers": "debug", "approval": "certificate",
}

// writeVerb names a write as kubectl does.
func writeVerb(r *request) string {
	manager := r.manager()
	if verb, ok := subresourceVerbs[r.Subresource]; ok && (verb != "scale" || managers[manager] == "") {
		return verb // but patch --subresource=scale signs as patch does, and scale not at all
	}
	switch {
	case r.verb == "delete", r.verb == "deletecollection":
		return "delete"
	case r.dryRun() && manager == "kubectl-client-side-apply" && !r.query.has(paramFieldValidation):
		return "diff"
	case manager == "kubectl-rollout":
		return rolloutVerb(r.body)
	}
	if verb, ok := managers[manager]; ok {
		return verb
	}
	return unsignedVerb(r)
}

// unsignedVerb names a write without a field manager that kubectl is known by.
func unsignedVerb(r *request) string {
	switch {
	case r.kubectl && r.verb == "create" && r.Resource == "pods" && r.manager() == "":
		return "debug" // run, create and apply sign what they create
	case r.mayUndo() && r.replacesTemplate():
		return "rollout undo"
	case r.kubectl && r.Resource == "nodes" && onlyUnschedulable(r.object):
		if bytes.Contains(r.body, []byte("true")) {
			return "cordon"
		}
		return "uncordon"
	case r.verb == "update":
		return "replace"
	}
	return r.verb
}

// rolloutVerb tells kubectl-rollout's commands apart.
func rolloutVerb(body []byte) string {
	switch {
	case bytes.Contains(body, []byte("restartedAt")):
		return "rollout restart"
	case bytes.Contains(body, []byte(`"paused":true`)):
		return "rollout pause"
	case bytes.Contains(body, []byte(`"paused"`)):
		return "rollout resume"
	}
	return "rollout"
}

// mayUndo tells whether a request may be rollout undo, which writes a whole template and signs
// nothing: it has read the revisions before, or replaces the template as no other command does.
func (r *request) mayUndo() bool {
	return r.verb == "patch" && r.manager() == "" && rolls(r.Resource) && r.kubectl
}

func (r *request) replacesTemplate() bool {
	return bytes.Contains(r.body, []byte(`"path":"/spec/template"`)) || bytes.Contains(r.body, []byte(`"$patch":"replace"`))
}

// applied recognises what a server-side apply writes after its first request: the
// names of the fields' managers, and the same object again.
func (f *folder) applied(r *request, verb string) bool {
	if verb != "apply" || r.verb != "patch" {
		return false
	}
	before := f.recall(r, isApply, window, func(a *recent) bool { return r.of(a.Target) })
	if before == nil {
		return false
	}
	same, bookkeeping := before.Key == sumOf(r.body), keepsBooks(r)
	if !same && !bookkeeping {
		return false
	}
	f.goOn(before, r)
	return true
}

// keepsBooks tells whether a patch writes nothing but who manages which field. Keys are
// taken as Kubernetes does: in their own case alone.
func keepsBooks(r *request) bool {
	if r.object.is('[') {
		for step := r.object.first; step != nil; step = step.next {
			if path := step.get("path").string(); path != "/metadata/managedFields" && path != "/metadata/resourceVersion" {
				return false
			}
		}
		return true
	}
	if r.manager() != "kubectl-last-applied" || !r.object.is('{') {
		return false
	}
	for field := r.object.first; field != nil; field = field.next {
		if key := string(field.key); key != "apiVersion" && key != "kind" && key != "metadata" {
			return false
		}
	}
	return true
}

// sumOf identifies a body without keeping it.
func sumOf(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// refusedAgain: a drain asks again every five seconds for what a disruption budget
// holds. Nothing is written then, and it is told once.
func (f *folder) refusedAgain(r *request) bool {
	if r.code != 429 {
		return false
	}
	a := f.recall(r, isEvict, polling, func(a *recent) bool { return a.Code == 429 && sameName(r, a) })
	if a == nil {
		return false
	}
	f.goOn(a, r)
	f.draining(r)
	return true
}

func sameName(r *request, a *recent) bool {
	return a.Target.Resource == r.Resource && a.Target.Namespace == r.Namespace && a.Target.Name == r.Name
}

// inDrain notes that a pod's removal is part of a drain.
func (f *folder) inDrain(r *request, e *timeline.Event) bool {
	node := f.draining(r)
	if node == "" {
		return false
	}
	e.Detail = join([]string{"drain of node " + node, e.Detail})
	return true
}
