package metrics

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/report"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
)

var update = flag.Bool("update", false, "write the golden files anew")

// page is when every run of these tests was paged.
var page = time.Date(2026, 1, 1, 12, 0, 0, 500_000_000, time.UTC)

func after(d time.Duration) time.Time { return page.Add(d) }

func did(verb, actor string, at time.Time) timeline.Event {
	return timeline.Event{Verb: verb, Actor: actor, Time: at, Name: "checkout-7f9c", Source: timeline.SourceAudit}
}

func proof(what string, took time.Duration, passed bool) drill.Proof {
	return drill.Proof{What: what, Took: took, Passed: passed}
}

func runOf(scenario string, phase drill.Phase, change func(*drill.Run)) *drill.Run {
	r := &drill.Run{Created: drill.Created{Run: "shop-aaaaa", Scenario: scenario, TimeLimit: 15 * time.Minute}, Phase: phase, PagedAt: page}
	if phase == drill.PhaseFinished {
		r.FinishedAt = after(20 * time.Minute)
	}
	change(r)
	return r
}

func recovered(r *drill.Run) {
	r.Verdict = &drill.Verdict{Recovered: true, RecoveredAt: after(200 * time.Second), DecidedAt: after(235 * time.Second)}
	r.Events = []timeline.Event{
		did("get", "firedrill", after(time.Second)), did("get", "trainee", after(-time.Minute)),
		did("get", "trainee", after(12*time.Second)), did("describe", "trainee", after(30*time.Second)),
		did("rollout undo", "trainee", after(time.Minute)), did("get", "admin", after(2*time.Minute)),
		did("delete", "trainee", after(5*time.Minute)), // tidied up behind the verdict
	}
	r.Hints = []drill.Hint{{Number: 1, Of: 3}, {Number: 2, Of: 3}}
	r.Users = []byte(`{"streams":[{"stream":"users","sent":900,"failed":81,"incident":{"sent":700,"failed":81,"failing":true,"servedAt":"2026-01-01T12:02:30.5Z"}},{"stream":"admin","sent":10,"incident":{"sent":8}}]}`)
	r.Updates = []drill.Update{
		{Verb: drill.UpdateAck, Seq: 7, At: after(8 * time.Second)},
		{Verb: drill.UpdateDiagnose, Seq: 9, At: after(90 * time.Second), Class: "capacity"},
	}
	r.Grading = &drill.Grading{Diagnosis: &scenario.Diagnosis{Class: "capacity"}}
	r.Proofs = []drill.Proof{proof("healthy", 8*time.Second, true), proof("broken", 41*time.Second, true)}
}

func runs() []*drill.Run {
	return []*drill.Run{
		runOf("oomkilled", drill.PhaseFinished, recovered),
		runOf("oomkilled", drill.PhaseFinished, func(r *drill.Run) {
			r.Verdict = &drill.Verdict{Reason: "not recovered: limit-removed", DecidedAt: after(15 * time.Minute)}
			// the audit log's times are whole: this one is "before" the page by 0.5 s
			r.Events = []timeline.Event{did("get", "trainee", after(-500*time.Millisecond))}
		}),
		runOf("oomkilled", drill.PhaseFinished, func(r *drill.Run) { // never broken: a failed proof, no page
			r.PagedAt, r.Failures = time.Time{}, []string{"the fault showed no symptom"}
			r.Proofs = []drill.Proof{proof("healthy", 9*time.Second, true), proof("broken", 3*time.Minute, false)}
		}),
		runOf("node-notready", drill.PhaseDecided, func(r *drill.Run) { // decided, and may still be reset
			r.Verdict = &drill.Verdict{Recovered: true, RecoveredAt: after(time.Minute), DecidedAt: after(2 * time.Minute)}
			r.Events = []timeline.Event{did("ssh", "trainee", after(10*time.Second))}
		}),
	}
}

// tellGraded is the report of a run, as the command line makes it.
func tellGraded(r *drill.Run) *report.Report { return report.Build(r, nil, r.FinishedAt) }

// TestTimesAreMeasured: the times to mitigate and to verify are the report's, of the users'
// record and of the verdict, and not the start of the hold.
func TestTimesAreMeasured(t *testing.T) {
	t.Parallel()
	text := textOf(t, runOf("oomkilled", drill.PhaseFinished, recovered))
	for _, want := range []string{
		`firedrill_time_to_acknowledge_seconds_sum{scenario="oomkilled"} 8`,
		`firedrill_time_to_diagnose_seconds_sum{scenario="oomkilled"} 90`,
		`firedrill_time_to_mitigate_seconds_sum{scenario="oomkilled"} 150`,
		`firedrill_time_to_recover_seconds_sum{scenario="oomkilled"} 200`,
		`firedrill_time_to_verify_seconds_sum{scenario="oomkilled"} 235`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestAWrongDiagnosisTakesNoTime: who guesses at once would else look quick.
func TestAWrongDiagnosisTakesNoTime(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*drill.Run)
		count  string // of the histogram; "" when nothing was ever observed
	}{
		"right":                  {func(*drill.Run) {}, "1"},
		"wrong":                  {func(r *drill.Run) { r.Updates[1].Class = "network" }, ""},
		"none":                   {func(r *drill.Run) { r.Updates = r.Updates[:1] }, ""},
		"nobody knows the right": {func(r *drill.Run) { r.Grading = nil }, ""},
		"no verdict":             {func(r *drill.Run) { r.Verdict = nil }, ""},
		"right, then wrong": {func(r *drill.Run) {
			r.Updates = append(r.Updates, drill.Update{Verb: drill.UpdateDiagnose, Seq: 10, At: after(100 * time.Second), Class: "network"})
		}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runOf("oomkilled", drill.PhaseFinished, recovered)
			tt.change(r)
			_, count, _ := strings.Cut(textOf(t, r), `firedrill_time_to_diagnose_seconds_count{scenario="oomkilled"} `)
			count, _, _ = strings.Cut(count, "\n")
			if count != tt.count {
				t.Errorf("observed %q times, want %q", count, tt.count)
			}
		})
	}
}

func registryOf(t *testing.T, runs []*drill.Run) *prometheus.Registry {
	t.Helper()
	registry, err := NewRegistry(runs, tellGraded)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

func TestExposition(t *testing.T) {
	t.Parallel()
	for name, runs := range map[string][]*drill.Run{"runs": runs(), "none": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := WriteText(&got, registryOf(t, runs)); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".prom")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got), write it anew with -update:\n%s", file, diff)
			}
		})
	}
}

// TestLint: the names and types are as Prometheus's own rules want them.
func TestLint(t *testing.T) {
	t.Parallel()
	problems, err := testutil.GatherAndLint(registryOf(t, runs()))
	if err != nil || len(problems) > 0 {
		t.Errorf("problems: %v, error: %v", problems, err)
	}

	bad := prometheus.NewRegistry()
	bad.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "firedrill_recover_minutes", Help: "x"}))
	if problems, err := testutil.GatherAndLint(bad); err != nil || len(problems) == 0 {
		t.Errorf("a counter in minutes without _total passed (error: %v)", err)
	}
}

// TestCountersNeverFall: what a reset takes back was never counted.
func TestCountersNeverFall(t *testing.T) {
	t.Parallel()
	decided := runOf("oomkilled", drill.PhaseDecided, recovered)
	again := runOf("oomkilled", drill.PhasePreparing, recovered)
	again.Verdict, again.PagedAt = nil, time.Time{}
	// But for the gauge, which may fall, and what was done behind the verdict, which counts
	// once that is taken back: a counter may rise.
	const behind = `firedrill_actions_total{scenario="oomkilled",verb="delete"} 1` + "\n"
	gauge := regexp.MustCompile(`(?m)^firedrill_active_runs.*$`)
	before, after := gauge.ReplaceAllString(textOf(t, decided), ""), gauge.ReplaceAllString(textOf(t, again), "")
	if strings.Contains(before, behind) || strings.Count(after, behind) != 1 {
		t.Errorf("what was done behind the verdict is counted before a reset, or not after it:\n%s", after)
	}
	if diff := cmp.Diff(before, strings.Replace(after, behind, "", 1)); diff != "" {
		t.Errorf("a reset changed a counter:\n%s", diff)
	}
	finished := runOf("oomkilled", drill.PhaseFinished, recovered)
	if cmp.Equal(textOf(t, decided), textOf(t, finished)) {
		t.Error("a finished run is not counted")
	}
}

// TestAnExamThatIsSatIsNotNamed: the scenario's name is the cause. Once it is decided it is
// counted under its name, and no counter falls.
func TestAnExamThatIsSatIsNotNamed(t *testing.T) {
	t.Parallel()
	sat := runOf("oomkilled", drill.PhaseActive, recovered)
	sat.Mode, sat.Verdict = drill.ModeExam, nil
	want := `firedrill_active_runs{phase="active",scenario="hidden"} 1`
	if text := textOf(t, sat); !strings.Contains(text, want+"\n") || strings.Contains(text, "oomkilled") || strings.Contains(text, "_total{") {
		t.Errorf("want only %s, got\n%s", want, text)
	}
	unsat := runOf("oomkilled", drill.PhaseFinished, recovered)
	unsat.Mode, unsat.Verdict, unsat.PagedAt = drill.ModeExam, nil, time.Time{}
	if text := textOf(t, unsat); strings.Contains(text, "firedrill_") {
		t.Errorf("a drill of an exam that ended before its page is still counted:\n%s", text)
	}
	decided := runOf("oomkilled", drill.PhaseDecided, recovered)
	decided.Mode = drill.ModeExam
	if text := textOf(t, decided); !strings.Contains(text, `firedrill_hints_total{scenario="oomkilled"} 2`) || strings.Contains(text, "hidden") {
		t.Errorf("a decided one is not counted:\n%s", text)
	}
}

func textOf(t *testing.T, runs ...*drill.Run) string {
	t.Helper()
	var text bytes.Buffer
	if err := WriteText(&text, registryOf(t, runs)); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// failing is an output that takes nothing.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteFails(t *testing.T) {
	t.Parallel()
	if err := WriteText(failing{}, registryOf(t, runs())); err == nil {
		t.Error("an output that takes nothing is no error")
	}
}
