package audit

import (
	"bytes"
	"regexp"
	"strings"
)

// shortened are beginnings of paths that say nothing to a person.
var shortened = []string{"spec.template.spec.", "spec.template.", "spec."} //nolint:gochecknoglobals // a constant table

// bookkeeping are beginnings of the fields of metadata that are not told.
var bookkeeping = []string{ //nolint:gochecknoglobals // a constant table
	"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "name",
	"annotations.kubectl.kubernetes.io/", "ownerReferences",
}

// containerIndex is the place of a container in a JSON patch's path.
var containerIndex = regexp.MustCompile(`^(initC|c)ontainers\.\d+\.`)

// skipped are bookkeeping fields, and annotations: their values may hold anything.
func skipped(path []byte) bool {
	field, ok := bytes.CutPrefix(path, []byte("metadata."))
	if !ok {
		return false
	}
	for _, prefix := range bookkeeping {
		if len(field) >= len(prefix) && string(field[:len(prefix)]) == prefix {
			return true
		}
	}
	return false
}

// summarised tells whether a field of a whole object is worth telling: by its name, or by
// the name of what it is in.
func summarised(path []byte) bool {
	if bytes.HasPrefix(path, []byte("spec.strategy")) || bytes.HasPrefix(path, []byte("spec.updateStrategy")) {
		return false
	}
	dot := bytes.LastIndexByte(path, '.')
	switch string(path[dot+1:]) {
	case "replicas", "image", "minAvailable", "maxUnavailable", "minReplicas", "maxReplicas", "paused", "unschedulable",
		"taints", "suspend", "nodeName", "hostNetwork":
		return true
	}
	if dot < 0 {
		return false
	}
	switch string(path[bytes.LastIndexByte(path[:dot], '.')+1 : dot]) {
	case "limits", "requests", "hard":
		return true
	}
	return false
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
