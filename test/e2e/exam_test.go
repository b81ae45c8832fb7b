//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// exam is the part of "exam report -o json" that the test reads.
type exam struct {
	Exam         string
	Score        float64
	Passed, Over bool
	Drills       []struct {
		State, Run, Scenario string
		Weight, Grade        float64
		Recovered            bool
	}
}

// refereesSaid logs the ends of the referees' logs: an exam does not tell why a drill failed.
func refereesSaid(t *testing.T) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(home(), "runs", "*", "referee.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range logs {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		t.Logf("%s:\n%s", path, data[max(0, len(data)-2000):])
	}
}

// An exam of two drills has one result: of the first one nothing is done until its time is
// over, which is rated nothing, and the second one is repaired.
func anExamIsSat(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "exam.yaml")
	if err := os.WriteFile(file, []byte(`apiVersion: firedrill.dev/v1alpha1
kind: Exam
title: On call, first week
passAt: 20
scenarios:
  - {name: missing-secret, variant: env, seed: 1, timeLimit: 1m}
  - {name: oomkilled, variant: limit-cut, seed: 1, weight: 3}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() { // or no other drill could be begun
			refereesSaid(t)
			firedrill.run(t, "exam", "end")
		}
	})
	begun := func(args ...string) *drill {
		s := decode[started](t, firedrill.must(t, append([]string{"exam"}, append(args, "-o", "json")...)...))
		if s.Scenario != "hidden" {
			t.Errorf("an exam tells its scenario: %+v", s)
		}
		if args[0] == "start" {
			return adopt(t, s, "missing-secret", "env")
		}
		return adopt(t, s, "oomkilled", "limit-cut")
	}
	first := begun("start", file)
	if r := firedrill.run(t, "hint", first.started.Run); r.code != 2 {
		t.Errorf("a hint in an exam: exit code %d: %s", r.code, r.stdout)
	}
	if r := firedrill.run(t, "start", "oomkilled", "--detach"); r.code != 2 {
		t.Errorf("a drill beside an exam: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	eventually(t, 2*time.Minute, "the verdict at the time limit", func() (bool, string) { s := first.status(); return s.Decided, s.Phase })
	if r := firedrill.run(t, "exam", "report", "-o", "json"); r.code != 1 || decode[exam](t, r.stdout).Over {
		t.Errorf("an exam whose second drill was not begun: exit code %d: %s", r.code, r.stdout)
	}
	second := begun("next")
	assertGone(t, first.started)
	second.script(filepath.Join("..", "..", "scenarios", "oomkilled", "solutions", "rollback.sh"))
	second.recovers()

	r := firedrill.run(t, "exam", "report", "-o", "json")
	got := decode[exam](t, r.stdout)
	if !got.Over || len(got.Drills) != 2 {
		t.Fatalf("the result: %+v", got)
	}
	nothing, repaired := got.Drills[0], got.Drills[1]
	if nothing.Run != first.started.Run || nothing.Scenario != "missing-secret" || nothing.Grade != 0 || nothing.Recovered {
		t.Errorf("nothing was done: %+v", nothing)
	}
	if repaired.Run != second.started.Run || repaired.Scenario != "oomkilled" || repaired.Grade < 40 || !repaired.Recovered {
		t.Errorf("it was repaired: %+v", repaired)
	}
	if want := repaired.Grade * 3 / 4; got.Score < want-0.1 || got.Score > want+0.1 {
		t.Errorf("the score is %v, want %v: the second drill weighs three of four", got.Score, want)
	}
	if passed := got.Score >= 20; !passed || !got.Passed || r.code != 0 {
		t.Errorf("passed %v with %v of 100, exit code %d, want 20 to be enough", got.Passed, got.Score, r.code)
	}
}
