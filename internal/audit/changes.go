package audit

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxChanges is how many changes of a write are told.
const maxChanges = 6

// changes collects the changes that a body makes.
type changes struct {
	whole bool // the body is an object, not a patch: only its summary is told
	found []string
	path  []byte // of what is looked at
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
func (w *changes) read(body *element) {
	switch {
	case body.is('['):
		for step := body.first; step != nil; step = step.next {
			w.operation(step)
		}
	case body.is('{'):
		w.walk(body, "")
	}
	// Anything else is a patch in another format, of which nothing can be told.
}

// operation tells a step of a JSON patch.
func (w *changes) operation(step *element) {
	if !step.is('{') {
		return
	}
	op, path := step.get("op").print(), step.get("path").print()
	if op == "test" || strings.HasPrefix(path, "/metadata/managedFields") {
		return
	}
	dotted := strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."), "~1", "/")
	if op == "remove" {
		w.found = append(w.found, shorten(dotted)+" removed")
		return
	}
	value := step.get("value")
	inner := &changes{whole: value.container(), path: []byte(dotted)}
	inner.value(value)
	w.found = append(w.found, inner.found...)
}

// walk tells what is in an object, but for one key.
func (w *changes) walk(object *element, but string) {
	above := len(w.path)
	for child := object.first; child != nil; child = child.next {
		if w.path = w.path[:above]; uninteresting(w.path, child.key) || but != "" && string(child.key) == but {
			continue
		}
		if above > 0 {
			w.path = append(w.path, '.')
		}
		w.path = append(w.path, child.key...)
		if !skipped(w.path) {
			w.value(child)
		}
	}
	w.path = w.path[:above]
}

// uninteresting are directives of a patch, and what every object has.
func uninteresting(path, key []byte) bool {
	if len(path) > 0 {
		return bytes.HasPrefix(key, []byte("$"))
	}
	return bytes.HasPrefix(key, []byte("$")) || string(key) == "status" || string(key) == "kind" || string(key) == "apiVersion"
}

// value tells what stands at the path.
func (w *changes) value(value *element) {
	switch {
	case bytes.HasSuffix(w.path, []byte("taints")):
		w.taints(value)
		return
	case w.whole && !value.container() && (value.is('f') || !summarised(w.path)):
		return
	}
	switch {
	case value.null():
		w.found = append(w.found, shorten(string(w.path))+" removed")
	case value.is('{'):
		w.walk(value, "")
	case value.is('['):
		w.list(value)
	default:
		w.scalar(value)
	}
}

func (w *changes) scalar(value *element) {
	name := w.path[bytes.LastIndexByte(w.path, '.')+1:]
	if _, key, ok := bytes.Cut(w.path, []byte("data.")); ok { // password.txt is one key
		name = key
	}
	text := string(value.text)
	if value.is('0') && !wholeNumber(value.text) {
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			text = strconv.FormatFloat(number, 'f', -1, 64)
		}
	}
	if bytes.Contains(w.path, []byte("annotations.")) || bytes.HasPrefix(w.path, []byte("stringData.")) {
		text = hidden
	}
	w.add(shorten(string(w.path)), redactValue(string(name), text))
}

// list tells a list of things with names (containers, variables) by their names, and
// of anything else the values.
func (w *changes) list(list *element) {
	var plain []string
	path := string(w.path)
	place := 0
	for item := list.first; item != nil; item = item.next {
		if item.is('{') {
			w.item(path, place, item)
			w.path = append(w.path[:0], path...)
		} else {
			plain = append(plain, item.print())
		}
		place++
	}
	if len(plain) > 0 && (!w.whole || summarised(w.path)) {
		w.add(shorten(path), "["+redactCommand(plain)+"]")
	}
}

// item tells one of a list of things.
func (w *changes) item(path string, place int, item *element) {
	name := item.get("name").string()
	switch {
	case item.get("$patch").string() == "delete":
		w.found = append(w.found, shorten(path)+" "+name+" removed")
	case strings.HasSuffix(path, ".env") || path == "env":
		w.variable(name, item)
	case strings.HasSuffix(strings.ToLower(path), "containers"):
		w.path = w.path[:max(0, strings.LastIndexByte(path, '.'))]
		w.walk(item, "name")
	default:
		if name == "" {
			name = strconv.Itoa(place)
		}
		w.path = append(append(w.path, '.'), name...)
		w.walk(item, "name")
	}
}

func (w *changes) variable(name string, variable *element) {
	if w.whole {
		return
	}
	value := "(from elsewhere)"
	if given := variable.get("value"); given.is('"') {
		value = given.string()
	}
	w.found = append(w.found, "env "+clip(name, 60)+"="+redactValue(name, value))
}

// taints tells all taints that a node has after a write, so that a missing one shows.
func (w *changes) taints(list *element) {
	if !list.is('[') || list.first == nil {
		w.found = append(w.found, "taints removed")
		return
	}
	var taints []string
	for taint := list.first; taint != nil; taint = taint.next {
		if !taint.is('{') {
			continue
		}
		text := taint.get("key").print()
		if value := taint.get("value").string(); value != "" {
			text += "=" + value
		}
		taints = append(taints, text+":"+taint.get("effect").print())
	}
	w.add("taints", strings.Join(taints, ","))
}
