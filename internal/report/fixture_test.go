package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/internal/traffic"
	"github.com/firedrill/firedrill/verifier"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMain makes the clock of every rendering UTC.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// noon is when the fixture's run was begun. Everything in it is told in seconds from then.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(second float64) time.Time {
	return noon.Add(time.Duration(second * float64(time.Second)))
}

// journal collects a run's entries.
type journal struct {
	t       *testing.T
	entries []session.Entry
}

func (j *journal) add(second float64, kind string, data any) {
	j.t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		j.t.Fatal(err)
	}
	j.entries = append(j.entries, session.Entry{Seq: int64(len(j.entries) + 1), Time: at(second), Type: kind, Data: raw})
}

func (j *journal) phase(second float64, phase drill.Phase) {
	j.add(second, "phase", drill.PhaseChange{Phase: phase, Attempt: 1})
}

func (j *journal) acts(second float64, e timeline.Event) {
	e.Time, e.ID = at(second), fmt.Sprintf("a%02d", len(j.entries))
	if e.Source == "" {
		e.Source, e.Namespace, e.Code = timeline.SourceAudit, "shop-aaaaa", max(e.Code, 200)
	}
	if e.Actor == "" {
		e.Actor = "trainee"
	}
	j.add(second+1, "actions", drill.ActionsSeen{Events: []timeline.Event{e}})
}

func (j *journal) state(second float64, phase verifier.Phase, passed [3]bool, held bool) {
	check := func(id string, ok bool, good, bad string) verifier.CheckState {
		c := verifier.CheckState{ID: id, Passed: ok, Reason: good, At: at(second)}
		if !ok {
			c.Reason, c.Evidence = bad, "as seen at "+at(second).Format("15:04:05")
		}
		return c
	}
	s := verifier.State{Phase: phase, Checks: []verifier.CheckState{
		check("rolled-out", passed[0], "Deployment/checkout runs 2 of 2 replicas of its newest template", "1 of 2 replicas are ready"),
		check("no-restarts", passed[1], "no container of 2 pods ended", "container checkout ended: OOMKilled, exit code 137"),
		check("users-served", passed[2], "users get good answers", "31 of 50 requests failed"),
	}, Safeguards: []verifier.SafeguardState{
		{ID: "limit-removed", Held: held, Reason: "limits.memory is 128Mi, 128Mi before", Sentence: "Without a memory limit the next leak takes the node.", At: at(second)},
		{ID: "scaled-down", Held: true, Reason: "2 replicas, as before", Sentence: "Pods that do not run do not serve.", At: at(second)},
	}}
	if !held {
		s.Safeguards[0].Reason = "limits.memory is gone, 128Mi before"
	}
	s.Verdict.Reason = "not recovered: " + s.Checks[2].Reason
	j.add(second, "state", s)
}

// begin brings a run to its page, at second 40.
func (j *journal) begin() {
	j.add(0, "created", drill.Created{
		Run: "shop-aaaaa", Scenario: "oomkilled", Title: "Orders fail in bursts and the pods behind them keep restarting", Cluster: "firedrill", ClusterID: "c1",
		Seed: 7, Variant: "limit-cut", Vars: map[string]string{"app": "checkout", "namespace": "shop-aaaaa", "run": "shop-aaaaa", "variant": "limit-cut"},
		TimeLimit: 15 * time.Minute, Version: "test",
	})
	j.phase(0.1, drill.PhasePreparing)
	j.phase(9, drill.PhaseHealthy)
	proof := func(second float64, what, id, reason string, took time.Duration) {
		j.add(second, "proof", drill.Proof{What: what, Passed: true, Took: took, State: verifier.State{
			Phase: verifier.PhaseRecovered, Checks: []verifier.CheckState{{ID: id, Passed: true, Reason: reason, At: at(second)}},
		}})
	}
	proof(18, "healthy", "users-served", "users get good answers", 8*time.Second)
	j.phase(18.1, drill.PhaseInjecting)
	j.add(20, "intent", drill.Intent{Kind: "patch", File: "undo-fault-0.json"})
	j.add(20.5, "injected", drill.Step{})
	j.phase(21, drill.PhaseBroken)
	proof(39, "broken", "killed-for-memory", "container checkout ended: OOMKilled, exit code 137", 18*time.Second)
	j.add(40, "page", drill.Page{Text: "[SEV2] checkout: error ratio above 5 %"})
	j.phase(40.1, drill.PhaseActive)
	j.state(41, verifier.PhaseFailing, [3]bool{false, false, false}, true)
}

// recoveredJournal is a whole run: looked, changed, refused once, on a node, past the
// trainee's identity, recovered.
func recoveredJournal(t *testing.T) []session.Entry {
	j := &journal{t: t}
	j.begin()
	j.add(48, "update", drill.Update{Verb: drill.UpdateAck})
	j.acts(52, timeline.Event{Verb: "get", Resource: "pods", Text: "listed pods"})
	j.add(55, "update", drill.Update{Verb: drill.UpdateSeverity, Severity: "SEV2", Text: "a third of the orders fail"})
	j.acts(61.25, timeline.Event{Verb: "describe", Resource: "pods", Name: "checkout-7f9c", Text: "described pod checkout-7f9c"})
	j.acts(75, timeline.Event{Verb: "logs", Resource: "pods", Name: "checkout-7f9c", Detail: "previous", Text: "read the logs of the previous container of pod checkout-7f9c (previous)"})
	j.add(80, "hint", drill.Hint{Number: 1, Of: 3, Text: "What does the last state of a pod that restarted say?"})
	j.acts(90, timeline.Event{Verb: "get", Resource: "secrets", Name: "db", Code: 403, Text: "was refused: get secret db in shop-aaaaa (403)"})
	j.acts(98, timeline.Event{Verb: "ssh", Source: timeline.SourceNode, Resource: "nodes", Name: "firedrill-worker", Detail: "df -h", Text: "ran on node firedrill-worker: df -h"})
	j.acts(110, timeline.Event{Verb: "patch", Resource: "deployments", Name: "checkout", Detail: "limits removed", Writes: true, Text: "patched deployment checkout: limits removed"})
	j.state(114, verifier.PhaseFailing, [3]bool{false, true, true}, false)
	j.add(125, "update", drill.Update{Verb: drill.UpdateDiagnose, Class: "configuration", Object: "deployment/checkout", Mechanism: "the memory limit is below what the process needs"})
	j.add(128, "update", drill.Update{Verb: drill.UpdateNote, Text: "rolling back"})
	j.acts(131, timeline.Event{Verb: "get", Actor: "admin", Resource: "nodes", Text: "listed nodes"})
	j.acts(140, timeline.Event{Verb: "rollout undo", Resource: "deployments", Name: "checkout", Detail: "limits.memory=128Mi", Writes: true, Text: "rolled back deployment checkout: limits.memory=128Mi"})
	j.state(150, verifier.PhaseSettling, [3]bool{true, true, true}, true)
	j.state(158, verifier.PhaseHolding, [3]bool{true, true, true}, true)
	j.add(180, "update", drill.Update{Verb: drill.UpdateResolve, Kind: "fix", Text: "rolled back", FollowUp: "an alert on restarts"})
	j.acts(188.5, timeline.Event{Verb: "rollout status", Resource: "deployments", Name: "checkout", Text: "watched the rollout of deployment checkout"}) // the verdict's own moment
	j.add(188.5, "verdict", drill.Verdict{Recovered: true, Reason: "recovered: 3 checks and 2 safeguards held for 30s", RecoveredAt: at(158), DecidedAt: at(188.5)})
	j.phase(188.6, drill.PhaseDecided)
	j.acts(190, timeline.Event{Verb: "get", Resource: "pods", Text: "listed pods"})
	j.phase(200, drill.PhaseEnding)
	j.add(201, "users", map[string]any{"streams": users(t, 188.5)})
	j.phase(215, drill.PhaseFinished)
	return j.entries
}

// refusedJournal is a run that the time limit ended with a safeguard broken.
func refusedJournal(t *testing.T) []session.Entry {
	j := &journal{t: t}
	j.begin()
	j.acts(60, timeline.Event{Verb: "patch", Resource: "deployments", Name: "checkout", Detail: "limits removed", Writes: true, Text: "patched deployment checkout: limits removed"})
	j.state(70, verifier.PhaseFailing, [3]bool{true, true, true}, false)
	j.add(260, "clock", drill.ClockSeen{Ahead: 5200 * time.Millisecond, Error: 40 * time.Millisecond})
	j.add(300, "gap", drill.Gap{From: at(200), To: at(260), Why: "no referee was running"})
	j.add(1000, "verdict", drill.Verdict{Reason: "not recovered: limit-removed: Without a memory limit the next leak takes the node.", Cause: "time limit", DecidedAt: at(1000)})
	j.phase(1000.1, drill.PhaseDecided)
	j.phase(1020, drill.PhaseFinished)
	return j.entries
}

// unfinishedJournal is a run under way, seconds after its page.
func unfinishedJournal(t *testing.T) []session.Entry {
	j := &journal{t: t}
	j.begin()
	j.acts(52, timeline.Event{Verb: "get", Resource: "pods", Text: "listed pods"})
	return j.entries
}

// users are the users of the run, as the traffic package sums them up: good until the
// fault, failing in bursts until the limit is back.
func users(t *testing.T, until float64) []traffic.Summary {
	t.Helper()
	path := filepath.Join(t.TempDir(), traffic.FileName)
	var lines bytes.Buffer
	for i := range int(10 * (until - 10)) {
		second := 10 + float64(i)/10
		class, millis := "ok", 20+15*math.Sin(second)
		if burst := math.Mod(second, 12) < 5; second > 24 && second < 146 && burst {
			class, millis = "connect", 1
		} else if second > 20 && second < 150 {
			millis *= 6
		}
		fmt.Fprintf(&lines, `{"stream":"users","boot":"b","seq":%d,"t":%q,"ms":%.1f,"class":%q,"pod":"p","conn":%q}`+"\n",
			i+1, at(second).Format(time.RFC3339Nano), millis, class, []string{"new", "reused"}[i%2])
	}
	if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	record, err := traffic.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return record.Summaries(traffic.Moments{From: at(10), FaultAt: at(20), PagedAt: at(40), RecoveredAt: at(158), DecidedAt: at(188.5)})
}

// spec is the scenario that the fixture's runs are graded by.
func spec() *scenario.Spec {
	signal := func(name, sentence string, match scenario.Match) scenario.Signal {
		return scenario.Signal{Name: name, Sentence: sentence, Weight: 1, Match: []scenario.Match{match}}
	}
	return &scenario.Spec{
		Explanation: "What was wrong: a release cut the memory limit to 40Mi.\n\nWhy the quick fixes are none: <b>no limit</b> is no fix.\n",
		Traffic:     []scenario.Traffic{{Name: "users", Rate: 10}},
		Diagnosis:   &scenario.Diagnosis{Class: "configuration", Object: "deployment/checkout", Mechanism: "the memory limit is below what the process needs"},
		Rubric: &scenario.Rubric{
			Signals: []scenario.Signal{
				signal("pods", "Which pods restart.", scenario.Match{Verbs: []string{"get"}, Resources: []string{"pods"}}),
				signal("last-state", "OOMKilled, exit code 137.", scenario.Match{Verbs: []string{"describe"}, Resources: []string{"pods"}}),
				signal("history", "Which change came last.", scenario.Match{Verbs: []string{"rollout history"}}),
			},
			Decision:   &scenario.Decision{Sentence: "Roll back: the last change is the first suspect.", Match: []scenario.Match{{Verbs: []string{"rollout undo"}}}},
			Production: []string{"kubectl rollout history, then rollout undo: what changed last is the first suspect."},
		},
	}
}

// fixture is a report of a journal's entries, as the command line makes it.
func fixture(t *testing.T, entries []session.Entry) *Report {
	t.Helper()
	run, err := drill.Replay(entries)
	if err != nil {
		t.Fatal(err)
	}
	history, err := drill.ReadHistory(entries)
	if err != nil {
		t.Fatal(err)
	}
	r := Build(run, spec(), at(60))
	r.History = &history
	return r
}

// readJournal reads the committed journal, which the golden files are of.
func readJournal(t *testing.T) []session.Entry {
	t.Helper()
	data, err := os.ReadFile("testdata/journal.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var entries []session.Entry
	for line := range bytes.Lines(data) {
		var e session.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

// recoveredReport is the report of the committed journal.
func recoveredReport(t *testing.T) *Report {
	t.Helper()
	return fixture(t, readJournal(t))
}

// TestTimesAndGradeAreComputed: what the golden files show comes from the journal.
func TestTimesAndGradeAreComputed(t *testing.T) {
	t.Parallel()
	r := recoveredReport(t)
	for name, test := range map[string]struct {
		got      Moment
		want     float64 // seconds after the page
		evidence string
	}{
		"acknowledged": {r.Times.Acknowledged, 8, "ack"},
		"diagnosed":    {r.Times.Diagnosed, 85, "diagnosis"},
		"mitigated":    {r.Times.Mitigated, 106, "users: the first good answer"}, // not the hold's start, 118
		"recovered":    {r.Times.Recovered, 118, "hold"},
		"verified":     {r.Times.Verified, 148.5, "recovered:"},
	} {
		if test.got.AfterPage == nil || math.Abs(*test.got.AfterPage-test.want) > 0.15 || !strings.Contains(test.got.Evidence, test.evidence) {
			t.Errorf("%s: %+v", name, test.got)
		}
	}
	if g := r.Grade; g == nil || g.Total < 50 || g.Total > 95 || g.Capped != nil {
		t.Errorf("grade %+v", g)
	}
}

// TestTheUsersGradeIsOfTheIncident: what failed before the page or after the verdict is
// nobody's fault, what is missing counts, and a journal that was written anew long after
// the verdict loses nothing.
func TestTheUsersGradeIsOfTheIncident(t *testing.T) {
	t.Parallel()
	const first = `{"streams":[{"stream":"users","sent":9000,"failed":8000,"incident":{"sent":100,"failed":7,"missing":2,"longestOutage":{"duration":3000000000},
		"unseen":[{"from":"2026-11-23T12:01:00Z","to":"2026-11-23T12:01:30Z"}],"failing":true,"servedAt":"2026-11-23T12:01:40Z"}}]}`
	rates := map[string]int{"users": 10}
	run := &drill.Run{Users: []byte(first)}
	want := &grade.Users{Sent: 100, Failed: 7, Missing: 300, LongestOutage: 30 * time.Second, Rate: 10, Failing: true, ServedAt: at(100)}
	if diff := cmp.Diff(want, gradedUsers(run, rates)); diff != "" {
		t.Error(diff)
	}
	run.UsersFirst, run.Users = run.Users, []byte(`{"streams":[{"stream":"users","sent":9000,"failed":8000}]}`)
	if diff := cmp.Diff(want, gradedUsers(run, rates)); diff != "" {
		t.Error(diff)
	}
	run.Gaps = []drill.Gap{{From: at(65), To: at(95)}} // 25 of the 30 seconds are off the clock
	if got := gradedUsers(run, rates); got.Missing != 50 || got.LongestOutage != 5*time.Second {
		t.Errorf("with a gap: %+v", got)
	}
	run.UsersFirst = nil
	if got := gradedUsers(run, rates); got != nil {
		t.Errorf("nothing is known, and it is %+v", got)
	}
}

// TestTheJournalIsWhatTheEngineWrites keeps the committed journal in step with the types
// of those who write it.
func TestTheJournalIsWhatTheEngineWrites(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	for _, e := range recoveredJournal(t) {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	golden(t, "journal.jsonl", lines.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), go test ./internal/report -update writes it anew:\n%s", path, diff)
	}
}
