package session

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sealedJournal is a journal of one, two and last, which sealed it.
func sealedJournal(t *testing.T) (dir string, j *Journal) {
	t.Helper()
	dir = t.TempDir()
	j = OpenJournal(dir)
	j.SealOn(func(kind string, data any) bool { return kind == "word" && data == "last" })
	for _, word := range []string{"one", "two", "last"} {
		mustAppend(t, j, word)
	}
	return dir, j
}

func TestTheLastEntrySeals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := OpenJournal(dir)
	j.SealOn(func(_ string, data any) bool { return data == "last" })
	mustAppend(t, j, "one")
	if v, err := j.Verify(); err != nil || v.Sealed || v.Entries != 1 || len(v.Hash) != 64 {
		t.Errorf("before the end: %+v, %v", v, err)
	}
	mustAppend(t, j, "last")
	if v, err := j.Verify(); err != nil || !v.Sealed || v.Entries != 2 {
		t.Errorf("at the end: %+v, %v", v, err)
	}
	// What firedrill itself adds later, by another process, is sealed as well.
	mustAppend(t, OpenJournal(dir), "a note")
	if v, err := j.Verify(); err != nil || !v.Sealed || v.Entries != 3 {
		t.Errorf("after the end: %+v, %v", v, err)
	}
}

// byHand adds an entry that follows from the last one, as somebody would who knows how.
func byHand(lines []string) []string {
	last := lines[len(lines)-1]
	forged, err := json.Marshal(Entry{Seq: int64(len(lines) + 1), Type: "word", Data: json.RawMessage(`"forged"`), Prev: lineHash([]byte(last))})
	if err != nil {
		panic(err)
	}
	return append(lines, string(forged))
}

// edit changes the journal in dir as somebody with an editor would.
func edit(t *testing.T, dir string, change func(lines []string) []string) {
	t.Helper()
	path := filepath.Join(dir, JournalFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, line := range change(strings.Split(strings.TrimSpace(string(data)), "\n")) {
		text += line + "\n"
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyTellsWhatWasDoneToASealedJournal(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		edit func(lines []string) []string
		want string
	}{
		"line edited":      {func(l []string) []string { l[1] = strings.Replace(l[1], "two", "won", 1); return l }, "entry 3 does not follow"},
		"last line edited": {func(l []string) []string { l[2] = strings.Replace(l[2], "last", "lost", 1); return l }, "entry 3, the last, is not the one that was sealed"},
		"line removed":     {func(l []string) []string { return slices.Delete(l, 1, 2) }, "entry 2 does not follow"},
		"first removed":    {func(l []string) []string { return l[1:] }, "entry 1 does not follow"},
		"reordered":        {func(l []string) []string { l[1], l[2] = l[2], l[1]; return l }, "entry 2 does not follow"},
		"tail cut":         {func(l []string) []string { return l[:2] }, "2 entries and was sealed with 3: its end was cut off"},
		"all cut":          {func([]string) []string { return nil }, "0 entries and was sealed with 3"},
		"appended by hand": {byHand, "entry 4 was added by hand"},
		"half appended":    {func(l []string) []string { return append(l, `{"seq":4`) }, "entry 4 is not JSON"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, j := sealedJournal(t)
			edit(t, dir, tt.edit)
			if _, err := j.Verify(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestVerifyTellsBytesAfterTheEnd(t *testing.T) {
	t.Parallel()
	dir, j := sealedJournal(t)
	f, err := os.OpenFile(filepath.Join(dir, JournalFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"seq":4`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Verify(); err == nil || !strings.Contains(err.Error(), "8 bytes follow entry 3") {
		t.Errorf("got %v", err)
	}
}

func TestAnEditedSealIsFoundOut(t *testing.T) {
	t.Parallel()
	dir, j := sealedJournal(t)
	path := filepath.Join(dir, SealFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte(`"hash":"`), []byte(`"hash":"0`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Verify(); err == nil {
		t.Error("another hash passed")
	}
	if err := os.WriteFile(path, []byte("no seal"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Verify(); err == nil || !strings.Contains(err.Error(), "seal") {
		t.Errorf("got %v", err)
	}
	if _, err := j.Append(context.WithoutCancel(t.Context()), "word", "more"); err == nil {
		t.Error("an entry was sealed over what was edited")
	}
}
