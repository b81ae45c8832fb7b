package cli

import "testing"

// TestShort: however narrow the terminal, some text is left, on one line.
func TestShort(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		n          int
		want       string
	}{
		{"fits", "two of  three\nchecks", 40, "two of three checks"},
		{"cut", "every one of 300 requests was answered", 21, "every one of 300 req…"},
		{"characters, not bytes", "üüüüüüüüüüüüüüüüüüüü", 20, "üüüüüüüüüüüüüüüüüüüü"},
		{"a terminal of 20 columns", "every one of 300 requests was answered", -10, "every one of 300 re…"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := short(tc.text, tc.n); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
