package scenario

import (
	"reflect"
	"strings"
)

// The tags that say what a scenario may hold. The decoder, the JSON Schema and the
// reference read the same ones, so the three cannot drift apart. They work in the
// params structs of check, perturbation and fault kinds too:
//
//	yaml:"name"        the field's name; a Go field without it is no field of the scenario
//	yaml:",inline"     the struct's own fields stand beside this one's neighbours
//	doc:"..."          one or two sentences for the author of a scenario
//	required:"true"    must be there and must not be empty
//	enum:"a,b"         one of these
//	default:"10"       the value when it is left out
//	min:"1" max:"50"   bounds of a number or a duration, or of how many items a list has
//	format:"dns-label" a form that Formats names
const (
	tagYAML     = "yaml"
	tagDoc      = "doc"
	tagRequired = "required"
	tagEnum     = "enum"
	tagDefault  = "default"
	tagMin      = "min"
	tagMax      = "max"
	tagFormat   = "format"
)

// field is one field of a scenario, as its Go field's tags say.
type field struct {
	name     string
	doc      string
	required bool
	enum     []string
	def      string
	min, max string
	format   string
	index    []int
	typ      reflect.Type
}

// fieldsOf lists the fields of a struct type in the order they are written.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, tagged := sf.Tag.Lookup(tagYAML)
		name, options, _ := strings.Cut(tag, ",")
		if !tagged || name == "-" || !(sf.IsExported() || sf.Anonymous) {
			continue
		}
		if strings.Contains(options, "inline") && sf.Type.Kind() == reflect.Struct {
			for _, inner := range fieldsOf(sf.Type) {
				inner.index = append([]int{i}, inner.index...)
				fields = append(fields, inner)
			}
			continue
		}
		if name == "" {
			name = strings.ToLower(sf.Name)
		}
		fields = append(fields, newField(name, i, sf))
	}
	return fields
}

func newField(name string, index int, sf reflect.StructField) field {
	f := field{
		name:     name,
		doc:      sf.Tag.Get(tagDoc),
		required: sf.Tag.Get(tagRequired) == "true",
		def:      sf.Tag.Get(tagDefault),
		min:      sf.Tag.Get(tagMin),
		max:      sf.Tag.Get(tagMax),
		format:   sf.Tag.Get(tagFormat),
		index:    []int{index},
		typ:      sf.Type,
	}
	if enum := sf.Tag.Get(tagEnum); enum != "" {
		f.enum = strings.Split(enum, ",")
	}
	return f
}

func fieldNames(fields []field) []string {
	names := make([]string, 0, len(fields))
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}
