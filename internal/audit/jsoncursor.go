package audit

import (
	"bytes"
	"encoding/json"
)

// cursor is a place in a JSON text. Its methods return false when the text is not what
// they are for.
type cursor struct {
	data   []byte
	at     int
	broken bool // an object or a list did not end as one
}

func (c *cursor) space() {
	for c.at < len(c.data) && (c.data[c.at] == ' ' || c.data[c.at] == '\t' || c.data[c.at] == '\r' || c.data[c.at] == '\n') {
		c.at++
	}
}

// take steps over one character, and the space before it.
func (c *cursor) take(char byte) bool {
	if c.at < len(c.data) && c.data[c.at] == char {
		c.at++
		return true
	}
	c.space()
	if c.at >= len(c.data) || c.data[c.at] != char {
		return false
	}
	c.at++
	return true
}

// key reads the n-th key of an object; nil when the object is over, or broken.
func (c *cursor) key(n int) []byte {
	if !c.more(n, '{', '}') {
		return nil
	}
	if c.take('"') {
		for from := c.at; c.at < len(c.data) && c.data[c.at] != '\\'; c.at++ {
			if key := c.data[from:c.at]; c.data[c.at] == '"' {
				c.at++
				c.broken = !c.take(':')
				if c.broken {
					return nil
				}
				return key
			}
		}
	}
	c.broken = true
	return nil
}

// more steps to the n-th of the things that are in a pair of brackets; it is false
// when there are no more, or the text is broken.
func (c *cursor) more(n int, open, end byte) bool {
	if n == 0 && !c.take(open) {
		c.broken = true
		return false
	}
	if c.take(end) {
		return false
	}
	if n > 0 && !c.take(',') {
		c.broken = true
		return false
	}
	return true
}

// quoted is a string's text with its quotes.
func (c *cursor) quoted() ([]byte, bool) {
	if !c.take('"') {
		return nil, false
	}
	from := c.at - 1
	for {
		end := bytes.IndexByte(c.data[c.at:], '"')
		if end < 0 {
			return nil, false
		}
		c.at += end + 1
		slashes := 0
		for c.data[c.at-2-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return c.data[from:c.at], true
		}
	}
}

// simple tells whether a string's text stands for itself.
func simple(text []byte) bool {
	for _, char := range text {
		if char == '\\' || char < ' ' || char > '~' {
			return false
		}
	}
	return true
}

// unescaped is what a string with its quotes stands for. It is a part of the text, or
// lies in scratch, whose length it may change.
func unescaped(raw []byte, scratch *[]byte) ([]byte, bool) {
	inner := raw[1 : len(raw)-1]
	if simple(inner) {
		return inner, true
	}
	out := (*scratch)[:0]
	for i := 0; i < len(inner); i++ {
		char := inner[i]
		if char == '\\' {
			var size int
			if char, size = escape(inner[i:]); size == 0 {
				return decoded(raw)
			}
			i += size - 1
		} else if char < ' ' || char > '~' {
			return decoded(raw)
		}
		out = append(out, char)
	}
	*scratch = out
	return out, true
}

// escape reads the escapes that the API server writes in addresses: \", \\, and \u0026.
// Of any other the size is 0.
func escape(text []byte) (char byte, size int) {
	switch {
	case len(text) >= 2 && (text[1] == '"' || text[1] == '\\' || text[1] == '/'):
		return text[1], 2
	case len(text) >= 6 && string(text[1:4]) == "u00" && text[4] >= '0' && text[4] <= '7':
		if low, ok := hexDigit(text[5]); ok {
			return (text[4]-'0')<<4 | low, 6
		}
	}
	return 0, 0
}

func hexDigit(char byte) (byte, bool) {
	switch {
	case char >= '0' && char <= '9':
		return char - '0', true
	case char|' ' >= 'a' && char|' ' <= 'f':
		return char | ' ' - 'a' + 10, true
	}
	return 0, false
}

// decoded leaves a string to encoding/json.
func decoded(raw []byte) ([]byte, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil, false
	}
	return []byte(text), true
}

// number reads a whole number.
func (c *cursor) number(into *int) bool {
	c.space()
	from, n := c.at, 0
	for c.at < len(c.data) && c.data[c.at] >= '0' && c.data[c.at] <= '9' {
		n = n*10 + int(c.data[c.at]-'0')
		c.at++
	}
	*into = n
	return c.at > from && c.at-from < 10
}

// skip steps over any value. What is inside of it is not looked at.
func (c *cursor) skip() bool {
	c.space()
	depth := 0
	for c.at < len(c.data) {
		switch c.data[c.at] {
		case '"':
			if _, ok := c.quoted(); !ok {
				return false
			}
		case '{', '[':
			depth++
			c.at++
			continue
		case '}', ']':
			if depth == 0 {
				return false // a key without a value
			}
			depth--
			c.at++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return false
			}
			c.at++
			continue
		default:
			c.literal()
		}
		if depth == 0 {
			return true
		}
	}
	return false
}

// literal steps over a number, true, false or null.
func (c *cursor) literal() {
	for c.at < len(c.data) {
		switch c.data[c.at] {
		case ',', ':', '}', ']', '{', '[', '"', ' ', '\t', '\r', '\n':
			return
		}
		c.at++
	}
}
