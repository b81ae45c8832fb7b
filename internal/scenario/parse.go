package scenario

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFileSize bounds what is parsed. No file of a scenario comes near it.
const maxFileSize = 1 << 20

// position is a place in a file, both from 1; the zero value means the whole file.
type position struct{ line, column int }

// parseDocuments parses a YAML file into the bodies of its documents, empty ones
// left out. Duplicate keys are let through: the decoder reports them all.
func parseDocuments(file string, src []byte) (bodies []ast.Node, problems Problems) {
	if len(src) > maxFileSize {
		return nil, Problems{{File: file, Message: fmt.Sprintf("is larger than %d bytes", maxFileSize)}}
	}
	if at, deep := tooDeep(src); deep {
		return nil, Problems{{File: file, Line: at.line, Column: at.column, Message: "is nested too deeply"}}
	}
	// The parser panics on some broken input (its own index arithmetic): for the
	// author of a scenario that is one more syntax error.
	defer func() {
		if cause := recover(); cause != nil {
			bodies, problems = nil, Problems{{File: file, Message: fmt.Sprintf("is not YAML: %v", cause)}}
		}
	}()
	parsed, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, Problems{syntaxProblem(file, err)}
	}
	for _, doc := range parsed.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.NullType {
			bodies = append(bodies, doc.Body)
		}
	}
	return bodies, nil
}

func syntaxProblem(file string, err error) Problem {
	var located yaml.Error
	if !errors.As(err, &located) || located.GetToken() == nil || located.GetToken().Position == nil {
		return Problem{File: file, Message: "is not YAML: " + err.Error()}
	}
	at := located.GetToken().Position
	return Problem{File: file, Line: at.Line, Column: at.Column, Message: "is not YAML: " + located.GetMessage()}
}

// maxDepth bounds nesting: the parser recurses, in time that grows with the square of
// the depth. Real manifests stay below 20.
const maxDepth = 1000

// tooDeep says whether the text may nest deeper than maxDepth, and where. It counts
// open brackets wherever they stand, and the dashes that a line begins with: other
// nesting needs a line and its indentation for every step, which maxFileSize bounds.
func tooDeep(src []byte) (position, bool) {
	line, column, open, dashes, leading := 1, 0, 0, 0, true
	for _, c := range src {
		column++
		switch {
		case c == '\n':
			line, column, dashes, leading = line+1, 0, 0, true
		case c == '[' || c == '{':
			open++
		case c == ']' || c == '}':
			open = max(0, open-1)
		case c == '-' && leading:
			dashes++
		case c != ' ':
			leading = false
		}
		if open > maxDepth || dashes > maxDepth {
			return position{line, column}, true
		}
	}
	return position{}, false
}

// positionOf returns where a node starts.
func positionOf(node ast.Node) position {
	switch n := node.(type) {
	case nil:
		return position{}
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return positionOf(n.Values[0])
		}
	case *ast.MappingValueNode:
		return tokenPosition(n.Key.GetToken())
	case *ast.LiteralNode:
		return tokenPosition(n.Start)
	}
	return tokenPosition(node.GetToken())
}

func tokenPosition(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{}
	}
	return position{t.Position.Line, t.Position.Column}
}
