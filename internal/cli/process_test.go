package cli

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/iostreams"
)

func TestCleanText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"rolled back":                       "rolled back",
		"  two\nlines\tand a tab ":          "two lines and a tab",
		"\x1b[31mred\x1b[0m":                "[31mred[0m",
		"bell\x07 and \x00nothing":          "bell and nothing",
		"turned\u202e around":               "turned around",
		"broken \xff\xfe bytes":             "broken bytes",
		"größer, 日本 and 🔥":                  "größer, 日本 and 🔥",
		strings.Repeat("ü", maxNote):        strings.Repeat("ü", maxNote),
		strings.Repeat("ü", maxNote) + "  ": strings.Repeat("ü", maxNote),
	} {
		got, err := cleanText("the note", text, maxNote)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, refused := range [][2]string{
		{"", "the note is empty"},
		{" \n\x07", "the note is empty"},
		{strings.Repeat("a", maxNote+1), "the note has 1001 characters: at most 1000 are kept"},
	} {
		if _, err := cleanText("the note", refused[0], maxNote); err == nil || !strings.Contains(err.Error(), refused[1]) {
			t.Errorf("%.20q: %v", refused[0], err)
		}
	}
}

// pagedRun makes a run that was paged, and a command line whose person types input.
func pagedRun(t *testing.T, input string) (*Factory, *openRun) {
	t.Helper()
	streams, in, _, _ := iostreams.Test()
	in.WriteString(input)
	streams.SetTerminal(true, false, false, false)
	home := t.TempDir()
	f := NewFactory(streams)
	f.startReferee = func(context.Context, *openRun) error { return nil }
	f.Getenv = func(key string) string { return map[string]string{"FIREDRILL_HOME": home}[key] }
	store, err := f.store()
	if err != nil {
		t.Fatal(err)
	}
	journal, err := store.Create("shop-aaaaa")
	if err != nil {
		t.Fatal(err)
	}
	if err := drill.Begin(t.Context(), journal, drill.Created{Run: "shop-aaaaa", Scenario: "oomkilled", Variant: "leak", Seed: 3, TimeLimit: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Append(t.Context(), "page", drill.Page{Text: "p"}); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Append(t.Context(), "phase", drill.PhaseChange{Phase: drill.PhaseActive, Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	r, err := f.openRun("")
	if err != nil {
		t.Fatal(err)
	}
	return f, r
}

// TestDiagnoseAsks: on a terminal what no flag gives is asked, one line after the other.
func TestDiagnoseAsks(t *testing.T) {
	t.Parallel()
	f, r := pagedRun(t, "2\n1\n3\n")
	if err := runDiagnose(t.Context(), &diagnoseOptions{factory: f, output: outputText}); err != nil {
		t.Fatal(err)
	}
	if err := r.refresh(); err != nil {
		t.Fatal(err)
	}
	folder, err := loadFolder(r.Created)
	if err != nil {
		t.Fatal(err)
	}
	options := folder.Scenario.Spec.Diagnosis.Options(3)
	want := []string{"configuration", options.Objects[0], options.Mechanisms[2]}
	u := r.Updates[0]
	if diff := cmp.Diff(want, []string{u.Class, u.Object, u.Mechanism}); diff != "" {
		t.Error(diff)
	}
}

func TestNoteAndSeverityAsk(t *testing.T) {
	t.Parallel()
	f, r := pagedRun(t, "rolling back\n2\na third of the orders fails\n")
	if err := runNote(t.Context(), f, "", "", true, outputText); err != nil {
		t.Fatal(err)
	}
	if err := runSeverity(t.Context(), &severityOptions{factory: f, output: outputText}); err != nil {
		t.Fatal(err)
	}
	if err := r.refresh(); err != nil {
		t.Fatal(err)
	}
	want := []string{"rolling back", "SEV2", "a third of the orders fails"}
	if diff := cmp.Diff(want, []string{r.Updates[0].Text, r.Updates[1].Severity, r.Updates[1].Text}); diff != "" {
		t.Error(diff)
	}
	for input, want := range map[string]string{
		"\n": "the severity: nothing was answered", "5\nwhy\n": `severity "5": use SEV1`, "1\n\n": "--reason: nothing was answered",
	} {
		f, r := pagedRun(t, input)
		if err := runSeverity(t.Context(), &severityOptions{factory: f, output: outputText}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", input, err)
		}
		if err := r.refresh(); err != nil || len(r.Updates) > 0 {
			t.Errorf("%q is journaled all the same: %v %v", input, r.Updates, err)
		}
	}
}

func TestResolveAsks(t *testing.T) {
	t.Parallel()
	f, r := pagedRun(t, "rolled back to 2.3.0\n1\nopen a ticket\n")
	if err := runResolve(t.Context(), &resolveOptions{factory: f, output: outputText}); err != nil {
		t.Fatal(err)
	}
	if err := r.refresh(); err != nil {
		t.Fatal(err)
	}
	u := r.Updates[0]
	if diff := cmp.Diff([]string{"rolled back to 2.3.0", "mitigation", "open a ticket"}, []string{u.Text, u.Kind, u.FollowUp}); diff != "" {
		t.Error(diff)
	}
	f, r = pagedRun(t, "\n")
	if err := runResolve(t.Context(), &resolveOptions{factory: f, output: outputText}); err == nil || !strings.Contains(err.Error(), "--done: nothing was answered") {
		t.Errorf("an empty answer: %v", err)
	}
	if err := r.refresh(); err != nil || len(r.Updates) > 0 {
		t.Errorf("journaled all the same: %v %v", r.Updates, err)
	}
}
