package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJournalKeepsWhatWasAppended(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, word := range []string{"one", "two", "three"} {
		// Each append by a journal of its own: another process, in effect.
		e, err := OpenJournal(dir).Append(t.Context(), "word", word)
		if err != nil {
			t.Fatal(err)
		}
		if e.Seq != int64(i+1) {
			t.Errorf("seq = %d, want %d", e.Seq, i+1)
		}
	}
	if diff := cmp.Diff([]string{"one", "two", "three"}, words(t, OpenJournal(dir), 0)); diff != "" {
		t.Error(diff)
	}
	if _, err := OpenJournal(dir).Verify(); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

func TestJournalAppendsFromManyProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 4 {
		j := OpenJournal(dir)
		wg.Go(func() {
			for range 25 {
				if _, err := j.Append(t.Context(), "word", "x"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := len(words(t, OpenJournal(dir), 0)); got != 100 {
		t.Errorf("%d entries, want 100", got)
	}
	if _, err := OpenJournal(dir).Verify(); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

func TestJournalDropsHalfALine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustAppend(t, OpenJournal(dir), "whole")
	f, err := os.OpenFile(filepath.Join(dir, JournalFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"seq":2,"type":"word","da`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"whole"}, words(t, OpenJournal(dir), 0)); diff != "" {
		t.Errorf("a reader saw half a line: %s", diff)
	}
	mustAppend(t, OpenJournal(dir), "next")
	if diff := cmp.Diff([]string{"whole", "next"}, words(t, OpenJournal(dir), 0)); diff != "" {
		t.Error(diff)
	}
	if _, err := OpenJournal(dir).Verify(); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

func TestVerifyTellsAnEditedJournal(t *testing.T) {
	t.Parallel()
	edits := map[string]func(lines []string) []string{
		"changed":  func(l []string) []string { l[1] = strings.Replace(l[1], "two", "won", 1); return l },
		"removed":  func(l []string) []string { return append(l[:1], l[2:]...) },
		"swapped":  func(l []string) []string { l[0], l[1] = l[1], l[0]; return l },
		"not json": func(l []string) []string { l[1] = "{"; return l },
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, word := range []string{"one", "two", "three"} {
				mustAppend(t, OpenJournal(dir), word)
			}
			path := filepath.Join(dir, JournalFile)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := edit(strings.Split(strings.TrimSpace(string(data)), "\n"))
			if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := OpenJournal(dir).Verify(); err == nil {
				t.Error("an edited journal passed")
			}
		})
	}
}

func TestFollowSeesWhatComes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := OpenJournal(dir)
	mustAppend(t, j, "before")
	var got []string
	done := errors.New("done")
	appended := false
	err := j.Follow(t.Context(), 0, func(e Entry) error {
		var word string
		if err := e.Decode(&word); err != nil {
			return err
		}
		if got = append(got, word); word == "after" {
			return done
		}
		return nil
	}, func() error {
		if !appended {
			appended = true
			mustAppend(t, OpenJournal(dir), "after")
		}
		return nil
	})
	if !errors.Is(err, done) {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"before", "after"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestStoreKnowsItsRuns(t *testing.T) {
	t.Parallel()
	s := NewStore(filepath.Join(t.TempDir(), "runs"))
	if _, err := s.Open("shop-aaaaa"); !errors.Is(err, ErrNoRun) {
		t.Errorf("open of no run: %v", err)
	}
	for _, run := range []string{"shop-bbbbb", "shop-aaaaa"} {
		j, err := s.Create(run)
		if err != nil {
			t.Fatal(err)
		}
		mustAppend(t, j, run)
	}
	if _, err := s.Create("shop-aaaaa"); err == nil {
		t.Error("a run was created twice")
	}
	runs, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"shop-bbbbb", "shop-aaaaa"}, runs); diff != "" {
		t.Errorf("runs, oldest first: %s", diff)
	}
	for _, bad := range []string{"", "..", "../x", ".hidden"} {
		if _, err := s.Open(bad); !errors.Is(err, ErrNoRun) {
			t.Errorf("Open(%q) = %v", bad, err)
		}
	}
}

// TestADamagedRunIsListed: neither what is wrong with its journal nor where makes a run vanish.
// What is not a run stays out.
func TestADamagedRunIsListed(t *testing.T) {
	t.Parallel()
	s := NewStore(t.TempDir())
	j, err := s.Create("shop-aaaaa")
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, "x")
	whole, err := s.ReadFile("shop-aaaaa", JournalFile)
	if err != nil {
		t.Fatal(err)
	}
	for run, journal := range map[string]string{
		"first-line": "no JSON\n" + string(whole), "later-line": string(whole) + "no JSON\n", "never-began": "", "half-a-line": "{",
	} {
		if _, err := s.Create(run); err != nil {
			t.Fatal(err)
		}
		if err := s.WriteFile(run, JournalFile, []byte(journal)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.Dir("a-file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	runs, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(runs)
	if diff := cmp.Diff([]string{"first-line", "later-line", "shop-aaaaa"}, runs); diff != "" {
		t.Error(diff)
	}
}

func TestOneRefereeARun(t *testing.T) {
	t.Parallel()
	s := NewStore(t.TempDir())
	j, err := s.Create("shop-aaaaa")
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, "x")
	held := func(want bool) {
		t.Helper()
		got, err := s.Held(t.Context(), "shop-aaaaa")
		if err != nil || got != want {
			t.Errorf("Held = %v, %v, want %v", got, err, want)
		}
	}
	held(false)
	release, err := s.Hold(t.Context(), "shop-aaaaa")
	if err != nil {
		t.Fatal(err)
	}
	held(true)
	if _, err := s.Hold(t.Context(), "shop-aaaaa"); !errors.Is(err, ErrHeld) {
		t.Errorf("second referee: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	held(false)
}

func mustAppend(t *testing.T, j *Journal, word string) {
	t.Helper()
	if _, err := j.Append(context.WithoutCancel(t.Context()), "word", word); err != nil {
		t.Fatal(err)
	}
}

func words(t *testing.T, j *Journal, offset int64) []string {
	t.Helper()
	entries, _, err := j.Read(offset)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		var word string
		if err := e.Decode(&word); err != nil {
			t.Fatal(err)
		}
		got = append(got, word)
	}
	return got
}
