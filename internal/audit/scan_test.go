package audit

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scanned reads a line with a reader of its own.
func scanned(line []byte, rec *record) bool {
	rd := newReader()
	return rd.scan(line, rec)
}

// TestScanReadsWhatJSONReads compares the quick reader with encoding/json, over every
// line that was ever recorded: it must know all of them, and read the same.
func TestScanReadsWhatJSONReads(t *testing.T) {
	t.Parallel()
	lines := 0
	for _, folder := range versions(t) {
		files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, line := range fixture(t, file) {
				if len(line) == 0 {
					continue
				}
				lines++
				var want, got record
				if err := json.Unmarshal(line, &want); err != nil {
					t.Fatal(err)
				}
				if !scanned(line, &got) {
					t.Errorf("%s: gave up on %s", file, line)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-json +scan):\n%s", file, diff)
				}
			}
		}
	}
	if lines < 1000 {
		t.Errorf("only %d lines were compared", lines)
	}
}

func TestScanGivesUp(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "{", "[]", `,"level":"x"}`, head, head + `,"level"`, head + `,"level":`, head + `,"stage":"a","level":}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}x`, `{"a":"b}`, `{"a":"b\"}`, `{"auditID":7}`, `{"a":[1,2}`[:9],
		`{"responseStatus":{"code":"200"}}`, `{"sourceIPs":"x"}`, `{"stageTimestamp":"yesterday"}`, `{"user":{"username":"a}`,
	} {
		if scanned([]byte(line), new(record)) {
			t.Errorf("read %s", line)
		}
	}
}

func TestScanReadsEscapes(t *testing.T) {
	t.Parallel()
	var rec record
	line := `{ "auditID" : "a\"\\" , "x" : [ {"y":"}]\\"} , null, 1.5e3 ], "verb":"ü\u0026", "requestObject" : {"a":"\"}"} , "responseStatus":{"code":409}}`
	if !scanned([]byte(line), &rec) {
		t.Fatal("gave up")
	}
	if string(rec.AuditID) != `a"\` || rec.Verb != "ü&" || string(rec.RequestObject) != `{"a":"\"}"}` || rec.ResponseStatus.Code != 409 {
		t.Errorf("read %+v", rec)
	}
}

// FuzzScan: whatever is valid JSON is read as encoding/json reads it, or not at all, also
// after another line.
func FuzzScan(f *testing.F) {
	good := string(lineBuilder{verb: "patch", ref: pod("a"), body: `{"a":["b"]}`}.line())
	f.Add(good, good)
	f.Add(good, string(lineBuilder{verb: "get", ref: pod("a"), uri: `/x?a=b&c=\u0026"`, code: 404, at: time.Hour}.line()))
	f.Add(`{"user":{"username":"x"}}`, `{"auditID":"\ud800","user":{"username":"x","username":"y"},"user":{},"objectRef":{"name":"a"},"objectRef":{}}`)
	f.Add(`{"responseStatus":{"code":200}}`, `{"responseStatus":{"code":200},"responseStatus":{"x":1},"sourceIPs":[],"stageTimestamp":"2026-02-30T00:00:00Z"}`)
	f.Add(`{"stageTimestamp":"2026-11-23T00:00:00Z"}`, `{"stageTimestamp":"2026-11-23T23:59:59.123456789Z","requestReceivedTimestamp":"2026-11-23T23:59:59.1+01:00"}`)
	f.Add("", "{\"\u212Aey\":1,\"annotation\u017F\":{}}")
	f.Fuzz(func(t *testing.T, before, line string) {
		rd := newReader()
		rd.scan([]byte(before), new(record))
		var want, got record
		if json.Unmarshal([]byte(line), &want) != nil || !rd.scan([]byte(line), &got) || otherCase([]byte(line)) {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s after %s (-json +scan):\n%s", line, before, diff)
		}
	})
}

// otherCase tells whether a key of a line is one that counts in another case than the API
// server's: encoding/json takes it, and folds \u017F and the Kelvin sign, \u212A, to s and k.
func otherCase(line []byte) bool {
	keys := []string{
		"auditID", "stage", "requestURI", "verb", "userAgent", "sourceIPs", "user", "username", "objectRef", "resource", "namespace", "name",
		"apiGroup", "subresource", "responseStatus", "code", "requestObject", "requestReceivedTimestamp", "stageTimestamp",
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		text, _ := token.(string)
		if slices.ContainsFunc(keys, func(key string) bool { return text != key && strings.EqualFold(text, key) }) {
			return true
		}
	}
}

// What a broken line leaves in the reader must not be taken for a part of the next.
func TestScanAfterABrokenLine(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{
		`{"sourceIPs":["192.0.2.1"x]}`, `{"sourceIPs":["192.0.2.1"`, `{"user":{"username":"a"`, `{"responseStatus":{"code":4`, `{"annotations":{"a":"b"`, `{"requestReceivedTimestamp":"2026-11-23T25:00:00Z"}`, `{"objectRef":{"name":"a"`,
		`{"verb":"\u0026\u00`, `{"userAgent":"kubectl"`,
	} {
		rd := newReader()
		for _, line := range []string{broken, `{"sourceIPs":["192.0.2.1","192.0.2.2"],"requestReceivedTimestamp":"2026-11-23T01:02:03.5Z","userAgent":"kubectl","objectRef":{}}`} {
			var want, got record
			err := json.Unmarshal([]byte(line), &want)
			if ok := rd.scan([]byte(line), &got); ok != (err == nil) {
				t.Errorf("after %s: read %s: %v, want %v", broken, line, ok, err)
			} else if diff := cmp.Diff(want, got); ok && diff != "" {
				t.Errorf("after %s (-json +scan):\n%s", broken, diff)
			}
		}
	}
}
