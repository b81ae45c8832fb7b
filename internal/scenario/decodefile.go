package scenario

import "reflect"

// Decode reads a YAML file of one document into a struct (a pointer) by the tags that
// scenario.yaml uses, strictly: every problem at once, with line and column. The
// file is only named in the problems.
func Decode(file string, src []byte, into any) Problems {
	bodies, problems := parseDocuments(file, src)
	switch {
	case len(problems) > 0:
		return problems
	case len(bodies) == 0:
		return Problems{{File: file, Message: "is empty"}}
	case len(bodies) > 1:
		at := positionOf(bodies[1])
		return Problems{{file, at.line, at.column, "holds a second document, and one is wanted"}}
	}
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		return Problems{{File: file, Message: "decodes only into a pointer to a struct"}}
	}
	d := &decoder{file: file}
	d.object(bodies[0], "", positionOf(bodies[0]), target.Elem())
	return d.problems.Sorted()
}
