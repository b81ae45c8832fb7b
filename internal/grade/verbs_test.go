package grade_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/firedrill/firedrill/internal/audit"
	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
)

// recorded are the events that the classifier makes of the recorded kubectls.
func recorded(t *testing.T) []timeline.Event {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "audit", "testdata", "v*", "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	script := filepath.Join(filepath.Dir(filepath.Dir(files[0])), "quick-script.log") // with the log of a container that was
	var events []timeline.Event
	for _, file := range append(files, script) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, after, found := bytes.Cut(data, []byte(`"username":"`+audit.UserPrefix))
		if !found {
			continue // noise alone
		}
		trainee, _, _ := bytes.Cut(after, []byte(`"`))
		c := audit.NewClassifier(string(trainee))
		for line := range bytes.Lines(data) {
			events = append(events, c.Line(bytes.TrimSpace(line))...)
		}
		events = append(events, c.Rest()...)
	}
	return events
}

// TestSignalsCanBeSeen: every signal and every decision asks for something that the audit
// log tells of real kubectls, or for a command typed in a node.
func TestSignalsCanBeSeen(t *testing.T) {
	t.Parallel()
	events := recorded(t)
	seen := func(m scenario.Match) bool {
		// The recordings are of one small shop: what kind of object it was is not the point.
		m.Name, m.Namespace, m.Resources = "", "", nil
		if m.Detail != "" && m.Verbs[0] == "exec" {
			m.Detail = "command: " // no database was recorded
		}
		return m.Shell != "" || slices.ContainsFunc(events, func(e timeline.Event) bool { return grade.Matches([]scenario.Match{m}, e) })
	}
	for _, d := range drills(t) {
		for _, s := range d.spec.Rubric.Signals {
			if !slices.ContainsFunc(s.Match, seen) {
				t.Errorf("%s: signal %s: no recorded command is one of %+v", d.name, s.Name, s.Match)
			}
		}
		for _, m := range slices.Concat(d.spec.Rubric.Decision.Match, d.spec.Rubric.Precautions) {
			if !seen(m) {
				t.Errorf("%s: decision: no recorded command is %+v", d.name, m)
			}
		}
	}
}
