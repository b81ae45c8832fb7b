package audit

import (
	"bytes"
	"hash/maphash"
)

// reader reads audit lines one after the other. What it has read is valid until the
// next line: it refers to the line, and to what the reader keeps.
type reader struct {
	names   nameTable
	stamps  stamps
	clients clients

	cursor  cursor
	record  record
	ref     objectRef
	sources []string // of the last line
	origin  []byte   // what they were read from
	scratch []byte   // for a text with escapes
	address []byte   // the request's URI, where it has escapes
	id      []byte   // the audit ID, where it has escapes
	request request
	tree    tree
}

func newReader() reader { return reader{names: nameTable{seed: maphash.MakeSeed()}} }

// scan reads an audit event the way the API server writes it: it looks at the fields that
// count and steps over the rest, without reading a line twice as encoding/json does. It
// gives up (false) on whatever it does not expect; encoding/json then says what is wrong.
func (rd *reader) scan(line []byte, rec *record) bool {
	c := &rd.cursor
	*c = cursor{data: line}
	for n := 0; ; n++ {
		key := c.key(n)
		if key == nil {
			break
		}
		if !rd.field(rec, key) {
			return false
		}
	}
	c.space()
	return !c.broken && c.at == len(c.data)
}

func (rd *reader) field(rec *record, key []byte) bool {
	c := &rd.cursor
	switch string(key) {
	case "auditID":
		return rd.once(&rec.AuditID, &rd.id)
	case "stage":
		return rd.text(&rec.Stage)
	case "requestURI":
		return rd.once(&rec.RequestURI, &rd.address)
	case "verb":
		return rd.text(&rec.Verb)
	case "userAgent":
		return rd.text(&rec.UserAgent)
	case "sourceIPs":
		return rd.origins(&rec.SourceIPs)
	case "user":
		return rd.user(&rec.User)
	case "objectRef":
		return rd.reference(rec)
	case "responseStatus":
		return rd.status(&rec.ResponseStatus)
	case "requestObject":
		from := c.at
		if !c.skip() {
			return false
		}
		rec.RequestObject = bytes.TrimSpace(c.data[from:c.at])
		return true
	case "requestReceivedTimestamp":
		raw, ok := c.quoted()
		return ok && rd.stamps.read(raw, &rec.Received)
	case "stageTimestamp":
		raw, ok := c.quoted()
		return ok && rd.stamps.read(raw, &rec.Staged)
	}
	return c.skip()
}

func (rd *reader) user(into *user) bool {
	c := &rd.cursor
	for n := 0; ; n++ {
		key := c.key(n)
		if key == nil {
			return !c.broken
		}
		if string(key) == "username" {
			if !rd.text(&into.Username) {
				return false
			}
		} else if !c.skip() {
			return false
		}
	}
}

func (rd *reader) status(into *responseStatus) bool {
	c := &rd.cursor
	for n := 0; ; n++ {
		key := c.key(n)
		if key == nil {
			return !c.broken
		}
		if string(key) == "code" {
			if !c.number(&into.Code) {
				return false
			}
		} else if !c.skip() {
			return false
		}
	}
}

func (rd *reader) reference(rec *record) bool {
	if rec.ObjectRef == nil {
		rd.ref = objectRef{}
		rec.ObjectRef = &rd.ref
	}
	c := &rd.cursor
	for n := 0; ; n++ {
		key := c.key(n)
		if key == nil {
			return !c.broken
		}
		if into := rec.ObjectRef.field(key); into != nil {
			if !rd.text(into) {
				return false
			}
		} else if !c.skip() {
			return false
		}
	}
}

// field is where a field belongs; nil when it does not count.
func (o *objectRef) field(key []byte) *string {
	switch string(key) {
	case "resource":
		return &o.Resource
	case "namespace":
		return &o.Namespace
	case "name":
		return &o.Name
	case "apiGroup":
		return &o.APIGroup
	case "subresource":
		return &o.Subresource
	}
	return nil
}

// text reads a string.
func (rd *reader) text(into *string) bool {
	raw, ok := rd.cursor.quoted()
	if !ok {
		return false
	}
	inner, ok := unescaped(raw, &rd.scratch)
	*into = rd.names.of(inner)
	return ok
}

// once reads a string that is another one in each line.
func (rd *reader) once(into *text, scratch *[]byte) bool {
	raw, ok := rd.cursor.quoted()
	if !ok {
		return false
	}
	*into, ok = unescaped(raw, scratch)
	return ok
}

// origins reads where a request came from: the same addresses as before, nearly always.
func (rd *reader) origins(into *[]string) bool {
	c := &rd.cursor
	from := c.at
	if rd.sources != nil && bytes.HasPrefix(c.data[from:], rd.origin) {
		c.at += len(rd.origin)
		*into = rd.sources
		return true
	}
	list := []string{}
	for n := 0; c.more(n, '[', ']'); n++ {
		var address string
		if !rd.text(&address) {
			return false
		}
		list = append(list, address)
	}
	if c.broken {
		return false
	}
	rd.origin, rd.sources = append(rd.origin[:0], c.data[from:c.at]...), list
	*into = list
	return true
}
