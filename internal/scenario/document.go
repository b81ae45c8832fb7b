package scenario

import (
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

// valueOf returns what a pointer points to, to be set.
func valueOf(pointer any) reflect.Value { return reflect.ValueOf(pointer).Elem() }

// document holds the scenario against the rules that span fields.
func (l *loader) document(body ast.Node) {}

func (l *loader) files() error { return nil }
