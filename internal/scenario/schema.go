package scenario

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// SchemaID names the schema of this version; nothing is fetched from there.
const SchemaID = "https://firedrill.dev/schema/v1alpha1/scenario.json"

// Patterns of the schema: a value that a variable stands for, and a duration.
const (
	patternReference = `\$\{[a-z][a-z0-9-]*\}`
	patternDuration  = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`
)

// object is a piece of a JSON Schema.
type object = map[string]any

// Schema returns the JSON Schema (draft 2020-12) of scenario.yaml, generated from the
// types' tags and the kinds' parameters. It says what one document can say; the rules
// that span fields and files are lint's alone.
func Schema(kinds Kinds) ([]byte, error) {
	s := &schema{kinds: kinds, defs: object{}}
	root := s.structure(reflect.TypeFor[Scenario]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = SchemaID
	root["title"] = "A firedrill scenario"
	root["$defs"] = s.defs
	data, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(data, '\n'), nil
}

// schema collects definitions.
type schema struct {
	kinds Kinds
	defs  object
}

// structure is the schema of a struct with its fields.
func (s *schema) structure(t reflect.Type) object {
	properties, required := object{}, []string{}
	for _, f := range fieldsOf(t) {
		properties[f.name] = s.property(f)
		if f.required {
			required = append(required, f.name)
		}
	}
	result := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		result["required"] = required
	}
	s.conditions(t, result)
	return result
}

func (s *schema) property(f field) object {
	result := s.typed(f, f.typ)
	if f.doc != "" {
		result["description"] = f.doc
	}
	if f.def != "" {
		result["default"] = jsonDefault(f)
	}
	return result
}

func jsonDefault(f field) any {
	switch f.typ.Kind() {
	case reflect.Bool:
		return f.def == "true"
	case reflect.Int, reflect.Int32, reflect.Float64:
		if n, err := strconv.ParseFloat(f.def, 64); err == nil {
			return n
		}
	}
	return f.def
}

// typed is the schema of a type under a field's rules.
func (s *schema) typed(f field, t reflect.Type) object {
	switch {
	case t.Kind() == reflect.Pointer:
		return s.typed(f, t.Elem())
	case t == reflect.TypeFor[Params]():
		return object{"type": "object"}
	case t == reflect.TypeFor[Duration](), t == reflect.TypeFor[time.Duration]():
		return object{"type": "string", "pattern": patternDuration + "|" + patternReference}
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.String:
		return s.text(f)
	case reflect.Bool:
		return orVariable(object{"type": "boolean"})
	case reflect.Float32, reflect.Float64:
		return orVariable(bounded(f, object{"type": "number"}, "minimum", "maximum"))
	case reflect.Struct:
		return s.reference(t)
	case reflect.Slice:
		items := s.typed(field{required: f.required}, t.Elem())
		return bounded(f, object{"type": "array", "items": items, "minItems": minItems(f)}, "minItems", "maxItems")
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.typed(field{}, t.Elem())}
	case reflect.Interface:
		return object{}
	}
	return orVariable(bounded(f, object{"type": "integer"}, "minimum", "maximum"))
}

func (s *schema) text(f field) object {
	result := object{"type": "string"}
	if f.required {
		result["minLength"] = 1
	}
	if pattern, _ := patternOf(f.format); pattern != "" {
		result["pattern"] = pattern
	}
	bounded(f, result, "minLength", "maxLength")
	switch len(f.enum) {
	case 0:
		return result
	case 1:
		return object{"const": f.enum[0]}
	}
	return orVariable(object{"enum": f.enum})
}

// orVariable lets a variable stand for a value that is no free text.
func orVariable(value object) object {
	return object{"anyOf": []object{value, {"type": "string", "pattern": patternReference}}}
}

func minItems(f field) int {
	if f.required {
		return 1
	}
	return 0
}

func bounded(f field, into object, low, high string) object {
	if n, err := strconv.ParseFloat(f.min, 64); err == nil {
		into[low] = n
	}
	if n, err := strconv.ParseFloat(f.max, 64); err == nil {
		into[high] = n
	}
	return into
}

// reference defines a struct type once and refers to it.
func (s *schema) reference(t reflect.Type) object {
	name := t.Name()
	if _, defined := s.defs[name]; !defined {
		s.defs[name] = object{} // ends a recursion
		s.defs[name] = s.structure(t)
	}
	return object{"$ref": "#/$defs/" + name}
}
