package cli

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/scenarios"
)

// TestShowKeepsAnswersBack: nothing that is printed before a run tells the cause.
func TestShowKeepsAnswersBack(t *testing.T) {
	t.Parallel()
	names, err := scenarios.Names()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := embeddedScenario(t, name)
			spec := folder.Scenario.Spec
			secrets := append([]string{spec.Family, strings.TrimSpace(spec.Explanation)[:40]}, spec.Hints...)
			for _, script := range folder.Solutions {
				secrets = append(secrets, script.Path)
			}
			for _, output := range []string{"text", "json", "yaml"} {
				plain, _, code := runCLI(t, "show", name, "-o", output)
				if code != 0 || !strings.Contains(plain, folder.Scenario.Metadata.Title) {
					t.Errorf("-o %s: exit code %d: %s", output, code, plain)
				}
				said := strings.ReplaceAll(plain, name, "") // its name may say the family
				for _, secret := range secrets {
					if strings.Contains(said, secret) {
						t.Errorf("show -o %s gives %q away", output, secret)
					}
				}
			}
			answers, _, code := runCLI(t, "show", name, "--answers")
			for _, secret := range secrets {
				if code != 0 || !strings.Contains(answers, secret) {
					t.Errorf("--answers lacks %q (exit code %d)", secret, code)
				}
			}
		})
	}
	_, stderr, code := runCLI(t, "show", "oomkiled")
	if code != exitUsage || !strings.Contains(stderr, `did you mean "oomkilled"?`) {
		t.Errorf("unknown scenario: exit code %d: %s", code, stderr)
	}
}

func TestShowInAnExam(t *testing.T) {
	t.Parallel()
	streams, _, out, _ := iostreams.Test()
	f := NewFactory(streams)
	f.Getenv = func(key string) string { return map[string]string{envExam: "1"}[key] }
	err := runShow(&showOptions{factory: f, name: "oomkilled", answers: true, output: outputText})
	var usage *usageError
	if !errors.As(err, &usage) || out.Len() > 0 {
		t.Errorf("got %v and printed %q", err, out)
	}
	if err := runShow(&showOptions{factory: f, name: "oomkilled", output: outputText}); err != nil {
		t.Errorf("without answers: %v", err)
	}
}

// TestShowWhileGraded: a hint costs points, so the answers are not free for as long as the run
// is graded; those of other scenarios are nobody's secret.
func TestShowWhileGraded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode    drill.Mode
		decided bool
		show    string
		refused bool
	}{
		"graded":           {drill.ModeGraded, false, "oomkilled", true},
		"another scenario": {drill.ModeGraded, false, "bad-probe", false},
		"decided":          {drill.ModeGraded, true, "oomkilled", false},
		"training":         {drill.ModeTraining, false, "oomkilled", false},
		"exam":             {drill.ModeExam, false, "bad-probe", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, store := newHome(t)
			entries := []any{"page", drill.Page{Text: "p"}, "phase", drill.PhaseChange{Phase: drill.PhaseActive, Attempt: 1}}
			if c.decided {
				entries = append(entries, "verdict", drill.Verdict{Reason: "not recovered: x"})
			}
			journal, err := store.Create("shop-aaaaa")
			if err != nil {
				t.Fatal(err)
			}
			if err := drill.Begin(t.Context(), journal, drill.Created{Run: "shop-aaaaa", Scenario: "oomkilled", Mode: c.mode}); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(entries); i += 2 {
				kind, _ := entries[i].(string)
				if _, err := journal.Append(t.Context(), kind, entries[i+1]); err != nil {
					t.Fatal(err)
				}
			}
			expectAnswers(t, f, c.show, c.refused)
		})
	}
}

// TestShowBetweenTheDrillsOfAnExam: the answers of those to come are not shown in between.
func TestShowBetweenTheDrillsOfAnExam(t *testing.T) {
	t.Parallel()
	f, _ := newHome(t)
	h, err := f.Home()
	if err != nil {
		t.Fatal(err)
	}
	exam := "apiVersion: firedrill.dev/v1alpha1\nkind: Exam\ntitle: Spring\nscenarios:\n  - name: oomkilled\n"
	if err := home.WriteFile(filepath.Join(h.Exam("exam-aaaaa"), examFile), []byte(exam), home.FilePerm); err != nil {
		t.Fatal(err)
	}
	expectAnswers(t, f, "bad-probe", true)
	for what, err := range map[string]error{
		"list -o wide": printList(&listOptions{factory: f, output: outputWide}, nil),
		"demo":         runDemo(t.Context(), &demoOptions{startOptions: startOptions{factory: f, scenario: "bad-probe"}}),
		"start":        f.refuseInExam(&startOptions{scenario: "bad-probe"}),
	} {
		var usage *usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), "exam-aaaaa") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := f.refuseInExam(&startOptions{exam: "exam-aaaaa"}); err != nil {
		t.Errorf("a drill of its own: %v", err)
	}
	e, err := f.findExam("")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.endExam(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	expectAnswers(t, f, "bad-probe", false)
	if err := f.refuseInExam(&startOptions{scenario: "bad-probe"}); err != nil {
		t.Errorf("after the end: %v", err)
	}
	if e, err = f.findExam(""); err != nil || !e.over() {
		t.Fatalf("after the end: %v, %+v", err, e)
	}
	if result := f.resultOf(t.Context(), e, nil); !result.Over || result.Passed || result.Score != 0 {
		t.Errorf("the result: %+v", result)
	}
	var usage *usageError
	if err := f.endExam(t.Context(), e); !errors.As(err, &usage) {
		t.Errorf("ended twice: %v", err)
	}
	if err := (&examOptions{factory: f}).next(t.Context(), e); !errors.As(err, &usage) {
		t.Errorf("gone on with: %v", err)
	}
}

func expectAnswers(t *testing.T, f *Factory, name string, refused bool) {
	t.Helper()
	err := runShow(&showOptions{factory: f, name: name, answers: true, output: outputJSON})
	var usage *usageError
	if errors.As(err, &usage) != refused || !refused && err != nil {
		t.Errorf("got %v", err)
	}
}
