package audit

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// request is one request to the API server, as the rules look at it.
type request struct {
	objectRef
	auditID  []byte // the line's
	actor    string
	client   string // who asked, with which program, from where
	kubectl  bool
	command  string // of kubectl, where its name tells
	tool     bool   // by its own account, one of the tool's clients
	proxied  bool   // through a proxy on the machine of who asked
	verb     string
	about    string // what it asks of the API itself: aboutAPI
	query    query
	code     int
	body     []byte   // the line's
	object   *element // the same, read; valid as long
	received time.Time
	done     time.Time // when the answer was complete, or began for a long one
}

// newRequest makes the request of a record.
func (rd *reader) newRequest(rec *record, actor string) *request {
	path, query, _ := bytes.Cut(rec.RequestURI, []byte("?"))
	from := rd.clients.of(actor, rec.UserAgent, rec.SourceIPs)
	r := &rd.request
	*r = request{
		auditID: rec.AuditID, actor: actor, client: from.name, kubectl: from.kubectl, command: from.command, tool: from.tool, proxied: from.forwarded,
		verb: rec.Verb, about: aboutAPI(path), query: rd.query(query),
		code: rec.ResponseStatus.Code, body: rec.RequestObject, received: rec.Received.UTC(), done: rec.Staged.UTC(),
	}
	if rec.ObjectRef != nil {
		r.objectRef = *rec.ObjectRef
	}
	if r.done.Before(r.received) {
		r.done = r.received
	}
	if r.Resource == "namespaces" && r.Name != "" {
		r.Namespace = "" // the API server fills it with the namespace's own name
	}
	if len(r.body) > 0 {
		r.object = rd.tree.read(r.body)
	}
	if r.Name == "" {
		r.Name = bodyName(r.object)
	}
	return r
}

// id is unique even among requests of a client that sends one Audit-ID header with all
// of them, and the same whenever the line is read.
func (r *request) id() string {
	var room [96]byte
	id := room[:0]
	if len(r.auditID) <= 64 && simple(r.auditID) {
		id = append(id, r.auditID...)
	} else {
		id = append(id, clip(string(r.auditID), 64)...)
	}
	id = append(id, '-')
	return string(strconv.AppendInt(id, r.received.UnixMicro(), 36))
}

// bodyName reads the name of a created object, which is not in the request's path.
func bodyName(object *element) string {
	metadata := object.get("metadata")
	if name := metadata.get("name").string(); name != "" {
		return name
	}
	if prefix := metadata.get("generateName").string(); prefix != "" {
		return prefix + "*"
	}
	return ""
}

func (r *request) manager() string { return r.query.manager }
func (r *request) list() bool      { return r.verb == "list" }
func (r *request) get() bool       { return r.verb == "get" }

// dryRun tells whether the API server was asked to only try; a deletion says so in its
// body.
func (r *request) dryRun() bool {
	return r.query.has(paramDryRun) ||
		strings.HasPrefix(r.verb, "delete") && bytes.Contains(r.body, []byte(`"dryRun":["All"]`))
}

// paged tells a list that a person asked for from one that kubectl needs itself:
// only the former is asked for in pages.
func (r *request) paged() bool { return r.query.has(paramLimit) }

func (r *request) selective() bool {
	return r.query.labels != "" || r.query.fields != ""
}

// field returns the value that the field selector asks of a field.
func (r *request) field(name string) string {
	if r.query.fields == "" {
		return ""
	}
	for term := range strings.SplitSeq(r.query.fields, ",") {
		if key, value, ok := strings.Cut(term, "="); ok && key == name {
			return value
		}
	}
	return ""
}

// of tells whether two requests are about the same object.
func (r *request) of(o objectRef) bool {
	return r.Resource == o.Resource && r.APIGroup == o.APIGroup && r.Namespace == o.Namespace && r.Name == o.Name
}

// asks tells a question about one's own rights or identity from a write: both are
// creations to the API server.
func (r *request) asks() bool {
	return strings.HasPrefix(r.Resource, "selfsubject") || strings.HasSuffix(r.Resource, "accessreviews")
}

func (r *request) writes() bool {
	switch r.verb {
	case "create", "update", "patch", "delete", "deletecollection":
		return !r.asks()
	}
	return false
}
