package audit

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxChanges is how many changes of a write are told.
const maxChanges = 6

// shortened are beginnings of paths that say nothing to a person.
var shortened = []string{"spec.template.spec.", "spec.template.", "spec."} //nolint:gochecknoglobals // a constant table

// summary are the fields told of an object that is written as a whole, by their
// name or, with a dot at the end, by the name of what they are in.
var summary = []string{ //nolint:gochecknoglobals // a constant table
	"replicas", "image", "limits.", "requests.", "hard.", "minAvailable", "maxUnavailable", "minReplicas",
	"maxReplicas", "paused", "unschedulable", "taints", "suspend", "nodeName", "hostNetwork",
}

// containerIndex is the place of a container in a JSON patch's path.
var containerIndex = regexp.MustCompile(`^(initC|c)ontainers\.\d+\.`)

// changes collects the changes that a body makes.
type changes struct {
	whole bool // the body is an object, not a patch: only its summary is told
	found []string
}

func (w *changes) add(path, value string) {
	if change := path + "=" + value; !slices.Contains(w.found, change) {
		w.found = append(w.found, change)
	}
}

func (w *changes) only(prefix string) {
	w.found = slices.DeleteFunc(w.found, func(change string) bool { return !strings.HasPrefix(change, prefix) })
}

func (w *changes) text() string {
	if over := len(w.found) - maxChanges; over > 0 {
		w.found = append(w.found[:maxChanges], fmt.Sprintf("%d more", over))
	}
	return join(w.found)
}

// read takes the changes from a body.
func (w *changes) read(data []byte) {
	var body any
	if json.Unmarshal(data, &body) != nil {
		return // not JSON: a patch in another format, of which nothing can be told
	}
	switch body := body.(type) {
	case []any:
		w.operations(body)
	case map[string]any:
		w.walk("", body)
	}
}

// operations tells a JSON patch.
func (w *changes) operations(operations []any) {
	for _, each := range operations {
		operation, ok := each.(map[string]any)
		if !ok {
			continue
		}
		op, path := fmt.Sprint(operation["op"]), fmt.Sprint(operation["path"])
		if op == "test" || strings.HasPrefix(path, "/metadata/managedFields") {
			continue
		}
		dotted := strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."), "~1", "/")
		if op == "remove" {
			w.found = append(w.found, shorten(dotted)+" removed")
			continue
		}
		inner := &changes{whole: isContainer(operation["value"])}
		inner.value(dotted, operation["value"])
		w.found = append(w.found, inner.found...)
	}
}

func isContainer(value any) bool {
	_, object := value.(map[string]any)
	_, list := value.([]any)
	return object || list
}

// walk tells an object, in the order of its keys.
func (w *changes) walk(path string, object map[string]any) {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if strings.HasPrefix(key, "$") || path == "" && (key == "status" || key == "kind" || key == "apiVersion") {
			continue
		}
		at := key
		if path != "" {
			at = path + "." + key
		}
		if skipped(at) {
			continue
		}
		w.value(at, object[key])
	}
}

// skipped are bookkeeping fields, and annotations: their values may hold anything.
func skipped(path string) bool {
	for _, prefix := range []string{
		"metadata.managedFields", "metadata.resourceVersion", "metadata.uid", "metadata.creationTimestamp",
		"metadata.generation", "metadata.name", "metadata.annotations.kubectl.kubernetes.io/", "metadata.ownerReferences",
	} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

func (w *changes) value(path string, value any) {
	switch {
	case strings.HasSuffix(path, "taints"):
		w.taints(value)
		return
	case w.whole && !isContainer(value) && (value == false || !summarised(path)):
		return
	}
	switch value := value.(type) {
	case nil:
		w.found = append(w.found, shorten(path)+" removed")
	case map[string]any:
		w.walk(path, value)
	case []any:
		w.list(path, value)
	default:
		w.scalar(path, value)
	}
}

func (w *changes) scalar(path string, value any) {
	name := path[strings.LastIndexByte(path, '.')+1:]
	text := fmt.Sprint(value)
	if number, ok := value.(float64); ok {
		text = strconv.FormatFloat(number, 'f', -1, 64)
	}
	if strings.Contains(path, "annotations.") || strings.HasPrefix(path, "stringData.") {
		text = hidden
	}
	w.add(shorten(path), redactValue(name, text))
}

// list tells a list of things with names (containers, variables) by their names, and
// of anything else the values.
func (w *changes) list(path string, items []any) {
	var plain []string
	for i, item := range items {
		object, ok := item.(map[string]any)
		if !ok {
			plain = append(plain, fmt.Sprint(item))
			continue
		}
		name, _ := object["name"].(string)
		switch {
		case object["$patch"] == "delete":
			w.found = append(w.found, shorten(path)+" "+name+" removed")
		case strings.HasSuffix(path, ".env") || path == "env":
			w.variable(name, object)
		case strings.HasSuffix(strings.ToLower(path), "containers"):
			w.walk(path[:max(0, strings.LastIndexByte(path, '.'))], without(object, "name"))
		default:
			if name == "" {
				name = strconv.Itoa(i)
			}
			w.walk(path+"."+name, without(object, "name"))
		}
	}
	if len(plain) > 0 && (!w.whole || summarised(path)) {
		w.add(shorten(path), "["+redactCommand(plain)+"]")
	}
}

func (w *changes) variable(name string, object map[string]any) {
	if w.whole {
		return
	}
	value, ok := object["value"].(string)
	if !ok {
		value = "(from elsewhere)"
	}
	w.found = append(w.found, "env "+clip(name, 60)+"="+redactValue(name, value))
}

// taints tells all taints that a node has after a write, so that a missing one shows.
func (w *changes) taints(value any) {
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		w.found = append(w.found, "taints removed")
		return
	}
	var taints []string
	for _, item := range list {
		if taint, ok := item.(map[string]any); ok {
			text := fmt.Sprint(taint["key"])
			if value, ok := taint["value"].(string); ok && value != "" {
				text += "=" + value
			}
			taints = append(taints, text+":"+fmt.Sprint(taint["effect"]))
		}
	}
	w.add("taints", strings.Join(taints, ","))
}

// summarised tells whether a field of a whole object is worth telling.
func summarised(path string) bool {
	parts := strings.Split(path, ".")
	last := parts[len(parts)-1]
	if strings.HasPrefix(path, "spec.strategy") || strings.HasPrefix(path, "spec.updateStrategy") {
		return false
	}
	return slices.Contains(summary, last) || len(parts) > 1 && slices.Contains(summary, parts[len(parts)-2]+".")
}

// shorten takes from a path what says nothing: resources.limits.memory is
// limits.memory to a person.
func shorten(path string) string {
	for _, prefix := range shortened {
		if rest, ok := strings.CutPrefix(path, prefix); ok && rest != "" {
			path = rest
			break
		}
	}
	path = strings.TrimPrefix(path, "metadata.")
	path = replaceIf(containerIndex, strings.Contains(path, "ontainers."), path, "")
	path = strings.TrimPrefix(path, "resources.")
	return clip(path, 80)
}

func without(object map[string]any, key string) map[string]any {
	rest := make(map[string]any, len(object))
	for k, v := range object {
		if k != key {
			rest[k] = v
		}
	}
	return rest
}
