package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// record is what is read of an audit event (audit.k8s.io/v1).
type record struct {
	AuditID        text            `json:"auditID"`
	Stage          string          `json:"stage"`
	RequestURI     text            `json:"requestURI"`
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

// text is a string as bytes, which may be those of the line.
type text []byte

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	s := string(*t)
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*t = text(s)
	return nil
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

// longRunning names what the API server audits with ResponseStarted, as its
// BasicLongRunningRequestCheck does; ResponseComplete comes when the client leaves.
var longRunning = map[string]bool{"attach": true, "exec": true, "proxy": true, "log": true, "portforward": true} //nolint:gochecknoglobals // a constant table

// decode reads a line. A line that was cut by a crash of the API server has the next
// event on its end: that one is read.
func (rd *reader) decode(line []byte) (*record, error) {
	rec := &rd.record
	*rec = record{}
	if !rd.scan(line, rec) {
		*rec = record{}
		if err := json.Unmarshal(line, rec); err != nil {
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
	if len(rec.AuditID) == 0 || rec.Received.IsZero() {
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
