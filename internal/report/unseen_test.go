package report

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/verifier"
)

const (
	execError = "exec in pod checkout-7f9c: context deadline exceeded"
	apiError  = "get deployment checkout: connection refused"
)

// unseenJournal is a run that the time limit ended just after a round in which a check and
// a safeguard could not be observed: both had been good, and nothing was ever broken.
func unseenJournal(t *testing.T) []session.Entry {
	j := &journal{t: t}
	j.begin()
	s := verifier.State{Phase: verifier.PhaseFailing, Checks: []verifier.CheckState{
		{ID: "rolled-out", Passed: true, Reason: "2 of 2 replicas", Evidence: "generation 3", Error: apiError, At: at(900)},
		{ID: "users-served", Reason: "31 of 50 requests failed", At: at(998)},
	}, Safeguards: []verifier.SafeguardState{
		{ID: "limit-removed", Unknown: true, Reason: "limits.memory is 128Mi", Sentence: "Without a limit the next leak takes the node.", Error: execError, At: at(900)},
		{ID: "probe-removed", Unknown: true, Reason: "not observed yet", Sentence: "Nobody sees it hang."},
		{ID: "scaled-down", Reason: "1 replica, 2 before", Sentence: "Pods that do not run do not serve.", At: at(998)},
	}}
	s.Verdict.Reason = "not recovered: scaled-down: Pods that do not run do not serve."
	j.add(999, "state", s)
	j.add(1000, "verdict", drill.Verdict{Reason: s.Verdict.Reason, Cause: "time limit", DecidedAt: at(1000)})
	j.phase(1000.1, drill.PhaseDecided)
	return j.entries
}

func TestWhatCouldNotBeObservedIsNotBroken(t *testing.T) {
	t.Parallel()
	r := fixture(t, unseenJournal(t))
	if diff := cmp.Diff([]Check{
		{ID: "rolled-out", Passed: true, Reason: "2 of 2 replicas", Evidence: "generation 3", Error: apiError, At: at(900)},
		{ID: "users-served", Reason: "31 of 50 requests failed", At: at(998)},
	}, r.Checks); diff != "" {
		t.Errorf("checks (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]Safeguard{
		{ID: "limit-removed", Unknown: true, Reason: "limits.memory is 128Mi", Error: execError, At: at(900)},
		{ID: "probe-removed", Unknown: true, Reason: "not observed yet"},
		{ID: "scaled-down", Reason: "1 replica, 2 before", Sentence: "Pods that do not run do not serve.", At: at(998)},
	}, r.Safeguards); diff != "" {
		t.Errorf("safeguards (-want +got)\n%s", diff)
	}
	for format, wanted := range map[string][]string{
		"txt": {
			"  ? rolled-out             could not be observed: " + apiError + "\n",
			"  ✗ users-served           31 of 50 requests failed\n",
			"  ? limit-removed          could not be observed: " + execError + "\n",
			"  ? probe-removed          not observed yet\n",
			"  ✗ scaled-down            1 replica, 2 before\n" + strings.Repeat(" ", 27) + "Pods that do not run do not serve.\n",
		},
		"md": {
			"| ? | rolled-out | could not be observed: " + apiError + " |",
			"| ✗ | users-served | 31 of 50 requests failed |",
			"| ? | limit-removed (safeguard) | could not be observed: " + execError + " |",
			"| ? | probe-removed (safeguard) | not observed yet |",
			"| ✗ | scaled-down (safeguard) | 1 replica, 2 before: Pods that do not run do not serve. |",
		},
		"html": {
			`<span class="open">?</span></td><td class="w">rolled-out</td><td>could not be observed: ` + apiError + `</td>`,
			`<span class="bad">✗</span></td><td class="w">users-served</td>`,
			`<span class="open">?</span></td><td class="w">limit-removed</td><td>could not be observed: ` + execError + `</td>`,
			`<span class="open">?</span></td><td class="w">probe-removed</td><td>not observed yet</td>`,
			`<span class="bad">✗</span></td><td class="w">scaled-down</td><td>1 replica, 2 before<br>Pods that do not run do not serve.</td>`,
		},
		"json": {`"error": "` + execError + `"`, `"unknown": true`},
	} {
		var out bytes.Buffer
		if err := renderers()[format](r, &out); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", format, want, text)
			}
		}
		for _, accusation := range []string{"Without a limit", "Nobody sees it hang"} {
			if strings.Contains(text, accusation) {
				t.Errorf("%s: accused of %q", format, accusation)
			}
		}
	}
	for _, p := range r.Grade.Parts {
		for _, l := range p.Lines {
			if strings.Contains(l.Evidence, "limit-removed") || strings.Contains(l.Text, "limit-removed") {
				t.Errorf("graded: %+v", l)
			}
		}
	}
}

// What could not be observed neither failed nor passed, so it fails no build by its name.
func TestJUnitSkipsWhatCouldNotBeObserved(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := fixture(t, unseenJournal(t)).JUnit(&out); err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal(out.Bytes(), &suite); err != nil {
		t.Fatal(err)
	}
	got, skipped := map[string]string{}, 0
	for _, c := range suite.Cases {
		if c.Skipped != nil {
			skipped++
		}
		if !strings.HasSuffix(c.Class, ".check") && !strings.HasSuffix(c.Class, ".safeguard") {
			continue
		}
		switch {
		case c.Failure != nil:
			got[c.Name] = "failed: " + c.Failure.Message
		case c.Skipped != nil:
			got[c.Name] = "skipped: " + c.Skipped.Message
		default:
			got[c.Name] = "passed"
		}
	}
	if diff := cmp.Diff(map[string]string{
		"rolled-out":    "skipped: could not be observed: " + apiError,
		"users-served":  "failed: 31 of 50 requests failed",
		"limit-removed": "skipped: could not be observed: " + execError,
		"probe-removed": "skipped: not observed yet",
		"scaled-down":   "failed: 1 replica, 2 before",
	}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if skipped != 3 || suite.Skipped != skipped || suite.Tests != len(suite.Cases) {
		t.Errorf("the suite counts %d skipped of %d, has %d of %d", suite.Skipped, suite.Tests, skipped, len(suite.Cases))
	}
}

// colours is a terminal that says its colours.
type colours struct{ plain }

func (colours) Green(s string) string  { return "green" + s }
func (colours) Red(s string) string    { return "red" + s }
func (colours) Yellow(s string) string { return "yellow" + s }

func TestMarksHaveColours(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := fixture(t, unseenJournal(t)).Text(&out, colours{}, 120); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"yellow? rolled-out", "yellow? limit-removed", "red✗ scaled-down", "green✓ healthy"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// A hidden run tells neither checks nor safeguards, nor why they could not be observed.
func TestHiddenTellsNoErrors(t *testing.T) {
	t.Parallel()
	entries := unseenJournal(t)
	entries = entries[:len(entries)-2] // before the verdict
	run, err := drill.Replay(entries)
	if err != nil {
		t.Fatal(err)
	}
	run.Mode = drill.ModeGraded
	r := Build(run, spec(), at(999))
	if len(r.Checks)+len(r.Safeguards) > 0 {
		t.Errorf("told %+v, %+v", r.Checks, r.Safeguards)
	}
	for format, render := range renderers() {
		var out bytes.Buffer
		if err := render(r, &out); format != "xapi.json" && err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), execError) || strings.Contains(out.String(), apiError) {
			t.Errorf("%s tells:\n%s", format, out.String())
		}
	}
}
