package scenario

import (
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

// valueOf returns what a pointer points to, to be set.
func valueOf(pointer any) reflect.Value { return reflect.ValueOf(pointer).Elem() }

// child returns a mapping's value of a key, or nil.
func child(node ast.Node, key string) ast.Node {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		return nil
	}
	for entries := mapping.MapRange(); entries.Next(); {
		if name, ok := textOf(entries.Key()); ok && name == key {
			return entries.Value()
		}
	}
	return nil
}

// locate returns where the value at a path of keys (string) and indexes (int)
// starts. Where a part of the path is not written, it is the last part that is.
func locate(node ast.Node, path ...any) position {
	at := positionOf(node)
	for _, step := range path {
		switch s := step.(type) {
		case string:
			node = child(node, s)
		case int:
			sequence, ok := node.(*ast.SequenceNode)
			if !ok || s >= len(sequence.Values) {
				return at
			}
			node = sequence.Values[s]
		}
		if node == nil {
			return at
		}
		at = positionOf(node)
	}
	return at
}
