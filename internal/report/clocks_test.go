package report

import "testing"

func TestClockSentence(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Clock{
		"the nodes' was 5.2s ahead of this host's (to 40ms): their times were shifted": {Ahead: 5.2, Error: 0.04},
		"the nodes' was 5s behind this host's (to 1ms): their times were shifted":      {Ahead: -5, Error: 0.00001},
		"the nodes' was this host's again":                                             {Error: 0.04},
	} {
		if got := c.Sentence(); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
}
