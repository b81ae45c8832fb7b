package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/internal/timeline"
)

// journalOf makes entries, a second apart, of types and data.
func journalOf(t *testing.T, rows ...string) []session.Entry {
	t.Helper()
	var entries []session.Entry
	for i, row := range rows {
		kind, data, _ := strings.Cut(row, " ")
		entries = append(entries, session.Entry{
			Seq: int64(i + 1), Time: time.Date(2026, 3, 1, 12, 0, i, 0, time.UTC), Type: kind, Data: json.RawMessage(data),
		})
	}
	return entries
}

func state(guards ...string) string {
	var rows []string
	for _, g := range guards {
		id, held, _ := strings.Cut(g, "=")
		row := fmt.Sprintf(`{"id":%q,"held":%t,"unknown":%t,"reason":"seen","sentence":"It matters.","at":"2026-03-01T12:00:00Z"}`, id, held == "held", held == "unknown")
		rows = append(rows, row)
	}
	return `state {"phase":"failing","safeguards":[` + strings.Join(rows, ",") + `],"hold":{"required":"5s","elapsed":"0s"},"verdict":{"reason":"not recovered: a"}}`
}

// TestBrokenOnTheWay: what held after the page and then did not is remembered, each
// time; what the fault broke, or what nobody could see, is not.
func TestBrokenOnTheWay(t *testing.T) {
	t.Parallel()
	before := []string{`created {"run":"r"}`, `phase {"phase":"broken","attempt":1}`, state("a=held", "b=held"), state("b=broken"), `page {"text":"p"}`}
	tests := map[string]struct {
		states []string
		want   []string
	}{
		"the fault's doing":        {[]string{state("a=broken"), state("a=broken")}, nil},
		"broken":                   {[]string{state("a=held", "b=held"), state("a=broken", "b=held")}, []string{"a #7"}},
		"broken once, seen twice":  {[]string{state("a=held"), state("a=broken"), state("a=broken")}, []string{"a #7"}},
		"broken again":             {[]string{state("a=held"), state("a=broken"), state("a=held"), state("a=broken")}, []string{"a #7", "a #9"}},
		"could not be seen":        {[]string{state("a=held"), state("a=unknown")}, nil},
		"seen again, and broken":   {[]string{state("a=held"), state("a=unknown"), state("a=broken")}, []string{"a #8"}},
		"another attempt's clock":  {[]string{state("a=held"), state("a=broken"), `phase {"phase":"preparing","attempt":2}`}, nil},
		"only before the page":     {nil, nil},
		"mended, then the verdict": {[]string{state("a=held"), state("a=broken"), state("a=held")}, []string{"a #7"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := replay(t, journalOf(t, append(slices.Clone(before), test.states...)...))
			var got []string
			for _, b := range r.Broken {
				got = append(got, fmt.Sprintf("%s #%d", b.ID, b.Seq))
				if b.Sentence != "It matters." || b.Reason != "seen" || b.At.IsZero() {
					t.Errorf("%+v", b)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUpdatesAreReplayed(t *testing.T) {
	t.Parallel()
	r := replay(t, journalOf(t,
		`created {"run":"r"}`, `page {"text":"p"}`, `update {"verb":"ack"}`, `update {"verb":"note","text":"looking"}`,
		`update {"verb":"severity","severity":"SEV2","text":"a third fails"}`,
		`update {"verb":"diagnose","class":"network","object":"o","mechanism":"m"}`,
		`update {"verb":"resolve","kind":"fix","text":"done","followUp":"more"}`,
	))
	var got []string
	for _, u := range r.Updates {
		e := u.Event()
		if e.Source != timeline.SourceTool || e.Actor != "trainee" || e.Writes || e.Time.IsZero() {
			t.Errorf("%+v", e)
		}
		got = append(got, e.ID+" "+e.Verb+": "+e.Text)
	}
	want := []string{
		"#3 ack: acknowledged the page", "#4 note: noted: looking", "#5 severity: set the severity to SEV2: a third fails",
		"#6 diagnose: diagnosed: network, o: m", "#7 resolve: resolved by a fix: done; to follow: more",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestHidden: only training shows how the checks stand before the verdict.
func TestHidden(t *testing.T) {
	t.Parallel()
	for mode, hidden := range map[string]bool{"": false, "training": false, "graded": true, "exam": true} {
		rows := []string{fmt.Sprintf(`created {"run":"r","mode":%q}`, mode), `page {"text":"p"}`, `phase {"phase":"active","attempt":1}`, state("a=held", "b=broken")}
		r := replay(t, journalOf(t, rows...))
		s := StatusOf(r, true, r.PagedAt)
		if r.Hidden() != hidden || s.Hidden != hidden || (len(s.Safeguards) == 0) != hidden || (s.Verdict == "pending") != hidden || (s.Hold.Required == 0) != hidden {
			t.Errorf("mode %q: %+v", mode, s)
		}
		rows = append(rows, `verdict {"recovered":false,"reason":"not recovered: b","decidedAt":"2026-03-01T12:10:00Z"}`)
		r = replay(t, journalOf(t, rows...))
		if s := StatusOf(r, true, r.PagedAt); s.Hidden || len(s.Safeguards) != 2 || s.Verdict != "not recovered: b" {
			t.Errorf("mode %q, decided: %+v", mode, s)
		}
	}
}

// TestWarningsAreNoTrouble: what a webhook does not take hinders no referee.
func TestWarningsAreNoTrouble(t *testing.T) {
	t.Parallel()
	r := replay(t, journalOf(t, `created {"run":"r"}`, `error {"message":"not sent","transient":true,"webhook":true}`))
	if r.Trouble != "" || len(r.Failures) > 0 || len(r.Warnings) != 1 {
		t.Errorf("trouble %q, failures %v, warnings %v", r.Trouble, r.Failures, r.Warnings)
	}
}

// fakeNotifier keeps what it is told, and fails as often as it is asked to.
type fakeNotifier struct {
	mu    sync.Mutex
	texts []string
	fails int
}

func (f *fakeNotifier) Notify(_ context.Context, text string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fails > 0 {
		f.fails--
		return errors.New("nobody is there")
	}
	f.texts = append(f.texts, text)
	return nil
}

// TestNotifying: page, updates and verdict go out once, also when the referee is
// another one meanwhile; what fails is journaled and hinders nothing.
func TestNotifying(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := &fakeNotifier{fails: 1}
	referee := func() (context.CancelFunc, <-chan error) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		e := w.engine()
		e.Notifier = n
		go func() { done <- e.Run(ctx) }()
		return cancel, done
	}
	kill, done := referee()
	w.until("warned", func(r *Run) bool { return paged(r) && len(r.Warnings) == 1 })
	if err := Tell(t.Context(), w.journal, Update{Verb: UpdateAck}); err != nil {
		t.Fatal(err)
	}
	if err := Tell(t.Context(), w.journal, Update{Verb: UpdateDiagnose, Class: "network", Object: "o", Mechanism: "m"}); err != nil {
		t.Fatal(err)
	}
	kill()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("killed: %v", err)
	}
	_, done = referee()
	w.setReady(corev1.ConditionTrue)
	w.until("decided", func(r *Run) bool { return r.Verdict != nil })
	w.ask(VerbEnd)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want := []string{"[" + run + "] acknowledged the page", "[" + run + "] VERDICT: " + w.run().Verdict.Reason}
	if diff := cmp.Diff(want, n.texts); diff != "" {
		t.Error(diff)
	}
	if r := w.run(); len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "page of entry") || !strings.Contains(r.Warnings[0], "nobody is there") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

// TestAnnouncements: what is told outside of each entry, and of which nothing is.
func TestAnnouncements(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ entry, want string }{
		"page":                 {`page {"text":"\n[SEV2] checkout: error ratio above 5 %\nsince 12:00\n"}`, "[shop-aaaaa] PAGE\n[SEV2] checkout: error ratio above 5 %\nsince 12:00"},
		"ack":                  {`update {"verb":"ack"}`, "[shop-aaaaa] acknowledged the page"},
		"note":                 {`update {"verb":"note","text":"rolling back"}`, "[shop-aaaaa] noted: rolling back"},
		"severity":             {`update {"verb":"severity","severity":"SEV2","text":"a third fails"}`, "[shop-aaaaa] set the severity to SEV2: a third fails"},
		"diagnose":             {`update {"verb":"diagnose","class":"network","object":"o","mechanism":"m"}`, ""},
		"resolve":              {`update {"verb":"resolve","kind":"fix","text":"rolled back"}`, "[shop-aaaaa] resolved by a fix: rolled back"},
		"resolve, to follow":   {`update {"verb":"resolve","kind":"mitigation","text":"scaled up","followUp":"a limit"}`, "[shop-aaaaa] resolved by a mitigation: scaled up; to follow: a limit"},
		"verdict":              {`verdict {"recovered":true,"reason":"recovered: 3 checks held for 30s"}`, "[shop-aaaaa] VERDICT: recovered: 3 checks held for 30s"},
		"not recovered":        {`verdict {"reason":"not recovered: users-served"}`, "[shop-aaaaa] VERDICT: not recovered: users-served"},
		"hint":                 {`hint {"number":1,"of":3,"text":"look"}`, ""},
		"state":                {state("a=broken"), ""},
		"what cannot be read":  {`page {"text":1}`, ""},
		"of a later version's": {`tomorrow {"text":"p"}`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &Engine{run: &Run{Created: Created{Run: "shop-aaaaa"}}}
			if diff := cmp.Diff(tt.want, e.announcement(journalOf(t, tt.entry)[0])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestToldWarnings: a graded run says how long its clock stood because nobody refereed it.
func TestToldWarnings(t *testing.T) {
	t.Parallel()
	gap := func(from, to int, why, counted string) string {
		return fmt.Sprintf(`gap {"from":"2026-03-01T12:%02d:00Z","to":"2026-03-01T12:%02d:00Z","why":%q%s}`, from, to, why, counted)
	}
	const counted = `,"counted":true`
	tests := map[string]struct {
		mode Mode
		gaps []string
		want []string
	}{
		"graded":            {ModeGraded, []string{gap(1, 3, whyNoReferee, ""), gap(5, 6, whyNoReferee, "")}, []string{"no referee was running for 3m0s"}},
		"noted twice":       {ModeGraded, []string{gap(1, 3, whyNoReferee, ""), gap(1, 4, whyNoReferee, "")}, []string{"no referee was running for 3m0s"}},
		"no answer":         {ModeGraded, []string{gap(1, 3, whyNoAnswer, "")}, nil},
		"nothing":           {ModeGraded, nil, nil},
		"training":          {ModeTraining, []string{gap(1, 3, whyNoReferee, "")}, nil},
		"of before modes":   {"", []string{gap(1, 3, whyNoReferee, "")}, nil},
		"exam: it counts":   {ModeExam, []string{gap(1, 3, whyNoReferee, counted)}, nil},
		"after the others":  {ModeGraded, []string{`error {"message":"not sent","webhook":true}`, gap(1, 2, whyNoReferee, "")}, []string{"not sent", "no referee was running for 1m0s"}},
		"of the last trial": {ModeGraded, []string{gap(1, 3, whyNoReferee, ""), `phase {"phase":"preparing","attempt":2}`}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := replay(t, journalOf(t, append([]string{fmt.Sprintf(`created {"run":"r","mode":%q}`, tt.mode)}, tt.gaps...)...))
			got := StatusOf(r, true, time.Time{}).Warnings
			if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A scenario's name and the node it breaks are kept back while, and only while, the run is sat as an exam.
func TestToldScenario(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rows []string
		want string
	}{
		"under way":       {[]string{`created {"scenario":"oomkilled","node":"worker","mode":"exam"}`, `phase {"phase":"active","attempt":1}`}, HiddenScenario},
		"no page yet":     {[]string{`created {"scenario":"oomkilled","node":"worker","mode":"exam"}`}, HiddenScenario},
		"decided":         {[]string{`created {"scenario":"oomkilled","node":"worker","mode":"exam"}`, `verdict {"recovered":true}`}, "oomkilled"},
		"over, undecided": {[]string{`created {"scenario":"oomkilled","node":"worker","mode":"exam"}`, `page {"text":"p"}`, `phase {"phase":"finished","attempt":1}`}, "oomkilled"},
		"over, unpaged":   {[]string{`created {"scenario":"oomkilled","node":"worker","mode":"exam"}`, `phase {"phase":"finished","attempt":1}`}, HiddenScenario},
		"graded":          {[]string{`created {"scenario":"oomkilled","node":"worker","mode":"graded"}`}, "oomkilled"},
		"of before modes": {[]string{`created {"scenario":"oomkilled","node":"worker"}`}, "oomkilled"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Replay(journalOf(t, tt.rows...))
			if err != nil {
				t.Fatal(err)
			}
			if got := StatusOf(r, true, time.Time{}).Scenario; got != tt.want || r.ToldScenario() != tt.want {
				t.Errorf("status %q, told %q, want %q", got, r.ToldScenario(), tt.want)
			}
			node := map[bool]string{false: "worker"}[tt.want == HiddenScenario]
			if got := StatusOf(r, true, time.Time{}).Node; got != node || r.ToldNode() != node {
				t.Errorf("status %q, told %q, want node %q", got, r.ToldNode(), node)
			}
		})
	}
}

// TestDisturbed: when the referee disturbed a system that stood it is remembered; when the
// system did not, or is disturbed still, it is not.
func TestDisturbed(t *testing.T) {
	t.Parallel()
	in := func(phase string) string {
		return `state {"phase":"` + phase + `","hold":{"required":"5s","elapsed":"0s"}}`
	}
	before := []string{`created {"run":"r"}`, `phase {"phase":"broken","attempt":1}`, in("perturbing"), in("holding"), `page {"text":"p"}`}
	at := func(from, to int) Span {
		zero := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		return Span{From: zero.Add(time.Duration(from) * time.Second), To: zero.Add(time.Duration(to) * time.Second)}
	}
	tests := map[string]struct {
		states []string
		want   []Span
	}{
		"before the page":    {nil, nil},
		"stood it":           {[]string{in("settling"), in("perturbing"), in("perturbing"), in("holding"), in("recovered")}, []Span{at(6, 8)}},
		"the last of all":    {[]string{in("perturbing"), in("recovered")}, []Span{at(5, 6)}},
		"did not stand it":   {[]string{in("perturbing"), in("failing"), in("holding")}, nil},
		"under way":          {[]string{in("perturbing")}, nil},
		"the second time":    {[]string{in("perturbing"), in("failing"), in("perturbing"), in("holding")}, []Span{at(7, 8)}},
		"of another attempt": {[]string{in("perturbing"), in("holding"), `phase {"phase":"preparing","attempt":2}`}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, err := Replay(journalOf(t, append(slices.Clone(before), test.states...)...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, run.Disturbed); diff != "" {
				t.Error(diff)
			}
		})
	}
}
