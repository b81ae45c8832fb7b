package scenario

import "github.com/goccy/go-yaml/ast"

// free decodes a node without a type of its own, for example a patch: into
// map[string]any, []any, string, bool, int64, uint64, float64, or nil.
func (d *decoder) free(node ast.Node, path string) any {
	if isNull(node) || !d.plain(node, path) {
		return nil
	}
	if text, ok := textOf(node); ok {
		return freeText(node, text)
	}
	switch n := node.(type) {
	case ast.MapNode:
		entries, _ := d.pairs(node, path)
		result := make(map[string]any, len(entries))
		for _, entry := range entries {
			result[entry.key] = d.free(entry.value, join(path, entry.key))
		}
		return result
	case *ast.SequenceNode:
		result := make([]any, 0, len(n.Values))
		for _, item := range n.Values {
			result = append(result, d.free(item, path))
		}
		return result
	case ast.ScalarNode:
		return n.GetValue()
	}
	d.problem(positionOf(node), "%sexpected a value, got %s", prefix(path), describe(node))
	return nil
}

// freeText gives an unquoted text that came from a variable the type that it would
// have had in the variable's place.
func freeText(node ast.Node, text string) any {
	if !expanded(node) {
		return text
	}
	bodies, problems := parseDocuments("", []byte(text))
	if len(problems) > 0 || len(bodies) != 1 {
		return text
	}
	switch n := bodies[0].(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.(ast.ScalarNode).GetValue()
	}
	return text
}
