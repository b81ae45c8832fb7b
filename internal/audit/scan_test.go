package audit

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
				if !got.scan(line) {
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
		if new(record).scan([]byte(line)) {
			t.Errorf("read %s", line)
		}
	}
}

func TestScanReadsEscapes(t *testing.T) {
	t.Parallel()
	var rec record
	line := `{ "auditID" : "a\"\\" , "x" : [ {"y":"}]\\"} , null, 1.5e3 ], "verb":"ü\u0026", "requestObject" : {"a":"\"}"} , "responseStatus":{"code":409}}`
	if !rec.scan([]byte(line)) {
		t.Fatal("gave up")
	}
	if rec.AuditID != `a"\` || rec.Verb != "ü&" || string(rec.RequestObject) != `{"a":"\"}"}` || rec.ResponseStatus.Code != 409 {
		t.Errorf("read %+v", rec)
	}
}

// FuzzScan: whatever is valid JSON is read as encoding/json reads it, or not at all.
func FuzzScan(f *testing.F) {
	f.Add(string(lineBuilder{verb: "patch", ref: pod("a"), body: `{"a":["b"]}`}.line()))
	f.Add(`{"auditID":"\ud800","user":{"username":"x","username":"y"},"objectRef":{}}`)
	f.Fuzz(func(t *testing.T, line string) {
		var want, got record
		if json.Unmarshal([]byte(line), &want) != nil || !got.scan([]byte(line)) || strings.ContainsAny(strings.ToLower(line), "ſk") {
			return // encoding/json takes keys in any case, and folds ſ and K
		}
		if strings.Contains(strings.ToLower(line), strings.ToLower(`"AuditID"`)) && !strings.Contains(line, `"auditID"`) {
			return
		}
		if got.AuditID != want.AuditID || got.Verb != want.Verb || got.User != want.User || got.RequestURI != want.RequestURI {
			t.Errorf("json %+v, scan %+v", want, got)
		}
	})
}
