package audit

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

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
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{})); diff != "" {
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
		"", "{", "[]", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}x`, `{"a":"b}`, `{"a":"b\"}`, `{"auditID":7}`, `{"a":[1,2}`[:9],
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

// FuzzScan: whatever is valid JSON is read as encoding/json reads it, or not at all.
func FuzzScan(f *testing.F) {
	f.Add(string(lineBuilder{verb: "patch", ref: pod("a"), body: `{"a":["b"]}`}.line()))
	f.Add(`{"auditID":"\ud800","user":{"username":"x","username":"y"},"objectRef":{}}`)
	f.Fuzz(func(t *testing.T, line string) {
		var want, got record
		if json.Unmarshal([]byte(line), &want) != nil || !scanned([]byte(line), &got) || strings.ContainsAny(strings.ToLower(line), "ſk") {
			return // encoding/json takes keys in any case, and folds ſ and K
		}
		if strings.Contains(strings.ToLower(line), strings.ToLower(`"AuditID"`)) && !strings.Contains(line, `"auditID"`) {
			return
		}
		if string(got.AuditID) != string(want.AuditID) || got.Verb != want.Verb || got.User != want.User || string(got.RequestURI) != string(want.RequestURI) {
			t.Errorf("json %+v, scan %+v", want, got)
		}
	})
}

// What a broken line leaves in the reader must not be taken for a part of the next.
func TestScanAfterABrokenLine(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{
		`{"sourceIPs":["192.0.2.1"x]}`, `{"sourceIPs":["192.0.2.1"`, `{"requestReceivedTimestamp":"2026-11-23T25:00:00Z"}`, `{"objectRef":{"name":"a"`,
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
