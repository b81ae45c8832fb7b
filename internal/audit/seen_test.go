package audit

import (
	"fmt"
	"hash/maphash"
	"testing"
)

// TestSeenLines compares with what it must be: the last lines, no more and no fewer.
func TestSeenLines(t *testing.T) {
	t.Parallel()
	s := seenLines{seed: maphash.MakeSeed()}
	line := func(n int) []byte { return fmt.Append(nil, "line ", n) }
	for n := range 3 * remembered {
		if s.add(line(n)) {
			t.Fatalf("line %d was never there", n)
		}
		for _, back := range []int{0, 1, remembered / 2, remembered - 1} {
			if n >= back && !s.add(line(n-back)) {
				t.Fatalf("forgot line %d at line %d", n-back, n)
			}
		}
	}
	if s.add(line(3*remembered - 1 - remembered)) {
		t.Error("remembers more lines than it should")
	}
}
