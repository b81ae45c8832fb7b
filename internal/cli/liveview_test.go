package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/timeline"
)

// TestABypassNamesNobody: whoever holds the admin's or the referee's kubeconfig looks the
// same to the API server.
func TestABypassNamesNobody(t *testing.T) {
	t.Parallel()
	streams, _, _, errOut := iostreams.Test()
	view := &liveView{p: streams.ErrPalette(), status: streams.NewStatus()}
	view.event(timeline.Event{Time: time.Unix(0, 0), Actor: "admin", Text: "deleted pod basket-6c5d"})
	if want := "bypass with the admin's or the referee's kubeconfig: deleted pod basket-6c5d\n"; !strings.HasSuffix(errOut.String(), want) {
		t.Errorf("said %q, want %q", errOut, want)
	}
}

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
