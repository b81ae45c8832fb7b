package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// record is what is read of an audit event (audit.k8s.io/v1).
type record struct {
	AuditID        string          `json:"auditID"`
	Stage          string          `json:"stage"`
	RequestURI     string          `json:"requestURI"`
	Verb           string          `json:"verb"`
	UserAgent      string          `json:"userAgent"`
	SourceIPs      []string        `json:"sourceIPs"`
	User           user            `json:"user"`
	ObjectRef      *objectRef      `json:"objectRef"`
	ResponseStatus responseStatus  `json:"responseStatus"`
	RequestObject  json.RawMessage `json:"requestObject"`
	Received       time.Time       `json:"requestReceivedTimestamp"`
	Staged         time.Time       `json:"stageTimestamp"`
}

type user struct {
	Username string `json:"username"`
}

type objectRef struct {
	Resource    string `json:"resource"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	APIGroup    string `json:"apiGroup"`
	Subresource string `json:"subresource"`
}

type responseStatus struct {
	Code int `json:"code"`
}

// request is one request to the API server, as the rules look at it.
type request struct {
	objectRef
	id       string
	actor    string
	client   string // who asked, with which program, from where
	kubectl  bool
	tool     bool // by its own account, one of the tool's clients
	verb     string
	path     string
	query    url.Values
	code     int
	body     json.RawMessage
	received time.Time
	done     time.Time // when the answer was complete, or began for a long one
}

// longRunning names what the API server audits with ResponseStarted, as its
// BasicLongRunningRequestCheck does; ResponseComplete comes when the client leaves.
var longRunning = map[string]bool{"attach": true, "exec": true, "proxy": true, "log": true, "portforward": true} //nolint:gochecknoglobals // a constant table

// decode reads a line. A line that was cut by a crash of the API server has the next
// event on its end: that one is read.
func decode(line []byte) (*record, error) {
	var rec record
	if !rec.scan(line) {
		rec = record{}
		if err := json.Unmarshal(line, &rec); err != nil {
			return decodeCut(line, err)
		}
	}
	return rec.complete(line)
}

// decodeCut reads the event that follows on a line that was cut.
func decodeCut(line []byte, err error) (*record, error) {
	at := bytes.LastIndex(line, []byte(`{"kind":"Event"`))
	if at <= 0 {
		return nil, fmt.Errorf("decode an audit line of %d bytes: %w", len(line), err)
	}
	var rec record
	if err := json.Unmarshal(line[at:], &rec); err != nil {
		return nil, fmt.Errorf("decode an audit line of %d bytes: %w", len(line), err)
	}
	return rec.complete(line)
}

func (rec *record) complete(line []byte) (*record, error) {
	if rec.AuditID == "" || rec.Received.IsZero() {
		return nil, fmt.Errorf("decode an audit line of %d bytes: no audit ID or no time", len(line))
	}
	return rec, nil
}

// final tells whether a record is the one of its request that counts.
func (rec *record) final() bool {
	long := rec.Verb == "watch" || rec.ObjectRef != nil && longRunning[rec.ObjectRef.Subresource]
	switch rec.Stage {
	case "ResponseStarted":
		return long
	case "ResponseComplete":
		return !long
	}
	return rec.Stage == "Panic"
}

func (rec *record) request(actor string) *request {
	path, rawQuery, _ := strings.Cut(rec.RequestURI, "?")
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		query = url.Values{} // the client sent nonsense: what can be read of the path counts
	}
	r := &request{
		id: eventID(rec), actor: actor, kubectl: strings.HasPrefix(rec.UserAgent, "kubectl"),
		client: actor + " " + rec.UserAgent + " " + strings.Join(rec.SourceIPs, ","),
		tool:   strings.HasPrefix(rec.UserAgent, ToolAgent),
		verb:   rec.Verb, path: path, query: query, code: rec.ResponseStatus.Code,
		body: rec.RequestObject, received: rec.Received.UTC(), done: rec.Staged.UTC(),
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
	if r.Name == "" && len(r.body) > 0 {
		r.Name = bodyName(r.body)
	}
	return r
}

// eventID is unique even among requests of a client that sends one Audit-ID header
// with all of them, and the same whenever the line is read.
func eventID(rec *record) string {
	return clip(rec.AuditID, 64) + "-" + strconv.FormatInt(rec.Received.UnixMicro(), 36)
}

// bodyName reads the name of a created object, which is not in the request's path.
func bodyName(body []byte) string {
	var object struct {
		Metadata struct {
			Name         string `json:"name"`
			GenerateName string `json:"generateName"`
		} `json:"metadata"`
	}
	if json.Unmarshal(body, &object) != nil {
		return "" // a patch that is a list
	}
	if object.Metadata.Name == "" && object.Metadata.GenerateName != "" {
		return object.Metadata.GenerateName + "*"
	}
	return object.Metadata.Name
}

func (r *request) manager() string { return r.query.Get("fieldManager") }
func (r *request) list() bool      { return r.verb == "list" }
func (r *request) get() bool       { return r.verb == "get" }

// dryRun tells whether the API server was asked to only try; a deletion says so in its
// body.
func (r *request) dryRun() bool {
	return r.query.Has("dryRun") ||
		strings.HasPrefix(r.verb, "delete") && bytes.Contains(r.body, []byte(`"dryRun":["All"]`))
}

// paged tells a list that a person asked for from one that kubectl needs itself:
// only the former is asked for in pages.
func (r *request) paged() bool { return r.query.Has("limit") }

func (r *request) selective() bool {
	return r.query.Get("labelSelector") != "" || r.query.Get("fieldSelector") != ""
}

// field returns the value that the field selector asks of a field.
func (r *request) field(name string) string {
	for term := range strings.SplitSeq(r.query.Get("fieldSelector"), ",") {
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
