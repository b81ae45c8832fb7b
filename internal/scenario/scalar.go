package scenario

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// plain refuses what a reader has to resolve in the head: anchors, aliases, merge
// keys and tags. Every value of a scenario stands where it counts.
func (d *decoder) plain(node ast.Node, path string) bool {
	switch n := node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		d.problem(positionOf(node), "%s%s is not supported: write the value out", prefix(path), describe(n))
		return false
	}
	return true
}

// textOf returns the text of a node that is text.
func textOf(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		if n.Value == nil {
			return "", true
		}
		return n.Value.Value, true
	}
	return "", false
}

// expanded says whether a text stands without quotes and came from a variable, so
// that it may be a number or a boolean: `port: ${port}`.
func expanded(node ast.Node) bool {
	s, ok := node.(*ast.StringNode)
	return ok && s.Token != nil && s.Token.Type == token.StringType && s.Token.Value != s.Value
}

func isNull(node ast.Node) bool {
	if node == nil {
		return true
	}
	_, null := node.(*ast.NullNode)
	return null
}

// describe names a node's type, and its text where that is short.
func describe(node ast.Node) string {
	switch n := node.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case ast.MapNode:
		return "fields"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		text, _ := textOf(node)
		if len(text) > 40 {
			return "text"
		}
		return fmt.Sprintf("the text %q", text)
	case *ast.BoolNode:
		return "the boolean " + n.GetToken().Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + n.GetToken().Value
	case *ast.AnchorNode:
		return "an anchor"
	case *ast.AliasNode:
		return "an alias"
	case *ast.MergeKeyNode:
		return "a merge key"
	case *ast.TagNode:
		return "a tag"
	}
	return "something else"
}

// setScalar sets a string, boolean or number from a scalar node, strictly: 8080 is
// no text and "8080" is no number.
func setScalar(node ast.Node, into reflect.Value) error {
	wanted := typeName(into)
	text, isText := textOf(node)
	switch {
	case isText && (into.Kind() == reflect.String || expanded(node)):
		if setText(text, into) != nil {
			return fmt.Errorf("expected %s, got %s", wanted, describe(node))
		}
		return nil
	case into.Kind() == reflect.String:
		if _, scalar := node.(ast.ScalarNode); scalar && !isNull(node) {
			return fmt.Errorf("expected text, got %s: put it in quotes", describe(node))
		}
	case into.Kind() == reflect.Bool:
		if n, ok := node.(*ast.BoolNode); ok {
			into.SetBool(n.Value)
			return nil
		}
	default:
		if setNumber(node, into) {
			return nil
		}
	}
	return fmt.Errorf("expected %s, got %s", wanted, describe(node))
}

func setNumber(node ast.Node, into reflect.Value) bool {
	switch n := node.(type) {
	case *ast.IntegerNode:
		switch v := n.Value.(type) {
		case int64:
			return setInt(v, into)
		case uint64:
			return v <= math.MaxInt64 && setInt(int64(v), into)
		}
	case *ast.FloatNode:
		if into.CanFloat() {
			into.SetFloat(n.Value)
			return true
		}
	}
	return false
}

func setInt(v int64, into reflect.Value) bool {
	switch {
	case into.CanInt() && !into.OverflowInt(v):
		into.SetInt(v)
	case into.CanUint() && v >= 0 && !into.OverflowUint(uint64(v)):
		into.SetUint(uint64(v))
	case into.CanFloat():
		into.SetFloat(float64(v))
	default:
		return false
	}
	return true
}

// setText sets a value from text: a default of a tag, or an expanded variable.
func setText(text string, into reflect.Value) error {
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		return setText(text, into.Elem())
	}
	switch target := into.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		return target.UnmarshalText([]byte(text))
	case *time.Duration:
		return (*Duration)(target).UnmarshalText([]byte(text))
	}
	var err error
	switch {
	case into.Kind() == reflect.String:
		into.SetString(text)
	case into.Kind() == reflect.Bool:
		var v bool
		v, err = strconv.ParseBool(text)
		into.SetBool(v)
	case into.CanFloat():
		var v float64
		v, err = strconv.ParseFloat(text, into.Type().Bits())
		into.SetFloat(v)
	default:
		var v int64
		v, err = strconv.ParseInt(text, 10, 64)
		if err == nil && !setInt(v, into) {
			err = fmt.Errorf("%s is out of range", text)
		}
	}
	return err
}

func typeName(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.String:
		return "text"
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt() || v.CanUint():
		return "a whole number"
	case v.CanFloat():
		return "a number"
	}
	return "something this version cannot read (" + v.Type().String() + ")"
}

// join and prefix write where a value stands: spec.traffic[0].rate, and that as the
// beginning of a message.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func prefix(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}
