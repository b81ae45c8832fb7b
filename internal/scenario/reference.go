package scenario

import (
	"bytes"
	_ "embed"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

//go:embed reference.md
var referenceText string // what no tag can say

// Reference returns docs/reference.md: every field, every kind, and the
// rules that hold between files.
func Reference(kinds Kinds) []byte {
	r := &reference{seen: map[reflect.Type]bool{}}
	r.out.WriteString(referenceText)
	r.out.WriteString("\n## Fields\n")
	r.structure("The document", "", reflect.TypeFor[Scenario]())
	r.kinds("Check kinds", "Under `type:` of a check or a safeguard.", kinds.Checks)
	r.kinds("Perturbation kinds", "Under `type:` of `spec.recovery.perturb`.", kinds.Perturbs)
	r.kinds("Fault kinds", "Under `type:` of `spec.faults` and `spec.setup`.", kinds.Faults)
	return r.out.Bytes()
}

type reference struct {
	out  bytes.Buffer
	seen map[reflect.Type]bool
}

// structure writes a struct's table, then those of the structs in it.
func (r *reference) structure(title, doc string, t reflect.Type) {
	if r.seen[t] {
		return
	}
	r.seen[t] = true
	fmt.Fprintf(&r.out, "\n### %s\n\n", title)
	if doc != "" {
		fmt.Fprintf(&r.out, "%s\n\n", doc)
	}
	fields := fieldsOf(t)
	r.table(fields)
	for _, f := range fields {
		if inner := structIn(f.typ); inner != nil {
			r.structure(inner.Name(), "", inner)
		}
	}
}

func (r *reference) table(fields []field) {
	r.out.WriteString("| Field | Type | | Meaning |\n| --- | --- | --- | --- |\n")
	for _, f := range fields {
		need := ""
		switch {
		case f.required:
			need = "required"
		case f.def != "":
			need = "default `" + f.def + "`"
		}
		fmt.Fprintf(&r.out, "| `%s` | %s | %s | %s |\n", f.name, typeText(f), need, cell(f.doc))
	}
}

func (r *reference) kinds(title, doc string, kinds []KindDoc) {
	fmt.Fprintf(&r.out, "\n## %s\n\n%s\n", title, doc)
	sorted := slices.Clone(kinds)
	slices.SortFunc(sorted, func(a, b KindDoc) int { return strings.Compare(a.Name, b.Name) })
	for _, kind := range sorted {
		fmt.Fprintf(&r.out, "\n### `%s`\n\n%s\n", kind.Name, kind.Doc)
		fields := fieldsOf(reflect.TypeOf(kind.Params).Elem())
		if len(fields) == 0 {
			r.out.WriteString("\nIt has no parameters.\n")
			continue
		}
		r.out.WriteString("\n")
		r.table(fields)
		for _, f := range fields {
			if inner := structIn(f.typ); inner != nil {
				fmt.Fprintf(&r.out, "\nEach of `%s`:\n\n", f.name)
				r.table(fieldsOf(inner))
			}
		}
	}
}

// structIn returns the struct of the scenario that a field holds, or nil.
func structIn(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct && len(fieldsOf(t)) > 0 {
		return t
	}
	return nil
}

// typeText says what may be written in a field.
func typeText(f field) string {
	bounds := ""
	if f.min != "" || f.max != "" {
		bounds = ", " + boundsText(f, reflect.New(f.typ).Elem())
	}
	switch {
	case len(f.enum) == 1:
		return "`" + f.enum[0] + "`"
	case len(f.enum) > 1:
		return "one of `" + strings.Join(f.enum, "`, `") + "`"
	case f.format == formatFile:
		return "file of the folder"
	case f.format == formatStream:
		return "name of a stream under `spec.traffic`"
	case f.format != "":
		_, description := patternOf(f.format)
		name, _, _ := strings.Cut(description, ":")
		return strings.TrimPrefix(name, "a ") + bounds
	}
	return plainType(f.typ) + bounds
}

func plainType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Params]():
		return "the kind's fields"
	case t == reflect.TypeFor[Duration](), t == reflect.TypeFor[time.Duration]():
		return "duration"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Pointer:
		return plainType(t.Elem())
	case reflect.Slice:
		return "list of " + plainType(t.Elem())
	case reflect.Map:
		return "map of " + plainType(t.Elem())
	case reflect.Interface:
		return "any"
	case reflect.Struct:
		return t.Name()
	}
	return "whole number"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
