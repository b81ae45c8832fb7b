package scenario

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// decoder walks a tree against Go types and sets what fits. It never stops at a
// problem: the author gets all of them at once.
type decoder struct {
	file     string
	problems Problems
	folder   *Folder // what parameters may refer to; nil when unknown
}

func (d *decoder) problem(at position, format string, args ...any) {
	d.problems = append(d.problems, Problem{
		File: d.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...),
	})
}

// pair is one entry of a mapping.
type pair struct {
	key   string
	at    position // of the key
	value ast.Node
}

// pairs lists a mapping's entries and reports what is no mapping, a key that is no
// text and a key that is there twice (the first one counts).
func (d *decoder) pairs(node ast.Node, path string) ([]pair, bool) {
	mapping, ok := node.(ast.MapNode)
	if !ok || !d.plain(node, path) {
		if !ok {
			d.problem(positionOf(node), "%sexpected fields, got %s", prefix(path), describe(node))
		}
		return nil, false
	}
	var found []pair
	seen := map[string]position{}
	for entries := mapping.MapRange(); entries.Next(); {
		key, at := entries.Key(), positionOf(entries.Key())
		name, ok := textOf(key)
		if !ok {
			d.problem(at, "%sthe key must be text, got %s", prefix(path), describe(key))
			continue
		}
		if first, twice := seen[name]; twice {
			d.problem(at, "%sduplicate field %q, first at line %d", prefix(path), name, first.line)
			continue
		}
		seen[name] = at
		found = append(found, pair{key: name, at: at, value: entries.Value()})
	}
	return found, true
}

// object decodes a mapping into a struct. The position is of what holds it.
func (d *decoder) object(node ast.Node, path string, at position, into reflect.Value) {
	if entries, ok := d.pairs(node, path); ok {
		d.fields(entries, path, at, into)
	}
}

func (d *decoder) fields(entries []pair, path string, at position, into reflect.Value) {
	known := fieldsOf(into.Type())
	present := map[string]bool{}
	markType(known, entries, at, into)
	for _, entry := range entries {
		i := slices.IndexFunc(known, func(f field) bool { return f.name == entry.key })
		if i < 0 {
			d.problem(entry.at, "%sunknown field %q%s", prefix(path), entry.key, didYouMean(entry.key, fieldNames(known)))
			continue
		}
		present[entry.key] = true
		d.field(known[i], entry, join(path, entry.key), into.FieldByIndex(known[i].index))
	}
	for _, f := range known {
		if !present[f.name] {
			d.absent(f, join(path, f.name), path, at, into.FieldByIndex(f.index))
		}
	}
}

// markType tells the kind's parameters where the kind is named, for a message about it.
func markType(known []field, entries []pair, at position, into reflect.Value) {
	for _, f := range known {
		params, ok := into.FieldByIndex(f.index).Addr().Interface().(*Params)
		if !ok {
			continue
		}
		params.typeAt = at
		for _, entry := range entries {
			if entry.key == "type" {
				params.typeAt = positionOf(entry.value)
			}
		}
	}
}

// field decodes one entry, then holds it against its field's rules.
func (d *decoder) field(f field, entry pair, path string, into reflect.Value) {
	if isNull(entry.value) {
		d.problem(entry.at, "%s has no value", path)
		return // into stays zero
	}
	if params, ok := into.Addr().Interface().(*Params); ok {
		d.params(params, entry, path)
		return
	}
	before := len(d.problems)
	d.value(entry.value, path, entry.at, into)
	if len(d.problems) == before {
		d.rules(f, path, positionOf(entry.value), into)
	}
}

// params keeps the tree of a kind's parameters for DecodeParams.
func (d *decoder) params(into *Params, entry pair, path string) {
	*into = Params{Node: entry.value, path: path, at: entry.at, typeAt: into.typeAt}
	if _, fields := entry.value.(ast.MapNode); !fields {
		d.problem(positionOf(entry.value), "%s: expected fields, got %s", path, describe(entry.value))
		into.Node, into.broken = nil, true
	}
}

// absent reports a missing required field, or sets the default.
func (d *decoder) absent(f field, path, parent string, at position, into reflect.Value) {
	if params, ok := into.Addr().Interface().(*Params); ok {
		params.path, params.at = path, at
	}
	if f.required {
		d.problem(at, "%smissing required field %q", prefix(parent), f.name)
		return
	}
	if f.def != "" {
		if err := setText(f.def, into); err != nil {
			d.problem(at, "%s: the kind's own default does not fit: %s", path, err)
		}
	}
}

// value decodes any node into a Go value of any type that a field may have.
func (d *decoder) value(node ast.Node, path string, at position, into reflect.Value) {
	if !d.plain(node, path) {
		return
	}
	if into.CanAddr() && d.custom(node, path, into) {
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(node, path, at, into.Elem())
	case reflect.Struct:
		d.object(node, path, at, into)
	case reflect.Slice:
		d.list(node, path, into)
	case reflect.Map:
		d.mapping(node, path, into)
	case reflect.Interface:
		if free := d.free(node, path); free != nil {
			into.Set(reflect.ValueOf(free))
		}
	default:
		if err := setScalar(node, into); err != nil {
			d.problem(positionOf(node), "%s: %s", path, err)
		}
	}
}

// custom lets a type decode itself.
func (d *decoder) custom(node ast.Node, path string, into reflect.Value) bool {
	var err error
	switch target := into.Addr().Interface().(type) {
	case interface{ UnmarshalYAML(ast.Node) error }:
		err = target.UnmarshalYAML(node)
	case *time.Duration:
		err = (*Duration)(target).UnmarshalYAML(node)
	case encoding.TextUnmarshaler:
		text, ok := textOf(node)
		if !ok {
			d.problem(positionOf(node), "%s: expected text, got %s", path, describe(node))
			return true
		}
		err = target.UnmarshalText([]byte(text))
	default:
		return false
	}
	if err != nil {
		d.problem(positionOf(node), "%s: %s", path, err)
	}
	return true
}

func (d *decoder) list(node ast.Node, path string, into reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		d.problem(positionOf(node), "%s: expected a list, got %s", path, describe(node))
		return
	}
	items := reflect.MakeSlice(into.Type(), len(sequence.Values), len(sequence.Values))
	for i, item := range sequence.Values {
		itemPath := fmt.Sprintf("%s[%d]", path, i)
		if isNull(item) {
			d.problem(positionOf(item), "%s has no value", itemPath)
			continue
		}
		d.value(item, itemPath, positionOf(item), items.Index(i))
	}
	into.Set(items)
}

func (d *decoder) mapping(node ast.Node, path string, into reflect.Value) {
	entries, ok := d.pairs(node, path)
	if !ok {
		return
	}
	result := reflect.MakeMapWithSize(into.Type(), len(entries))
	for _, entry := range entries {
		entryPath := join(path, entry.key)
		if isNull(entry.value) {
			d.problem(entry.at, "%s has no value", entryPath)
			continue
		}
		value := reflect.New(into.Type().Elem()).Elem()
		d.value(entry.value, entryPath, entry.at, value)
		result.SetMapIndex(reflect.ValueOf(entry.key).Convert(into.Type().Key()), value)
	}
	into.Set(result)
}
