package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

const (
	// maxDepth is encoding/json's.
	maxDepth = 10_000
	// keptElements is how many elements are kept for the next body.
	keptElements = 1 << 12
)

// element is a value of a request's body. Of nil, all methods answer as of null.
type element struct {
	kind        byte     // its first character; '0' for any number
	key         []byte   // within an object
	text        []byte   // of a string, what it stands for; of anything else, as it is written
	first, next *element // what is in it, in an object in the order of the keys; beside it
}

func (n *element) is(kind byte) bool { return n != nil && n.kind == kind }

func (n *element) null() bool { return n == nil || n.kind == 'n' }

func (n *element) container() bool { return n.is('{') || n.is('[') }

// get returns the value of a key; nil when there is none.
func (n *element) get(key string) *element {
	if !n.is('{') {
		return nil
	}
	for child := n.first; child != nil; child = child.next {
		if string(child.key) == key {
			return child
		}
	}
	return nil
}

// string is a string's text, and empty of anything else.
func (n *element) string() string {
	if n.is('"') {
		return string(n.text)
	}
	return ""
}

// print writes a value as fmt does.
func (n *element) print() string {
	if n.is('"') {
		return string(n.text)
	}
	var value any
	if n != nil && json.Unmarshal(n.text, &value) != nil {
		return ""
	}
	return fmt.Sprint(value)
}

// tree reads bodies. What it returns is valid until the next one.
type tree struct {
	cursor cursor
	arena  []element
	sorter []*element
}

// read reads a body; nil when it is not JSON.
func (t *tree) read(data []byte) *element {
	if cap(t.sorter) > keptElements {
		t.sorter = nil
	}
	t.cursor, t.arena = cursor{data: data}, t.arena[:0]
	root := t.value(0)
	t.cursor.space()
	if root == nil || t.cursor.at != len(data) {
		return nil
	}
	return root
}

func (t *tree) element(kind byte) *element {
	if len(t.arena) == cap(t.arena) {
		t.arena = make([]element, 0, min(max(64, 2*cap(t.arena)), keptElements)) // pointers keep the old one
	}
	t.arena = append(t.arena, element{kind: kind})
	return &t.arena[len(t.arena)-1]
}

func (t *tree) value(depth int) *element {
	c := &t.cursor
	c.space()
	if c.at >= len(c.data) || depth > maxDepth {
		return nil
	}
	from := c.at
	var n *element
	switch char := c.data[c.at]; char {
	case '"':
		text, ok := t.text()
		if !ok {
			return nil
		}
		n = t.element('"')
		n.text = text
		return n
	case '{', '[':
		n = t.element(char)
		if !t.children(n, depth) {
			return nil
		}
	default:
		c.literal()
		if n = t.element(literalKind(c.data[from:c.at])); n.kind == 0 {
			return nil
		}
	}
	n.text = c.data[from:c.at]
	return n
}

func (t *tree) text() ([]byte, bool) {
	raw, ok := t.cursor.quoted()
	if !ok {
		return nil, false
	}
	var own []byte
	return unescaped(raw, &own)
}

// literalKind is 0 of what is no literal.
func literalKind(text []byte) byte {
	switch string(text) {
	case "true", "false", "null":
		return text[0]
	}
	if wholeNumber(text) {
		return '0'
	}
	var number float64
	if json.Unmarshal(text, &number) != nil {
		return 0
	}
	return '0'
}

// wholeNumber tells whether a number is written as encoding/json reads and fmt writes it.
func wholeNumber(text []byte) bool {
	for _, char := range text {
		if char < '0' || char > '9' {
			return false
		}
	}
	return len(text) == 1 || len(text) > 1 && len(text) <= 15 && text[0] != '0'
}

// children reads what is in an object or a list.
func (t *tree) children(n *element, depth int) bool {
	c, end := &t.cursor, byte(']')
	if n.kind == '{' {
		end = '}'
	}
	from := len(t.sorter)
	defer func() { t.sorter = t.sorter[:from] }()
	for i := 0; c.more(i, n.kind, end); i++ {
		var key []byte
		if n.kind == '{' {
			var ok bool
			if key, ok = t.text(); !ok || !c.take(':') {
				return false
			}
		}
		child := t.value(depth + 1)
		if child == nil {
			return false
		}
		child.key = key
		t.sorter = append(t.sorter, child)
	}
	n.adopt(t.sorter[from:])
	return !c.broken
}

// adopt sorts an object's values by their keys, and of those of one key takes the last.
func (n *element) adopt(children []*element) {
	byKey := func(a, b *element) int { return bytes.Compare(a.key, b.key) }
	if n.kind == '{' && !slices.IsSortedFunc(children, byKey) {
		slices.SortStableFunc(children, byKey)
	}
	into := &n.first
	for i, child := range children {
		if n.kind == '{' && i+1 < len(children) && bytes.Equal(child.key, children[i+1].key) {
			continue
		}
		*into = child
		into = &child.next
	}
}
