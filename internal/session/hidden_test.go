package session

import (
	"slices"
	"strings"
	"testing"
)

// What was done by hand to a sealed journal is still told when firedrill itself, which
// knows nothing of it, has written to the journal since.
func TestAnAppendHidesNoEdit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(lines []string) []string
		want string
	}{
		"tail cut":         {func(l []string) []string { return l[:2] }, "before entry 3 was written: the journal has 2 entries and was sealed with 3: its end was cut off"},
		"all cut":          {func([]string) []string { return nil }, "before entry 1 was written: the journal has 0 entries and was sealed with 3"},
		"last line edited": {func(l []string) []string { l[2] = strings.Replace(l[2], "last", "lost", 1); return l }, "before entry 4 was written: entry 3, the last, is not the one that was sealed"},
		"appended by hand": {byHand, "before entry 5 was written: entry 4 was added by hand"},
		"nothing":          {slices.Clone[[]string], ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, _ := sealedJournal(t)
			edit(t, dir, tt.edit)
			for _, note := range []string{"a note", "another"} {
				mustAppend(t, OpenJournal(dir), note)
			}
			v, err := OpenJournal(dir).Verify()
			switch {
			case tt.want == "" && (err != nil || v.Entries != 5 || !v.Sealed):
				t.Errorf("%+v, %v; want a whole journal", v, err)
			case tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)):
				t.Errorf("%+v, %v; want %q", v, err, tt.want)
			}
		})
	}
}
