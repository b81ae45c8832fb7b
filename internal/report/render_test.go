package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/timeline"
)

// plain is a terminal without colours.
type plain struct{}

func (plain) Green(s string) string  { return s }
func (plain) Red(s string) string    { return s }
func (plain) Yellow(s string) string { return s }
func (plain) Cyan(s string) string   { return s }
func (plain) Gray(s string) string   { return s }
func (plain) Bold(s string) string   { return s }

// renderers are all formats, by the golden file's ending.
func renderers() map[string]func(*Report, io.Writer) error {
	return map[string]func(*Report, io.Writer) error{
		"txt":          func(r *Report, w io.Writer) error { return r.Text(w, plain{}, 120) },
		"html":         func(r *Report, w io.Writer) error { return r.HTML(w) },
		"md":           func(r *Report, w io.Writer) error { return r.Markdown(w) },
		"xml":          func(r *Report, w io.Writer) error { return r.JUnit(w) },
		"timeline.csv": func(r *Report, w io.Writer) error { return r.CSV(w, TableTimeline) },
		"summary.csv":  func(r *Report, w io.Writer) error { return r.CSV(w, TableSummary) },
		"users.csv":    func(r *Report, w io.Writer) error { return r.CSV(w, TableUsers) },
		"json": func(r *Report, w io.Writer) error {
			data, err := json.MarshalIndent(r, "", "  ")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(w, "%s\n", data)
			return err
		},
		"xapi.json": func(r *Report, w io.Writer) error {
			actor, err := ParseActor("Ann <ann@example.org>", r.Run)
			if err != nil {
				return err
			}
			return r.XAPI(w, actor)
		},
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*Report{
		"recovered":  recoveredReport(t),
		"refused":    fixture(t, refusedJournal(t)),
		"unfinished": fixture(t, unfinishedJournal(t)),
	} {
		for ending, render := range renderers() {
			if name != "recovered" && strings.Contains(ending, ".") || name == "unfinished" && ending == "xapi.json" {
				continue // the same code, or none to show
			}
			t.Run(name+"."+ending, func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				if err := render(r, &out); err != nil {
					t.Fatal(err)
				}
				golden(t, name+"."+ending, out.Bytes())
			})
		}
	}
}

func TestTheErrorBudget(t *testing.T) {
	t.Parallel()
	// 10 requests a second, 120 s in which everything fails: two of 40.32 minutes.
	r := &Report{Users: usersOf([]byte(`{"streams":[{"stream":"users","sent":6001,"failed":1200,
		"from":"2026-01-01T12:00:00Z","to":"2026-01-01T12:10:00Z","before":{"failed":7},"during":{"failed":1000},"after":{"failed":200}}]}`), nil, 0)}
	b := r.Users.Streams[0].Budget
	if diff := cmp.Diff(Budget{Burned: 120, Total: 2419.2, Share: 120 / 2419.2}, *b, near()); diff != "" {
		t.Errorf("99.9 %% over 28 days (-want +got)\n%s", diff)
	}
	r.SetObjective(0.99)
	if diff := cmp.Diff(Budget{Burned: 120, Total: 24192, Share: 120. / 24192}, *b, near()); diff != "" {
		t.Errorf("99 %% over 28 days (-want +got)\n%s", diff)
	}
}

// What is not on record between the page and the verdict counts as failed, but what is off
// the clock.
func TestTheErrorBudgetOfWhatNobodySaw(t *testing.T) {
	t.Parallel()
	u := usersOf([]byte(`{"streams":[{"stream":"users","sent":6001,"failed":1000,
		"from":"2026-01-01T12:00:00Z","to":"2026-01-01T12:10:00Z","during":{"failed":1000},
		"incident":{"missing":3,"unseen":[{"from":"2026-01-01T12:01:00Z","to":"2026-01-01T12:01:30Z"}]}}]}`),
		[]drill.Gap{{From: time.Date(2026, 1, 1, 12, 1, 20, 0, time.UTC), To: time.Date(2026, 1, 1, 12, 2, 0, 0, time.UTC)}}, 40*time.Second)
	s := u.Streams[0]
	if s.Unseen != 20 || s.Budget.Burned != 120 {
		t.Errorf("unseen %g s, burned %g s, want 20 and 120", s.Unseen, s.Budget.Burned)
	}
}

func near() cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
}

// TestAnOldJournalIsStillTold: a run of a version that did not know what newer ones add.
func TestAnOldJournalIsStillTold(t *testing.T) {
	t.Parallel()
	u := usersOf([]byte(`{"streams":[{"stream":"users","sent":10,"failed":1,"p99":5000000,"before":{"sent":10,"failed":1}}]}`), nil, 0)
	if s := u.Streams[0]; s.Budget != nil || s.Series != nil || s.P99 != 0.005 || len(s.sentences(u)) != 2 {
		t.Errorf("told %+v, %q", s, s.sentences(u))
	}
	for _, none := range []string{"", "null", `{"streams":[]}`, "{"} {
		if usersOf([]byte(none), nil, 0) != nil {
			t.Errorf("users of %q", none)
		}
	}
}

func TestCSVIsRFC4180AndHarmless(t *testing.T) {
	t.Parallel()
	r := recoveredReport(t)
	r.Timeline[0].Name, r.Timeline[0].Text = "=HYPERLINK(\"http://x\")", "a \"quoted\", broken\nline"
	var out bytes.Buffer
	if err := r.CSV(&out, TableTimeline); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + len(merged(r)); len(rows) != want {
		t.Errorf("%d rows, want %d", len(rows), want)
	}
	if !strings.Contains(out.String(), "\r\n") {
		t.Error("lines end without CRLF")
	}
	found := false
	for _, row := range rows {
		if strings.Contains(row[8], "HYPERLINK") {
			found = true
			if row[8][0] != '\'' || row[1] != "12" {
				t.Errorf("got %q and %q", row[8], row[1])
			}
		}
	}
	if !found {
		t.Error("the row is not there")
	}
	if got := cell("-3.5"); got != "-3.5" {
		t.Errorf("a number became %q", got)
	}
	if err := r.CSV(io.Discard, "nonsense"); err == nil || !strings.Contains(err.Error(), "timeline, summary, users") {
		t.Errorf("got %v", err)
	}
}

func TestJUnitIsWellFormedWhateverTheRunSays(t *testing.T) {
	t.Parallel()
	r := recoveredReport(t)
	r.Checks[0].Passed, r.Checks[0].Reason = false, "]]></failure><x a='\"&\x00\x1b"
	r.Errors = []string{"the tool failed"}
	var out bytes.Buffer
	if err := r.JUnit(&out); err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal(out.Bytes(), &suite); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	// A verdict, two proofs, three checks, two safeguards, six parts; a check fails.
	if suite.Tests != 14 || len(suite.Cases) != 14 || suite.Failures != 1 || suite.Errors+suite.Skipped != 0 {
		t.Errorf("%d tests, %d failures, %d errors, %d skipped", suite.Tests, suite.Failures, suite.Errors, suite.Skipped)
	}
}

func TestXAPI(t *testing.T) {
	t.Parallel()
	if err := fixture(t, unfinishedJournal(t)).XAPI(io.Discard, Actor{}); !errors.Is(err, ErrNoVerdict) {
		t.Errorf("a run without a verdict: %v", err)
	}
	for text, want := range map[string]string{
		"":                       `{"objectType":"Agent","account":{"homePage":"https://firedrill.dev","name":"run-shop-aaaaa"}}`,
		"Ann":                    `{"objectType":"Agent","name":"Ann","account":{"homePage":"https://firedrill.dev","name":"Ann"}}`,
		"mailto:ann@example.org": `{"objectType":"Agent","mbox":"mailto:ann@example.org"}`,
		"Ann <ann@example.org>":  `{"objectType":"Agent","name":"Ann","mbox":"mailto:ann@example.org"}`,
	} {
		actor, err := ParseActor(text, "shop-aaaaa")
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		got, err := json.Marshal(actor)
		if err != nil || string(got) != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
	if _, err := ParseActor("ann@", "x"); err == nil || !strings.Contains(err.Error(), "ann@example.org") {
		t.Errorf("a bad address: %v", err)
	}
	for seconds, want := range map[float64]string{0: "PT0S", 61.255: "PT1M1.25S", 3600: "PT1H0S", 148.4: "PT2M28.4S"} {
		if got := isoDuration(seconds); got != want {
			t.Errorf("%v s are %s, want %s", seconds, got, want)
		}
	}
}

func TestWhatCounts(t *testing.T) {
	t.Parallel()
	r := recoveredReport(t)
	var told []string
	for _, e := range merged(r) {
		if e.Time.After(at(180)) {
			told = append(told, e.Time.Format("05.0 ")+r.sentenceOf(e))
		}
	}
	want := []string{
		"08.5 watched the rollout of deployment checkout", // the verdict's own moment: before it, and it counts
		"08.5 decided: recovered: 3 checks and 2 safeguards held for 30s",
		"10.0 listed pods (after the verdict)",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// Nothing that was done after the verdict is a first action.
	seen := slices.DeleteFunc(slices.Clone(r.Timeline), func(e timeline.Event) bool { return e.Source == timeline.SourceTool })
	if last := seen[len(seen)-1]; last.Time.Before(*r.Times.Decided.At) || r.Times.FirstAction.At.After(*r.Times.Decided.At) {
		t.Errorf("first action at %s, decided at %s", r.Times.FirstAction.At, r.Times.Decided.At)
	}
}

// marked is a terminal whose colours can be seen: «rtext».
type marked struct{}

func (marked) Green(s string) string  { return "«g" + s + "»" }
func (marked) Red(s string) string    { return "«r" + s + "»" }
func (marked) Yellow(s string) string { return "«y" + s + "»" }
func (marked) Cyan(s string) string   { return "«c" + s + "»" }
func (marked) Gray(s string) string   { return "«a" + s + "»" }
func (marked) Bold(s string) string   { return "«b" + s + "»" }

// TestTextInColours: what a reviewer looks for first has a colour, and colours move no column.
func TestTextInColours(t *testing.T) {
	t.Parallel()
	refused := recoveredReport(t)
	refused.Verdict.Recovered = false
	for _, r := range []*Report{recoveredReport(t), refused} {
		var without, with bytes.Buffer
		if err := errors.Join(r.Text(&without, plain{}, 120), r.Text(&with, marked{}, 120)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(without.String(), regexp.MustCompile(`«[gryacb]|»`).ReplaceAllString(with.String(), "")); diff != "" {
			t.Errorf("colours change the text (-without +with)\n%s", diff)
		}
		verdict := map[bool]string{true: "«gRECOVERED»", false: "«rNOT RECOVERED»"}[r.Verdict.Recovered]
		for _, want := range []string{verdict, "«r"} {
			if !strings.Contains(with.String(), want) {
				t.Errorf("no %q in\n%s", want, with.String())
			}
		}
	}
}

// TestTextKeepsTheTerminal: names that others chose cannot send it orders.
func TestTextKeepsTheTerminal(t *testing.T) {
	t.Parallel()
	r := recoveredReport(t)
	const evil = "pod \x1b]0;x\a\u202eevil"
	r.Title, r.Timeline[0].Text, r.Errors = "a\x1b[2Jb", evil, []string{"\x1b[31m"}
	r.Verdict.Reason, r.Explanation, r.Run, r.Variant = evil, evil+"\n"+evil, evil, evil
	r.Gaps = []drill.Gap{{Why: evil}}
	r.Safeguards = append(r.Safeguards, Safeguard{ID: "kept", Reason: evil, Sentence: evil}, Safeguard{ID: "unseen", Unknown: true, Error: evil})
	r.Checks[0].Error = evil
	var out bytes.Buffer
	if err := r.Text(&out, plain{}, 80); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\a\u202e") {
		t.Error("an escape went through")
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 100 && !strings.Contains(line, "not recovered") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestPointsAndPercent(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]string{7: "7", 7.5: "7.5", 0: "0", 99.96: "100", 10.04: "10"} {
		if got := points(n); got != want {
			t.Errorf("points(%v) = %s, want %s", n, got, want)
		}
	}
	if got := percent(0.999); got != 99.9 {
		t.Errorf("percent(0.999) = %v", got)
	}
	if got := signed(-90 * time.Second); got != "-1:30" {
		t.Errorf("signed = %s", got)
	}
}
