package audit

import (
	"bytes"
	"hash/maphash"
	"time"
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
	who     again[user]
	agent   again[string]
	sources again[[]string]
	answer  again[responseStatus]
	notes   again[struct{}] // annotations
	scratch []byte          // for a text with escapes
	address []byte          // the request's URI, where it has escapes
	id      []byte          // the audit ID, where it has escapes
	request request
	tree    tree
}

// head is how the API server begins each line.
const head = `{"kind":"Event","apiVersion":"audit.k8s.io/v1"`

// order is how the API server goes on: what is between two values. Some may be missing.
var order = [...]string{ //nolint:gochecknoglobals // a constant table
	`,"level":`, `,"auditID":`, `,"stage":`, `,"requestURI":`, `,"verb":`, `,"user":`, `,"sourceIPs":`, `,"userAgent":`, `,"objectRef":`,
	`,"responseStatus":`, `,"requestObject":`, `,"requestReceivedTimestamp":`, `,"stageTimestamp":`, `,"annotations":`,
}

// expected reads a key that comes where the API server has it; nil when another one does.
func (c *cursor) expected(next *int) []byte {
	rest := c.data[c.at:]
	for i := *next; i < min(*next+2, len(order)); i++ {
		if size := len(order[i]); len(rest) >= size && string(rest[:size]) == order[i] {
			*next, c.at = i+1, c.at+size
			return rest[2 : size-2]
		}
	}
	return nil
}

func newReader() reader { return reader{names: nameTable{seed: maphash.MakeSeed()}} }

// scan reads an audit event the way the API server writes it: it looks at the fields that
// count and steps over the rest, without reading a line twice as encoding/json does. It
// gives up (false) on whatever it does not expect; encoding/json then says what is wrong.
func (rd *reader) scan(line []byte, rec *record) bool {
	c := &rd.cursor
	*c = cursor{data: line}
	n, next := 0, 0
	if bytes.HasPrefix(line, []byte(head)) {
		n, c.at = 1, len(head)
	}
	for ; ; n++ {
		var key []byte
		if n > 0 {
			key = c.expected(&next)
		}
		if key == nil {
			key = c.key(n)
		}
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
		return rd.agent.read(c, &rec.UserAgent, rd.text)
	case "sourceIPs":
		return rd.sources.read(c, &rec.SourceIPs, rd.texts)
	case "user":
		return rd.whose(rec)
	case "objectRef":
		return rd.reference(rec)
	case "responseStatus":
		return rec.ResponseStatus.Code == 0 && rd.answer.read(c, &rec.ResponseStatus, rd.status)
	case "annotations":
		return rd.notes.read(c, new(struct{}), func(*struct{}) bool { return c.skip() })
	case "requestObject":
		return rd.body(rec)
	case "requestReceivedTimestamp":
		return rd.moment(&rec.Received)
	case "stageTimestamp":
		return rd.moment(&rec.Staged)
	}
	return c.skip()
}

func (rd *reader) whose(rec *record) bool {
	return rec.User.Username == "" && rd.who.read(&rd.cursor, &rec.User, rd.user)
}

// body keeps a request's body as it stands in the line.
func (rd *reader) body(rec *record) bool {
	c := &rd.cursor
	from := c.at
	if !c.skip() {
		return false
	}
	rec.RequestObject = bytes.TrimSpace(c.data[from:c.at])
	return true
}

func (rd *reader) moment(into *time.Time) bool {
	raw, ok := rd.cursor.quoted()
	return ok && rd.stamps.read(raw, into)
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
	slot := rd.names.slot(raw[1 : len(raw)-1])
	if *slot == string(raw[1:len(raw)-1]) { // and so stands for itself
		*into = *slot
		return true
	}
	inner, ok := unescaped(raw, &rd.scratch)
	*into = rd.names.keep(slot, inner)
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

// texts reads a list of strings.
func (rd *reader) texts(into *[]string) bool {
	list := []string{}
	for n := 0; rd.cursor.more(n, '[', ']'); n++ {
		var text string
		if !rd.text(&text) {
			return false
		}
		list = append(list, text)
	}
	*into = list
	return !rd.cursor.broken
}
