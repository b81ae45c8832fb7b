package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/drill"
)

// TestAWarningIsNoError: what a webhook does not take makes no run an error, in any format.
func TestAWarningIsNoError(t *testing.T) {
	t.Parallel()
	run, err := drill.Replay(unfinishedJournal(t))
	if err != nil {
		t.Fatal(err)
	}
	run.Warnings = []string{"the webhook refused it"}
	r := Build(run, spec(), at(60))
	if len(r.Errors) > 0 || len(r.Warnings) != 1 {
		t.Errorf("errors %q, warnings %q", r.Errors, r.Warnings)
	}
	for format, want := range map[string]string{
		"txt": "warning: the webhook refused it", "md": "**Warning:** the webhook refused it", "html": "warning: the webhook refused it",
		"xml": "<skipped ", "json": `"warnings": [`,
	} {
		var out bytes.Buffer
		if err := renderers()[format](r, &out); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); !strings.Contains(text, want) || strings.Contains(text, "error: the webhook") || strings.Contains(text, "<error ") {
			t.Errorf("%s: %s", format, text)
		}
	}
}
