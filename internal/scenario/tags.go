package scenario

import (
	"errors"
	"fmt"
	"reflect"
	"time"
)

// CheckTags holds the tags of the scenario's own types and of every kind's parameters
// against what the decoder, the schema and the reference need: a description, a
// default and bounds that fit their field, a known format. It is for tests: a wrong
// tag is a mistake in this program, not in a scenario.
func CheckTags(kinds Kinds) error {
	t := &tagChecker{seen: map[reflect.Type]bool{}}
	t.structure("Scenario", reflect.TypeFor[Scenario]())
	for what, list := range map[string][]KindDoc{"check": kinds.Checks, "perturbation": kinds.Perturbs, "fault": kinds.Faults} {
		names := map[string]bool{}
		for _, kind := range list {
			name := what + " " + kind.Name
			switch params := reflect.TypeOf(kind.Params); {
			case names[kind.Name]:
				t.wrong("%s is registered twice", name)
			case kind.Doc == "":
				t.wrong("%s has no description", name)
			case params.Kind() != reflect.Pointer || params.Elem().Kind() != reflect.Struct:
				t.wrong("%s: its parameters are no pointer to a struct", name)
			default:
				t.structure(name, params.Elem())
			}
			names[kind.Name] = true
		}
	}
	return errors.Join(t.problems...)
}

type tagChecker struct {
	seen     map[reflect.Type]bool
	problems []error
}

func (t *tagChecker) wrong(format string, args ...any) {
	t.problems = append(t.problems, fmt.Errorf(format, args...))
}

func (t *tagChecker) structure(name string, typ reflect.Type) {
	if t.seen[typ] {
		return
	}
	t.seen[typ] = true
	for _, f := range fieldsOf(typ) {
		where := name + "." + f.name
		if f.doc == "" {
			t.wrong("%s has no doc tag", where)
		}
		if f.def != "" {
			t.defaultFits(where, f)
		}
		for _, bound := range []string{f.min, f.max} {
			t.boundFits(where, f, bound)
		}
		if pattern, _ := patternOf(f.format); f.format != "" && pattern == "" && f.format != formatFile && f.format != formatStream {
			t.wrong("%s: unknown format %q", where, f.format)
		}
		if inner := structIn(f.typ); inner != nil {
			t.structure(where, inner)
		}
	}
}

func (t *tagChecker) defaultFits(where string, f field) {
	value := reflect.New(f.typ).Elem()
	if err := setText(f.def, value); err != nil {
		t.wrong("%s: the default %q does not fit: %w", where, f.def, err)
		return
	}
	d := &decoder{}
	d.rules(f, where, position{}, value)
	if len(d.problems) > 0 {
		t.wrong("%s: the default breaks the field's own rules: %w", where, d.problems)
	}
	if f.required {
		t.wrong("%s is required and has a default", where)
	}
}

func (t *tagChecker) boundFits(where string, f field, bound string) {
	if bound == "" {
		return
	}
	typ := f.typ
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	var err error
	if _, isDuration := durationOf(reflect.New(typ).Elem()); isDuration {
		_, err = time.ParseDuration(bound)
	} else {
		var n float64
		_, err = fmt.Sscanf(bound, "%g", &n)
	}
	if err != nil {
		t.wrong("%s: the bound %q does not fit: %w", where, bound, err)
	}
}
