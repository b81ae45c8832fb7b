package audit

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// cursor is a place in a JSON text. Its methods return false when the text is not what
// they are for.
type cursor struct {
	data []byte
	at   int
}

func (c *cursor) space() {
	for c.at < len(c.data) && (c.data[c.at] == ' ' || c.data[c.at] == '\t' || c.data[c.at] == '\r' || c.data[c.at] == '\n') {
		c.at++
	}
}

// take steps over one character, and the space before it.
func (c *cursor) take(char byte) bool {
	c.space()
	if c.at >= len(c.data) || c.data[c.at] != char {
		return false
	}
	c.at++
	return true
}

// object reads an object; each reads the value of a key.
func (c *cursor) object(each func(key []byte) bool) bool {
	if !c.take('{') {
		return false
	}
	if c.take('}') {
		return true
	}
	for {
		key, ok := c.quoted()
		if !ok || bytes.IndexByte(key, '\\') >= 0 || !c.take(':') || !each(key[1:len(key)-1]) {
			return false
		}
		if c.take('}') {
			return true
		}
		if !c.take(',') {
			return false
		}
	}
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

// text reads a string.
func (c *cursor) text(into *string) bool {
	raw, ok := c.quoted()
	if !ok {
		return false
	}
	for _, char := range raw {
		if char == '\\' || char < ' ' || char > '~' {
			return json.Unmarshal(raw, into) == nil
		}
	}
	*into = string(raw[1 : len(raw)-1])
	return true
}

// number reads a whole number.
func (c *cursor) number(into *int) bool {
	c.space()
	from := c.at
	for c.at < len(c.data) && c.data[c.at] >= '0' && c.data[c.at] <= '9' {
		c.at++
	}
	n, err := strconv.Atoi(string(c.data[from:c.at]))
	*into = n
	return err == nil
}

// texts reads a list of strings.
func (c *cursor) texts(into *[]string) bool {
	if !c.take('[') {
		return false
	}
	list := []string{}
	for !c.take(']') {
		if len(list) > 0 && !c.take(',') {
			return false
		}
		var text string
		if !c.text(&text) {
			return false
		}
		list = append(list, text)
	}
	*into = list
	return true
}

// time reads a time.
func (c *cursor) time(into *time.Time) bool {
	raw, ok := c.quoted()
	return ok && into.UnmarshalJSON(raw) == nil
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
