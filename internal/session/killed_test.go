package session

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"
)

var errKilled = errors.New("killed")

// killedFile is a journal's file whose writer is killed after some bytes of a line; -1: when
// all of it is written.
type killedFile struct {
	*os.File
	after int
}

func (f killedFile) WriteAt(line []byte, offset int64) (int, error) {
	if f.after < 0 {
		return f.File.WriteAt(line, offset)
	}
	n, err := f.File.WriteAt(line[:f.after], offset)
	return n, errors.Join(err, errKilled)
}

func (killedFile) Sync() error { return errKilled }

// killedJournal is a journal of one, two and last, whose writer was killed while it wrote the
// last, which seals it.
func killedJournal(t *testing.T, after int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	j := OpenJournal(dir)
	mustAppend(t, j, "one")
	mustAppend(t, j, "two")
	f, err := os.OpenFile(j.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.write(killedFile{f, after}, "word", []byte(`"last"`), true); !errors.Is(err, errKilled) {
		t.Fatalf("got %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestAKilledWriterLeavesAWholeJournal: the line that it did not finish is in the seal, and
// the next append writes it.
func TestAKilledWriterLeavesAWholeJournal(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]int{"before the line": 0, "in the line": 20, "after the line": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := killedJournal(t, after)
			before, err := os.ReadFile(filepath.Join(dir, JournalFile))
			if err != nil {
				t.Fatal(err)
			}
			v, err := OpenJournal(dir).Verify()
			if err != nil || !v.Sealed || v.Entries != 3 {
				t.Errorf("an honest journal: %+v, %v", v, err)
			}
			if now, err := os.ReadFile(filepath.Join(dir, JournalFile)); err != nil || !bytes.Equal(now, before) {
				t.Errorf("Verify wrote: %q, %v", now, err)
			}
			next, err := OpenJournal(dir).Append(t.Context(), "word", "a note")
			if err != nil || next.Seq != 4 || next.Prev != v.Hash {
				t.Errorf("the next entry: %+v, %v; want one behind %s", next, err, v.Hash)
			}
			if diff := cmp.Diff([]string{"one", "two", "last", "a note"}, words(t, OpenJournal(dir), 0)); diff != "" {
				t.Error(diff)
			}
			if v, err := OpenJournal(dir).Verify(); err != nil || !v.Sealed || v.Entries != 4 {
				t.Errorf("after the next entry: %+v, %v", v, err)
			}
		})
	}
}

// TestAKilledWriterHidesNoEdit: nothing but the line that the seal holds may be missing.
func TestAKilledWriterHidesNoEdit(t *testing.T) {
	t.Parallel()
	edit := func(of string, change func(text string) string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			text, err := os.ReadFile(filepath.Join(dir, of))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, of), []byte(change(string(text))), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	replaced := func(from, to string) func(string) string {
		return func(text string) string { return strings.Replace(text, from, to, 1) }
	}
	tests := map[string]struct {
		edit func(t *testing.T, dir string)
		want string
	}{
		"another line cut off": {edit(JournalFile, func(s string) string { return s[:strings.Index(s, "\n")+1] }), "1 entries and was sealed with 3"},
		"all cut off":          {edit(JournalFile, func(string) string { return "" }), "0 entries and was sealed with 3"},
		"first line edited":    {edit(JournalFile, replaced("one", "won")), "entry 2 does not follow"},
		"last line edited":     {edit(JournalFile, replaced("two", "too")), "2 entries and was sealed with 3"},
		"other bytes after it": {edit(JournalFile, func(s string) string { return s + `{"seq":4` }), "2 entries and was sealed with 3"},
		"line in seal edited":  {edit(SealFile, replaced("last", "lost")), "was edited: the line that it holds"},
		"line added": {edit(JournalFile, func(s string) string {
			return strings.Join(byHand(strings.Split(strings.TrimSpace(s), "\n")), "\n") + "\n"
		}), "entry 3, the last, is not the one"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := killedJournal(t, 0)
			tt.edit(t, dir)
			if v, err := OpenJournal(dir).Verify(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %+v, %v, want %q", v, err, tt.want)
			}
		})
	}
}

// TestASealHoldsNoLineForLong: with it in the seal, to cut it off would not be found out.
func TestASealHoldsNoLineForLong(t *testing.T) {
	t.Parallel()
	dir, j := sealedJournal(t)
	mustAppend(t, j, "a note")
	text, err := os.ReadFile(filepath.Join(dir, SealFile))
	if err != nil || bytes.Contains(text, []byte(`"line"`)) {
		t.Errorf("the seal is %s, %v", text, err)
	}
}

// TestVerifyAwaitsAnAppend: what it sees of a journal and its seal is of one moment.
func TestVerifyAwaitsAnAppend(t *testing.T) {
	t.Parallel()
	dir, j := sealedJournal(t)
	l := flock.New(j.path + ".lock")
	if ok, err := l.TryLock(); err != nil || !ok {
		t.Fatal(ok, err)
	}
	whole, err := os.ReadFile(j.path)
	if err != nil {
		t.Fatal(err)
	}
	cut := bytes.LastIndexByte(bytes.TrimSpace(whole), '\n') + 1
	if err := os.Truncate(j.path, int64(cut)); err != nil {
		t.Fatal(err)
	}
	verified := make(chan error, 1)
	go func() {
		_, err := OpenJournal(dir).Verify()
		verified <- err
	}()
	select {
	case err := <-verified:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(20 * lockPoll):
	}
	if err := os.WriteFile(j.path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := <-verified; err != nil {
		t.Error(err)
	}
}

// TestVerifyNeedsNoLock: a copy has none, and gets none.
func TestVerifyNeedsNoLock(t *testing.T) {
	t.Parallel()
	dir, j := sealedJournal(t)
	if err := os.Remove(j.path + ".lock"); err != nil {
		t.Fatal(err)
	}
	if v, err := OpenJournal(dir).Verify(); err != nil || !v.Sealed {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := os.Stat(j.path + ".lock"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it made a lock file: %v", err)
	}
}
