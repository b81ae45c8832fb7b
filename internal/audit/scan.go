package audit

import "bytes"

// scan reads an audit event the way the API server writes it: it looks at the fields that
// count and steps over the rest, without reading a line twice as encoding/json does. It
// gives up (false) on whatever it does not expect; encoding/json then says what is wrong.
func (rec *record) scan(line []byte) bool {
	c := cursor{data: line}
	if !c.object(func(key []byte) bool { return rec.field(&c, key) }) {
		return false
	}
	c.space()
	return c.at == len(c.data)
}

// plain is where a field that is nothing but text belongs; nil for any other field.
func (rec *record) plain(key []byte) *string {
	switch string(key) {
	case "auditID":
		return &rec.AuditID
	case "stage":
		return &rec.Stage
	case "requestURI":
		return &rec.RequestURI
	case "verb":
		return &rec.Verb
	case "userAgent":
		return &rec.UserAgent
	}
	return nil
}

func (rec *record) field(c *cursor, key []byte) bool {
	if into := rec.plain(key); into != nil {
		return c.text(into)
	}
	switch string(key) {
	case "sourceIPs":
		return c.texts(&rec.SourceIPs)
	case "user":
		return c.object(func(key []byte) bool {
			if string(key) == "username" {
				return c.text(&rec.User.Username)
			}
			return c.skip()
		})
	case "objectRef":
		rec.ObjectRef = new(objectRef)
		return c.object(func(key []byte) bool { return rec.ObjectRef.field(c, key) })
	case "responseStatus":
		return c.object(func(key []byte) bool {
			if string(key) == "code" {
				return c.number(&rec.ResponseStatus.Code)
			}
			return c.skip()
		})
	case "requestObject":
		from := c.at
		if !c.skip() {
			return false
		}
		rec.RequestObject = bytes.Clone(bytes.TrimSpace(c.data[from:c.at]))
		return true
	case "requestReceivedTimestamp":
		return c.time(&rec.Received)
	case "stageTimestamp":
		return c.time(&rec.Staged)
	}
	return c.skip()
}

func (o *objectRef) field(c *cursor, key []byte) bool {
	switch string(key) {
	case "resource":
		return c.text(&o.Resource)
	case "namespace":
		return c.text(&o.Namespace)
	case "name":
		return c.text(&o.Name)
	case "apiGroup":
		return c.text(&o.APIGroup)
	case "subresource":
		return c.text(&o.Subresource)
	}
	return c.skip()
}
