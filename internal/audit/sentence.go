package audit

import (
	"strconv"
	"strings"

	"github.com/firedrill/firedrill/internal/timeline"
)

// newEvent makes the event of a request, without its detail and sentence.
func newEvent(r *request, verb string) timeline.Event {
	resource := r.Resource
	if r.Subresource != "" && sessionVerbs[r.Subresource] == "" && !resourceIn(r.Subresource, "scale", "eviction", "token", "approval", "ephemeralcontainers") {
		resource += "/" + r.Subresource
	}
	e := timeline.Event{
		Time: r.received, ID: r.id(), Source: timeline.SourceAudit, Actor: r.actor, Verb: verb,
		Resource: clip(resource, 128), Namespace: clip(r.Namespace, 253), Name: clip(r.Name, 253), Code: r.code,
	}
	if resource == "events" {
		e.Name = clip(r.field("involvedObject.name"), 253)
	}
	if r.list() && r.query.labels != "" {
		e.Detail = "selector " + clip(r.query.labels, 128)
	}
	if r.list() && resource == "namespaces" || verb == "get" && r.list() && r.Namespace == "" && namespaced(r) {
		e.Detail = join([]string{"all namespaces", e.Detail})
	}
	return e
}

// namespaced tells of the usual resources whether they live in namespaces.
func namespaced(r *request) bool {
	return !resourceIn(r.Resource, "nodes", "namespaces", "persistentvolumes", "storageclasses", "clusterroles",
		"clusterrolebindings", "customresourcedefinitions", "priorityclasses", "ingressclasses", "csinodes",
		"csidrivers", "runtimeclasses", "apiservices", "certificatesigningrequests", "volumeattachments",
		"mutatingwebhookconfigurations", "validatingwebhookconfigurations", "componentstatuses")
}

// tell adds the sentence.
func tell(e timeline.Event) timeline.Event {
	e.Text = sentence(e)
	return e
}

// phrases hold how a verb is told: what was done, and what was tried to be done.
var phrases = map[string]struct{ past, base string }{ //nolint:gochecknoglobals // a constant table
	"get":              {"got", "get"},
	"describe":         {"described", "describe"},
	"logs":             {"read the logs of", "read the logs of"},
	"top":              {"looked at the usage of", "look at the usage of"},
	"events":           {"looked at the events", "look at the events"},
	"wait":             {"waited for", "wait for"},
	"exec":             {"ran a command in", "run a command in"},
	"cp":               {"copied files from or to", "copy files from or to"},
	"attach":           {"attached to", "attach to"},
	"port-forward":     {"forwarded a port to", "forward a port to"},
	"proxy":            {"sent a request to", "send a request to"},
	"rollout":          {"changed the rollout of", "change the rollout of"},
	"rollout status":   {"watched the rollout of", "watch the rollout of"},
	"rollout history":  {"looked at the rollout history of", "look at the rollout history of"},
	"rollout restart":  {"restarted the rollout of", "restart the rollout of"},
	"rollout pause":    {"paused the rollout of", "pause the rollout of"},
	"rollout resume":   {"resumed the rollout of", "resume the rollout of"},
	"rollout undo":     {"rolled back", "roll back"},
	"edit":             {"edited", "edit"},
	"patch":            {"patched", "patch"},
	"set":              {"set fields of", "set fields of"},
	"scale":            {"scaled", "scale"},
	"label":            {"labelled", "label"},
	"annotate":         {"annotated", "annotate"},
	"taint":            {"changed the taints of", "change the taints of"},
	"apply":            {"applied", "apply"},
	"create":           {"created", "create"},
	"create token":     {"created a token of", "create a token of"},
	"run":              {"ran", "run"},
	"expose":           {"exposed", "expose"},
	"autoscale":        {"created", "create"},
	"replace":          {"replaced", "replace"},
	"delete":           {"deleted", "delete"},
	"cordon":           {"cordoned", "cordon"},
	"uncordon":         {"uncordoned", "uncordon"},
	"drain":            {"began to drain", "drain"},
	"evict":            {"evicted", "evict"},
	"debug":            {"started a debug container:", "start a debug container:"},
	"diff":             {"compared with a file:", "compare with a file:"},
	"certificate":      {"decided on", "decide on"},
	"auth can-i":       {"asked what is allowed", "ask what is allowed"},
	"auth whoami":      {"asked for the own identity", "ask for the own identity"},
	verbClusterInfo:    {"looked at the cluster as a whole", "look at the cluster as a whole"},
	verbVersion:        {"asked for the version of the API server", "ask for the version of the API server"},
	verbResources:      {"listed the kinds of objects", "list the kinds of objects"},
	verbVersions:       {"listed the versions of the API", "list the versions of the API"},
	verbExplain:        {"looked up the fields of objects", "look up the fields of objects"},
	"watch":            {"watched", "watch"},
	"update":           {"updated", "update"},
	"deletecollection": {"deleted all", "delete all"},
}

// ofTheAPI are the sentences of what is about no object, of verbs that usually are about one.
var ofTheAPI = map[string]string{ //nolint:gochecknoglobals // a constant table
	"top":   "asked for metrics, and there were none",
	"proxy": "opened a proxy to the API server",
}

func phraseOf(verb string) (past, base string) {
	if phrase, ok := phrases[verb]; ok {
		return phrase.past, phrase.base
	}
	return verb + ":", verb
}

// sentence says what an event is about: "described pod checkout-7f9c".
func sentence(e timeline.Event) string {
	object := objectText(e)
	past, _ := phraseOf(e.Verb)
	var text string
	switch {
	case e.Code >= 400:
		return refused(e, object)
	case e.Resource == "" && ofTheAPI[e.Verb] != "":
		return ofTheAPI[e.Verb]
	case e.Verb == "get" && e.Detail == "watch":
		text, e.Detail = "watched "+object, ""
	case e.Verb == "get" && e.Name == "":
		text = "listed " + object
	case e.Verb == "logs" && strings.Contains(e.Detail, "previous"):
		text = "read the logs of the previous container of " + object
	case e.Verb == "events" && e.Name != "":
		text = "looked at the events of " + e.Name
	case e.Verb == "events" || e.Resource == "" || strings.HasPrefix(e.Verb, "auth "):
		text = past
	default:
		text = past + " " + object
	}
	return text + detailText(e)
}

// refused says that the API server did not do it, and why when its code tells.
func refused(e timeline.Event, object string) string {
	_, base := phraseOf(e.Verb)
	what, code := strings.TrimSpace(base+" "+object), " ("+strconv.Itoa(e.Code)+")"
	switch {
	case e.Verb == "evict" && e.Code == 429:
		return "was refused: " + what + ", a disruption budget holds it" + code
	case e.Code == 401 || e.Code == 403:
		return "was refused: " + what + inNamespace(e) + code
	case e.Code == 404:
		return "tried to " + what + ": not found" + code
	case e.Code == 409:
		return "tried to " + what + ": conflict" + code
	}
	return "tried to " + what + ": failed" + code + detailText(e)
}

func inNamespace(e timeline.Event) string {
	if e.Namespace == "" {
		return ""
	}
	return " in " + e.Namespace
}

func detailText(e timeline.Event) string {
	if e.Detail == "" {
		return ""
	}
	if e.Writes {
		return ": " + e.Detail
	}
	return " (" + e.Detail + ")"
}

// objectText names the object as a person does: pod checkout-7f9c, nodes.
func objectText(e timeline.Event) string {
	if strings.HasPrefix(e.Resource, "pods,replicationcontrollers,services,") {
		return "all" // the category that kubectl get all expands to
	}
	if e.Name == "" {
		return strings.ReplaceAll(e.Resource, ",", ", ")
	}
	return singular(e.Resource) + " " + e.Name
}

func singular(resource string) string {
	base, sub, _ := strings.Cut(resource, "/")
	switch {
	case strings.HasSuffix(base, "ies"):
		base = strings.TrimSuffix(base, "ies") + "y"
	case strings.HasSuffix(base, "sses") || strings.HasSuffix(base, "uses"):
		base = strings.TrimSuffix(base, "es")
	case base == "endpoints":
	default:
		base = strings.TrimSuffix(base, "s")
	}
	if sub != "" {
		return base + "/" + sub
	}
	return base
}
