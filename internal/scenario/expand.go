package scenario

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// expander puts the variables' values into a parsed scenario.yaml, text by text, so
// that lines and columns stay those of the author's file.
type expander struct {
	decoder
	lines  []string // of the source
	values map[string]string
	used   map[string]bool
	node   bool // ${node} has a value
}

// notExpanded are the fields that name things before any variable has a value.
func notExpanded(path string) bool {
	return path == "metadata" || path == "spec.variables" || path == "spec.namespace"
}

func (e *expander) expand(node ast.Node, path string) {
	if notExpanded(path) {
		return
	}
	if path == "spec.variants" { // those that were not drawn: some may break a node
		defer func(node bool) { e.node = node }(e.node)
		e.node = true
	}
	switch n := node.(type) {
	case ast.MapNode:
		for entries := n.MapRange(); entries.Next(); {
			key, _ := textOf(entries.Key())
			e.expand(entries.Value(), join(path, key))
		}
	case *ast.SequenceNode:
		for _, item := range n.Values {
			e.expand(item, path+"[]")
		}
	case *ast.StringNode:
		n.Value = e.text(n.Value, positionOf(n))
	case *ast.LiteralNode:
		if n.Value != nil {
			n.Value.Value = e.text(n.Value.Value, positionOf(n))
		}
	}
}

func (e *expander) text(text string, start position) string {
	result, uses := expand(text, e.values)
	seen := map[string]int{}
	for _, u := range uses {
		e.used[u.name] = true
		at := e.find("${"+u.name+"}", start, seen[u.name])
		if _, known := e.values[u.name]; !known {
			e.problem(at, "%s", unknownVariable(u.name, e.values))
		} else if u.name == VarNode && !e.node {
			e.problem(at, nodeNotBroken)
		}
		seen[u.name]++
	}
	return result
}

// find returns where a text's n-th occurrence from a position on is, or that position.
func (e *expander) find(text string, from position, n int) position {
	for line := max(from.line, 1); line <= len(e.lines); line++ {
		source, skipped := e.lines[line-1], 0
		if line == from.line {
			skipped = byteOffset(source, from.column-1)
			source = source[skipped:]
		}
		for {
			i := strings.Index(source, text)
			if i < 0 {
				break
			}
			if n == 0 {
				return position{line, utf8.RuneCountInString(e.lines[line-1][:skipped+i]) + 1}
			}
			n, skipped, source = n-1, skipped+i+len(text), source[i+len(text):]
		}
	}
	return from
}

// byteOffset returns where the rune of a number (from 0) starts in a line.
func byteOffset(line string, runes int) int {
	for i := range line {
		if runes <= 0 {
			return i
		}
		runes--
	}
	return len(line)
}
