package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestAMarkWithoutWeightIsLeftOut: an instructor who weighs none of a mark's parts gets none.
func TestAMarkWithoutWeightIsLeftOut(t *testing.T) {
	t.Parallel()
	r := recoveredReport(t)
	kept := r.Grade.Parts[:0]
	for _, p := range r.Grade.Parts {
		if p.Name != "process" && p.Name != "time" {
			kept = append(kept, p)
		}
	}
	r.Grade.Parts, r.Grade.Process = kept, 0
	for format, unwanted := range map[string]string{
		"txt": "process 0/10", "md": "process **0/10**", "html": "</b>process", "xml": `name="process"`, "xapi.json": "xapi/process",
	} {
		var out bytes.Buffer
		if err := renderers()[format](r, &out); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); strings.Contains(text, unwanted) || format != "xapi.json" && format != "xml" && !strings.Contains(text, "technical depth") {
			t.Errorf("%s: %s", format, text)
		}
	}
	data, err := json.Marshal(r.Grade)
	if err != nil || bytes.Contains(data, []byte(`"process"`)) || !bytes.Contains(data, []byte(`"technical"`)) || !bytes.Contains(data, []byte(`"missed"`)) {
		t.Errorf("%s, %v", data, err)
	}
	rows := r.summaryRows()
	if row := rows[1]; row[10] != "" || row[11] == "" {
		t.Errorf("%q", row[:12])
	}
}
