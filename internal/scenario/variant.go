package scenario

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// VarVariant is the name of the variable that holds the variant's name. It is defined
// only where a scenario has variants.
const VarVariant = "variant"

// variantNames lists the scenario's variants, read before anything else is decoded.
func variantNames(body ast.Node) []string {
	var names []string
	for _, node := range variantNodes(body) {
		if name, ok := textOf(child(node, "name")); ok {
			names = append(names, name)
		}
	}
	return names
}

// drawn lists the variants that a seed may draw: those that are no drafts, if there are any.
func drawn(body ast.Node) []string {
	var names []string
	for _, node := range variantNodes(body) {
		name, ok := textOf(child(node, "name"))
		draft, _ := child(node, "draft").(*ast.BoolNode)
		if ok && (draft == nil || !draft.Value) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return variantNames(body)
	}
	return names
}

func variantNodes(body ast.Node) []ast.Node {
	list, ok := child(child(body, "spec"), "variants").(*ast.SequenceNode)
	if !ok {
		return nil
	}
	return list.Values
}

// become puts the fields of a variant in the place of the spec's. They move, so that
// each is decoded once, where it counts; what the spec said instead is not decoded.
func become(body ast.Node, variant string) {
	spec, ok := child(body, "spec").(*ast.MappingNode)
	if !ok {
		return
	}
	for _, node := range variantNodes(body) {
		fields, ok := node.(*ast.MappingNode)
		if name, named := textOf(child(node, "name")); !ok || !named || name != variant {
			continue
		}
		var kept []*ast.MappingValueNode
		for _, field := range fields.Values {
			key, _ := textOf(field.Key)
			if !overrides(key) {
				kept = append(kept, field)
				continue
			}
			same := func(v *ast.MappingValueNode) bool { k, _ := textOf(v.Key); return k == key }
			if i := slices.IndexFunc(spec.Values, same); i >= 0 {
				spec.Values[i] = field
			} else {
				spec.Values = append(spec.Values, field)
			}
		}
		fields.Values = kept
		return
	}
}

// overrides says whether a variant may give the field: every field of a Variant but
// its name and whether it is a draft.
func overrides(field string) bool {
	known := fieldsOf(valueOf(new(Variant)).Type())
	return field != "name" && field != "draft" && slices.Contains(fieldNames(known), field)
}

// variants refuses names that stand for two variants, or for none.
func (d *document) variants(chosen string, known []string) {
	uniqueNames(d, "name", d.scenario.Spec.Variants, func(v Variant) string { return v.Name }, "spec", "variants")
	if chosen != "" && !slices.Contains(known, chosen) {
		d.problem(locate(d.body, "spec", "variants"), "unknown variant %q%s", chosen, variantHelp(chosen, known))
	}
}

func variantHelp(name string, known []string) string {
	if len(known) == 0 {
		return ": the scenario has none"
	}
	return didYouMean(name, known)
}

// forVariant says whether a script belongs to the variant that was loaded; a name that
// is no variant's is a problem.
func (l *loader) forVariant(s Script) bool {
	if l.alone {
		return true // which variants there are is not known
	}
	known := variantNames(l.body)
	for _, name := range s.Variants {
		if !slices.Contains(known, name) {
			message := fmt.Sprintf("unknown variant %q%s", name, variantHelp(name, known))
			l.problems = append(l.problems, Problem{s.Path, s.variantsLine, 1, message})
		}
	}
	return len(s.Variants) == 0 || slices.Contains(s.Variants, l.folder.Variant)
}
