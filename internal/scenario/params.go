package scenario

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

// Params is what stands under `with:`, variables expanded. Its fields are known
// only to the kind named beside it, so it stays a tree until DecodeParams.
type Params struct {
	Node ast.Node // nil when absent

	path   string   // where it is written, for messages: spec.symptoms[0].with
	at     position // of the key, or of the entry when absent
	typeAt position // of the `type:` beside it, or of the entry
	broken bool     // it is there but holds no fields, which was reported
}

// UnmarshalYAML keeps the tree.
func (p *Params) UnmarshalYAML(node ast.Node) error {
	p.Node = node
	return nil
}

// Value returns the parameters without a type of their own: a map, or nil when absent.
func (p Params) Value() any { return (&decoder{}).free(p.Node, p.path) }

// MarshalJSON writes the parameters as they were written.
func (p Params) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(p.Value())
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", p.path, err)
	}
	return data, nil
}

// DecodeParams decodes a kind's parameters into its params struct (a pointer),
// strictly: by the tags that Scenario's own fields use (see Tags), every problem at
// once. When the text fits the types and into has a Validate method, that has the
// last word. The file is only named in the problems.
func DecodeParams(file string, p Params, into any) Problems {
	return (&decoder{file: file}).decodeParams(p, into)
}

func (d *decoder) decodeParams(p Params, into any) Problems {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return Problems{{File: d.file, Message: "parameters decode only into a pointer to a struct"}}
	}
	switch {
	case p.broken:
		return nil
	case target.Elem().Kind() != reflect.Struct:
		d.problem(p.at, "%s: the kind's parameters are not a struct", p.path)
	case p.Node == nil:
		d.fields(nil, p.path, p.at, target.Elem())
	default:
		d.object(p.Node, p.path, p.at, target.Elem())
	}
	if len(d.problems) == 0 {
		d.validate(p, into)
	}
	return d.problems.Sorted()
}

// validate asks the parameters themselves. Joined errors are a problem each.
func (d *decoder) validate(p Params, into any) {
	v, ok := into.(interface{ Validate() error })
	if !ok {
		return
	}
	err := v.Validate()
	if err == nil {
		return
	}
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	for _, e := range errs {
		d.problem(p.at, "%s: %s", p.path, e)
	}
}
