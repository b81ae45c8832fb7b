package verifier

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestQuestionsAreAskedTogether: what is wanted again and again costs one process, each
// statement has its own answer, and one that fails is nobody else's failure.
func TestQuestionsAreAskedTogether(t *testing.T) {
	t.Parallel()
	now, asked := epoch, 0
	on := target(repaired()...)
	on.memory, on.Now = new(memory), func() time.Time { return now }
	on.Pods = fakePods(func(_, _ string, command []string) (string, error) {
		asked++
		if command[2] != askAllScript {
			return "first " + command[len(command)-1] + "\n", nil
		}
		var out strings.Builder
		for _, sql := range command[6:] {
			if sql == "B" {
				out.WriteString(answerEnds + "true relation \"b\" does not exist\n")
				continue
			}
			out.WriteString("again " + sql + "\nand more\n" + answerEnds + "false \n")
		}
		return out.String(), nil
	})
	ask := func(sql, want string, times int) {
		t.Helper()
		got, err := db().ask(t.Context(), on, dbPod("db-0"), sql)
		if err != nil {
			got = err.Error()
		}
		if got != want || asked != times {
			t.Errorf("%s: got %q after %d processes, want %q after %d", sql, got, asked, want, times)
		}
	}
	ask("A", "first A", 1)
	ask("B", `pod db-0: ERROR:  relation "b" does not exist`, 2)
	ask("A", "again A\nand more", 2)
	ask("C", "again C\nand more", 3)
	now = now.Add(answerCounts)
	for _, sql := range []string{"A", "C", "A"} {
		ask(sql, "again "+sql+"\nand more", 4)
	}
	now = now.Add(wantedFor)
	ask("A", "first A", 5) // nobody wants the others any more
}

// TestAPodThatHasNoTimeIsLeftInPeace: questions that pile up are why it has none.
func TestAPodThatHasNoTimeIsLeftInPeace(t *testing.T) {
	t.Parallel()
	now, asked := epoch, 0
	on := target(repaired()...)
	on.memory, on.Now = new(memory), func() time.Time { return now }
	slow := errors.New("context deadline exceeded")
	on.Pods = fakePods(func(string, string, []string) (string, error) {
		asked++
		now = now.Add(askLimit / 2)
		return "1", slow
	})
	ask := func(wantErr error, times int) {
		t.Helper()
		if _, err := db().ask(t.Context(), on, dbPod("db-0"), "A"); !errors.Is(err, wantErr) || asked != times {
			t.Errorf("got %v after %d processes, want %v after %d", err, asked, wantErr, times)
		}
	}
	ask(slow, 2) // a stream may break, so it is tried twice
	ask(slow, 2)
	now = now.Add(askLimit)
	slow = nil
	ask(nil, 3)
}

// TestNothingIsGuessedFromHalfAnAnswer: psql may be ended in the middle.
func TestNothingIsGuessedFromHalfAnAnswer(t *testing.T) {
	t.Parallel()
	on := target(repaired()...)
	on.memory = new(memory)
	on.Pods = fakePods(func(_, _ string, _ []string) (string, error) {
		return "1\n" + answerEnds + "false \n2\n", nil
	})
	q := on.memory.to(dbPod("db-0"), db())
	err := q.together(t.Context(), db(), on, dbPod("db-0"), []string{"A", "B"})
	if err == nil || !strings.Contains(err.Error(), "1 answers to 2 questions") || len(q.said) != 0 {
		t.Errorf("got %v and %v", err, q.said)
	}
	on.Pods = brokenPods(&ExecError{Code: 2, Stderr: "starting up"})
	if err := q.together(t.Context(), db(), on, dbPod("db-0"), []string{"A", "B"}); err != nil || q.said["B"].err == nil {
		t.Errorf("a server that does not answer: %v, %v", err, q.said)
	}
}

// TestAskAllScript runs the script with a psql that prints what it was given.
func TestAskAllScript(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh here: the script runs in a pod")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "psql"), []byte("#!/bin/sh\nprintf '%s\\n' \"$@\"\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), sh, "-c", askAllScript, "sh", "shop", "db", "SELECT 'a b'", "SELECT $1")
	cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	echo := `\echo firedrill-answer-ends :ERROR :LAST_ERROR_MESSAGE`
	want := []string{"-XAtqw", "-F", "|", "-U", "shop", "-d", "db", "-c", "SELECT 'a b'", "-c", echo, "-c", "SELECT $1", "-c", echo}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(string(out)), "\n")); diff != "" {
		t.Errorf("psql was given (-want +got):\n%s", diff)
	}
}
