package scenario_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/scenario"
)

const goodExam = `apiVersion: firedrill.dev/v1alpha1
kind: Exam
title: On call, first week
passAt: 70
scenarios:
  - name: oomkilled
    variant: leak
    weight: 2
    timeLimit: 10m
    seed: 7
  - name: bad-probe
`

func TestReadExam(t *testing.T) {
	t.Parallel()
	exam, err := scenario.ReadExam("exam.yaml", []byte(goodExam))
	if err != nil {
		t.Fatal(err)
	}
	first := exam.Scenarios[0]
	if exam.PassAt != 70 || exam.Weights() != 3 || first.TimeLimit.Std() != 10*time.Minute || first.Seed == nil || *first.Seed != 7 || exam.Scenarios[1].Seed != nil {
		t.Errorf("%+v", exam)
	}
}

func TestReadExamProblems(t *testing.T) {
	t.Parallel()
	_, drills, _ := strings.Cut(goodExam, "scenarios:\n")
	tests := map[string]struct{ old, text, want string }{
		"empty":           {goodExam, "", "exam.yaml: is empty"},
		"two documents":   {"kind: Exam", "kind: Exam\n---\na: 1", "exam.yaml:4:1: holds a second document, and one is wanted"},
		"another kind":    {"kind: Exam", "kind: Scenario", `exam.yaml:2:7: kind: "Scenario" is not one of Exam`},
		"unknown field":   {"passAt: 70", "passat: 70", `exam.yaml:4:1: unknown field "passat" (did you mean "passAt"?)`},
		"out of bounds":   {"passAt: 70", "passAt: 170", "exam.yaml:4:9: passAt must be 1 to 100, not 170"},
		"no weight":       {"weight: 2", "weight: 0", "exam.yaml:8:13: scenarios[0].weight must be 0.1 to 100, not 0"},
		"a short time":    {"10m", "10s", "exam.yaml:9:16: scenarios[0].timeLimit must be 1m to 4h, not 10s"},
		"a seed in words": {"seed: 7", "seed: lots", `exam.yaml:10:11: scenarios[0].seed: expected a whole number, got the text "lots"`},
		"no scenarios":    {drills, "  []\n", "exam.yaml:6:3: scenarios must not be empty"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := scenario.ReadExam("exam.yaml", []byte(strings.Replace(goodExam, test.old, test.text, 1)))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestOptions: every answer is offered once, in an order that the seed alone draws.
func TestOptions(t *testing.T) {
	t.Parallel()
	d := &scenario.Diagnosis{Class: "network", Object: "a", Mechanism: "m", Distractors: scenario.Distractors{
		Object: []string{"b", "c", "d"}, Mechanism: []string{"n", "o", "p"},
	}}
	first := map[string]bool{}
	for seed := range int64(40) {
		options := d.Options(seed)
		if diff := cmp.Diff(options, d.Options(seed)); diff != "" {
			t.Fatal(diff)
		}
		if len(options.Objects) != 4 || len(options.Mechanisms) != 4 || len(options.Classes) != 6 {
			t.Fatalf("%+v", options)
		}
		seen := map[string]bool{}
		for _, text := range append(options.Objects, options.Mechanisms...) {
			seen[text] = true
		}
		if len(seen) != 8 {
			t.Fatalf("seed %d: %v", seed, options)
		}
		first[options.Objects[0]] = true
	}
	if len(first) != 4 {
		t.Errorf("the right answer's place tells it: first was always one of %v", first)
	}
	if d.Distractors.Object[0] != "b" {
		t.Error("the scenario itself was shuffled")
	}
}
