package scenario_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/scenario"
)

// TestRubricRules changes one thing of the good scenario's diagnosis or rubric at a time.
func TestRubricRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		edits []string
		want  string
	}{
		{"class", []string{"class: capacity\n", "class: weather\n"}, `spec.diagnosis.class: "weather" is not one of application, configuration, infrastructure, deployment, network, capacity`},
		{"another class", []string{"class: capacity\n", "class: capacity\n    alsoClass: [weather]\n"}, `spec.diagnosis.alsoClass[0]: "weather" is not one of application, configuration, infrastructure, deployment, network, capacity`},
		{"right among the wrong", []string{"[service/checkout,", "[deployment/checkout,"}, `spec.diagnosis.distractors.object[0]: "deployment/checkout" is the right answer`},
		{"wrong twice", []string{"[service/checkout, node,", "[node, node,"}, `spec.diagnosis.distractors.object[1]: "node" is there twice`},
		{"unknown verb", []string{"{verbs: [events]}", "{verbs: [event]}"}, `spec.rubric.signals[1].match[0].verbs[0]: unknown verb "event" (did you mean "events"?)`},
		{"everything", []string{"{verbs: [events]}", "{previous: true}"}, `spec.rubric.signals[1].match[0]: matches everything: give verbs, or shell`},
		{"verbs in a shell", []string{"{verbs: [events]}", "{verbs: [events], shell: df}"}, `spec.rubric.signals[1].match[0].shell: stands without verbs: what is typed in a node is no action of kubectl's`},
		{"expression", []string{"{verbs: [events]}", `{shell: "df ("}`}, "spec.rubric.signals[1].match[0].shell: is no regular expression: error parsing regexp: missing closing ): `df (`"},
		{"signal twice", []string{"name: events", "name: pods"}, `spec.rubric.signals[1].name: "pods" is the name of spec.rubric.signals[0] too`},
		{"weight", []string{"weight: 3", "weight: 9"}, `spec.rubric.signals[2].weight must be 1 to 5, not 9`},
		{"unknown safeguard", []string{"    production:", "    mayBreak: [replica-lowered]\n    production:"}, `spec.rubric.mayBreak[0]: unknown safeguard "replica-lowered" (did you mean "replicas-lowered"?)`},
		{"unsafe without a match", []string{"    production:", "    unsafe: [{sentence: No., match: [{previous: true}]}]\n    production:"}, `spec.rubric.unsafe[0].match[0]: matches everything: give verbs, or shell`},
		{"unsafe verb", []string{"    production:", "    unsafe: [{sentence: No., match: [{verbs: [drian]}]}]\n    production:"}, `spec.rubric.unsafe[0].match[0].verbs[0]: unknown verb "drian" (did you mean "drain"?)`},
		{"unknown field", []string{"previous: true", "prev: true"}, `unknown field "prev"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := problems(t, change(t, nil, test.edits...))
			if !strings.HasPrefix(got, "scenario.yaml:") || !strings.Contains(got, test.want) || strings.Contains(got, "\n") {
				t.Errorf("got %q, want one problem with %q", got, test.want)
			}
		})
	}
}

// TestWhatIsAskedOfTheAPICanBeASignal: the audit log tells of it.
func TestWhatIsAskedOfTheAPICanBeASignal(t *testing.T) {
	t.Parallel()
	if got := problems(t, change(t, nil, "{verbs: [events]}", "{verbs: [explain, version, api-resources]}")); got != "" {
		t.Error(got)
	}
}

// TestGradable: what is no draft can be graded; lint alone asks for it, so that a
// scenario of before there were grades can still be played.
func TestGradable(t *testing.T) {
	t.Parallel()
	none := func(text string) []string {
		from := strings.Index(text, "  diagnosis:")
		return []string{text[from:], ""}
	}
	text := goodText(t)
	tests := []struct {
		name  string
		edits []string
		want  []string
	}{
		{"all of it", nil, nil},
		{"none of it", none(text), []string{
			"scenario.yaml:7:3: spec: diagnosis is missing: what was wrong, with wrong answers beside it (or metadata.draft: true)",
			"scenario.yaml:7:3: spec: rubric is missing: the signals that an expert would read, in order (or metadata.draft: true)",
		}},
		{"a draft", append(none(text), "  name: queue-full\n", "  name: queue-full\n  draft: true\n"), nil},
		{"few wrong answers", []string{"[service/checkout, node, configmap/checkout]", "[service/checkout, node]"}, []string{
			"spec.diagnosis.distractors.object: holds 2 wrong answers, and at least 3 make a question",
		}},
		{"few signals", []string{text[strings.Index(text, "      - name: size\n"):strings.Index(text, "    decision:")], ""}, []string{
			"spec.rubric.signals: holds 3 signals, and at least 4 show how somebody works",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := change(t, nil, test.edits...)
			if got := problems(t, folder); got != "" {
				t.Errorf("it cannot be loaded: %s", got)
			}
			_, err := scenario.Entry{Name: "queue-full", FS: folder}.Lint(kinds())
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if len(got) != len(test.want) {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			for i := range got {
				if !strings.HasSuffix(got[i], test.want[i]) {
					t.Error(cmp.Diff(test.want[i], got[i]))
				}
			}
		})
	}
}

func goodText(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile("testdata/good/queue-full/" + scenario.FileName)
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}
