package grade_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

func part(t *testing.T, g *grade.Grade, name string) grade.Part {
	t.Helper()
	for _, p := range g.Parts {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no part %s", name)
	return grade.Part{}
}

// small is a rubric of three signals that weigh the same.
func small() *scenario.Rubric {
	read := func(name, verb string) scenario.Signal {
		return scenario.Signal{Name: name, Sentence: name + " tells", Weight: 1, Match: []scenario.Match{{Verbs: []string{verb}, Resources: []string{"pods"}}}}
	}
	return &scenario.Rubric{
		Signals:     []scenario.Signal{read("first", "get"), read("second", "describe"), read("third", "logs")},
		Precautions: []scenario.Match{{Verbs: []string{"cordon"}}},
		Decision:    &scenario.Decision{Sentence: "Roll back.", Match: []scenario.Match{{Verbs: []string{"rollout undo"}}}},
	}
}

// events makes events, ten seconds apart, of verbs; a verb with an exclamation mark writes.
func events(verbs ...string) []timeline.Event {
	var all []timeline.Event
	for i, verb := range verbs {
		name, writes := strings.CutSuffix(verb, "!")
		all = append(all, timeline.Event{
			Time: at(time.Duration(i+1) * 10 * time.Second), ID: fmt.Sprint("e", i), Source: timeline.SourceAudit, Actor: "trainee",
			Verb: name, Resource: "pods", Writes: writes, Code: 200, Text: name,
		})
	}
	return all
}

func input(all []timeline.Event) grade.Input {
	return grade.Input{
		Run: run, Cluster: "firedrill", Paged: paged, Decided: at(10 * time.Minute), RecoveredAt: at(9 * time.Minute), Recovered: true,
		Verdict: "recovered: it held", Limit: 15 * time.Minute, Rubric: small(), Events: all,
	}
}

// TestSignals: what is read before the first change earns all, after it half; the order
// has points of its own.
func TestSignals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		verbs string
		want  string // of each signal and of the order, in hundredths of the part
		blind bool
	}{
		"in order":                 {"get describe logs rollout undo!", "13.3 13.3 13.3 10.0", false},
		"backwards":                {"logs describe get", "13.3 13.3 13.3 3.3", false},
		"one too early":            {"logs get describe", "13.3 13.3 13.3 6.7", false},
		"again, in order":          {"logs get describe logs", "13.3 13.3 13.3 10.0", false},
		"after the change":         {"get rollout undo! describe", "13.3 6.7 0.0 3.3", false},
		"changed blindly":          {"rollout undo! get describe logs", "6.7 6.7 6.7 0.0", true},
		"cordoned first":           {"cordon! get describe logs", "13.3 13.3 13.3 10.0", false},
		"nothing read":             {"rollout undo!", "0.0 0.0 0.0 0.0", true},
		"looked at something else": {"top rollout undo!", "0.0 0.0 0.0 0.0", true},
		"only looked":              {"get", "13.3 0.0 0.0 3.3", false},
		"a change before any look": {"scale! get", "6.7 0.0 0.0 0.0", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(events(strings.Split(strings.ReplaceAll(test.verbs, "rollout undo", "rollout_undo"), " ")...))
			for i := range in.Events {
				in.Events[i].Verb = strings.ReplaceAll(in.Events[i].Verb, "_", " ")
			}
			in.Weights = &grade.Weights{Process: 100}
			g := grade.Of(in)
			p := part(t, g, grade.PartProcess)
			var got []string
			for _, l := range p.Lines[:4] {
				got = append(got, fmt.Sprintf("%.1f", l.Got))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			blind := len(g.Missed) > 0 && g.Missed[0].Text == "changed the system before looking at it"
			if blind != test.blind {
				t.Errorf("blind %v: %+v", blind, g.Missed[0])
			}
		})
	}
	in := input(events("scale!", "get"))
	in.Events[0].Code = 403
	if l := part(t, grade.Of(in), grade.PartProcess).Lines[0]; l.Got != l.Max {
		t.Errorf("a change that was refused counts as one: %+v", l)
	}
}

// The log of a container that never was tells nothing.
func TestAPreviousLogThatWasNotThere(t *testing.T) {
	t.Parallel()
	match := []scenario.Match{{Verbs: []string{"logs"}, Previous: true}}
	for code, want := range map[int]bool{200: true, 400: false} {
		e := timeline.Event{Verb: "logs", Resource: "pods", Name: "shop-1", Detail: "previous", Code: code}
		if got := grade.Matches(run, match, e); got != want {
			t.Errorf("answered with %d it is read: %v, want %v", code, got, want)
		}
	}
}

// TestReadsThatFailed: what failed was not read. An object that is not there is an answer, when
// it is the one that the signal is about.
func TestReadsThatFailed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		match scenario.Match
		event timeline.Event
		want  bool
	}{
		"read":                       {scenario.Match{Verbs: []string{"get"}, Name: "shop"}, timeline.Event{Verb: "get", Resource: "secrets", Name: "shop", Code: 200}, true},
		"a Secret that is missing":   {scenario.Match{Verbs: []string{"get"}, Name: "shop"}, timeline.Event{Verb: "get", Resource: "secrets", Name: "shop", Code: 404}, true},
		"any one that is missing":    {scenario.Match{Verbs: []string{"get"}}, timeline.Event{Verb: "get", Resource: "secrets", Name: "shop", Code: 404}, true},
		"one that never was":         {scenario.Match{Verbs: []string{"get"}, Name: "shop"}, timeline.Event{Verb: "get", Resource: "secrets", Name: "shop-nosuch", Code: 404}, false},
		"a pod that never was":       {scenario.Match{Verbs: []string{"describe"}, Name: "shop"}, timeline.Event{Verb: "describe", Resource: "pods", Name: "shop-nosuch", Code: 404}, false},
		"whatever pod":               {scenario.Match{Verbs: []string{"get"}}, timeline.Event{Verb: "get", Resource: "pods", Name: "nosuch", Code: 404}, false},
		"a log that is not there":    {scenario.Match{Verbs: []string{"logs"}}, timeline.Event{Verb: "logs", Resource: "pods", Name: "shop-1", Code: 400}, false},
		"a kubelet that was away":    {scenario.Match{Verbs: []string{"logs"}}, timeline.Event{Verb: "logs", Resource: "pods", Name: "shop-1", Code: 500}, false},
		"refused":                    {scenario.Match{Verbs: []string{"get"}}, timeline.Event{Verb: "get", Resource: "secrets", Code: 403}, false},
		"a change of what is not":    {scenario.Match{Verbs: []string{"patch"}}, timeline.Event{Verb: "patch", Resource: "secrets", Name: "shop", Code: 404, Writes: true}, false},
		"several kinds, one missing": {scenario.Match{Verbs: []string{"get"}}, timeline.Event{Verb: "get", Resource: "secrets,pods", Name: "x", Code: 404}, false},
	} {
		if got := grade.Matches(run, []scenario.Match{test.match}, test.event); got != test.want {
			t.Errorf("%s: it counts: %v, want %v", name, got, test.want)
		}
	}
}

// TestResolve: a resolution earns next to a recovery, once something was done.
func TestResolve(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		at       time.Duration
		followUp string
		lost     bool // the run was not recovered
		verbs    string
		want     float64
		text     string
	}{
		"after the repair":         {30 * time.Second, "y", false, "get undo!", 10, "resolved as fix, with a follow-up"},
		"without a follow-up":      {30 * time.Second, "", false, "get undo!", 5, "resolved as fix, without a follow-up"},
		"after the verdict":        {11 * time.Minute, "y", false, "get undo!", 10, "resolved as fix, with a follow-up"},
		"in the first second":      {time.Second, "y", false, "get undo!", 0, "resolved as fix before anything was done"},
		"after a look":             {15 * time.Second, "y", false, "get undo!", 0, "resolved as fix before anything was done"},
		"by a session, for all":    {15 * time.Second, "y", false, "exec", 10, "resolved as fix, with a follow-up"},
		"once it had recovered":    {9 * time.Minute, "y", false, "get", 10, "resolved as fix, with a follow-up"},
		"of what was not repaired": {30 * time.Second, "y", true, "get undo!", 0, "resolved as fix, and the system was not recovered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(events(strings.Fields(test.verbs)...))
			in.Weights, in.Recovered = &grade.Weights{Process: 100}, !test.lost
			in.Entries = []grade.Entry{{ID: "#9", Verb: grade.VerbResolve, Kind: "fix", Text: "x", FollowUp: test.followUp, At: at(test.at)}}
			lines := part(t, grade.Of(in), grade.PartProcess).Lines
			if l := lines[len(lines)-1]; l.Got != test.want || l.Text != test.text {
				t.Errorf("got %g: %s", l.Got, l.Text)
			}
		})
	}
}

// TestTheOrdersEvidence names the events that read the signals.
func TestTheOrdersEvidence(t *testing.T) {
	t.Parallel()
	l := part(t, grade.Of(input(events("top", "get", "logs"))), grade.PartProcess).Lines[3]
	if want := "timeline: first by audit e1, third by audit e2"; l.Evidence != want || l.At == nil || !l.At.Equal(at(30*time.Second)) {
		t.Errorf("evidence %q at %v, want %q", l.Evidence, l.At, want)
	}
}

// TestDecision: a change of the rubric's kind earns next to a recovery, and only when it
// was one; a precaution however the run ended.
func TestDecision(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		verbs     string // an exclamation mark writes
		lost      bool   // the run was not recovered
		want      float64
		text, why string // the beginning of the sentence, and the event's ID
	}{
		"right":                      {"get undo!", false, 10, "the decision: Roll back.", "audit e1"},
		"wrong":                      {"get scale!", false, 0, "another decision would have been right: Roll back.", "audit e1"},
		"right, and no recovery":     {"undo! scale!", true, 0, "a change of the right kind led to no recovery: Roll back.", "audit e0"},
		"nothing":                    {"get", true, 0, "no decision is seen", "timeline"},
		"a dry run":                  {"undo", false, 0, "no decision is seen", "timeline"},
		"a wrong one first":          {"undo! get undo!", false, 10, "the decision", "audit e2"},
		"another after the recovery": {"undo! scale! get get get get undo!", false, 10, "the decision", "audit e0"},
		"after the recovery alone":   {"get get get get get get undo!", false, 10, "the decision", "audit e6"},
		"a precaution":               {"cordon! undo!", true, 10, "the decision", "audit e0"},
		"a precaution, dry":          {"cordon", true, 0, "no decision is seen", "timeline"},
	} {
		in := input(events(strings.Split(test.verbs, " ")...))
		in.Rubric.Decision.Match = []scenario.Match{{Verbs: []string{"undo", "cordon"}}}
		in.Recovered, in.RecoveredAt = !test.lost, at(time.Minute)
		in.Weights = &grade.Weights{Process: 100}
		l := part(t, grade.Of(in), grade.PartProcess).Lines[7]
		if l.Got != test.want || !strings.HasPrefix(l.Text, test.text) || !strings.HasPrefix(l.Evidence, test.why) {
			t.Errorf("%s: %+v", name, l)
		}
	}
	in := input(events("get", "scale!"))
	in.Rubric, in.Recovered = nil, false
	if l := part(t, grade.Of(in), grade.PartProcess).Lines[3]; l.Got != 0 || l.Text != "the changes led to no recovery" {
		t.Errorf("without a rubric: %+v", l)
	}
}

// TestUnsafe: what was only tried dry did no harm; what a session did nobody can say.
func TestUnsafe(t *testing.T) {
	t.Parallel()
	for verb, want := range map[string]int{"delete!": 2, "delete": 1, "exec": 2} {
		in := input(events("get", verb))
		in.Rubric.Unsafe = []scenario.Unsafe{{Sentence: "It costs.", Match: []scenario.Match{{Verbs: []string{"delete", "exec"}}}}}
		if lines := part(t, grade.Of(in), grade.PartSafeguards).Lines; len(lines) != want {
			t.Errorf("%s: %+v", verb, lines)
		}
	}
}

// TestNamespaces: a match is of the run's namespace, or of the one that it names.
func TestNamespaces(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		match scenario.Match
		event timeline.Event
		want  bool
	}{
		"the run's":               {scenario.Match{}, timeline.Event{Resource: "pods", Namespace: run}, true},
		"all":                     {scenario.Match{}, timeline.Event{Resource: "pods"}, true},
		"another":                 {scenario.Match{}, timeline.Event{Resource: "pods", Namespace: "kube-system"}, false},
		"the one that is named":   {scenario.Match{Namespace: "kube-system"}, timeline.Event{Resource: "pods", Namespace: "kube-system"}, true},
		"the run's, not that one": {scenario.Match{Namespace: "kube-system"}, timeline.Event{Resource: "pods", Namespace: run}, false},
		"a namespace":             {scenario.Match{}, timeline.Event{Resource: "namespaces", Namespace: "other", Name: "other"}, true},
	} {
		test.match.Verbs, test.event.Verb = []string{"get"}, "get"
		if got := grade.Matches(run, []scenario.Match{test.match}, test.event); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCaps(t *testing.T) {
	t.Parallel()
	write := func(change func(*timeline.Event)) func(*grade.Input) {
		return func(in *grade.Input) {
			e := timeline.Event{Time: at(time.Minute), ID: "bad", Source: timeline.SourceAudit, Actor: "trainee", Verb: "delete", Resource: "pods", Namespace: run, Writes: true, Code: 200, Text: "did it"}
			change(&e)
			in.Events = append(in.Events, e)
		}
	}
	tests := map[string]struct {
		change   func(*grade.Input)
		at       float64 // -1: no cap
		evidence string
	}{
		"none":                    {func(*grade.Input) {}, -1, ""},
		"not recovered":           {func(in *grade.Input) { in.Recovered, in.Verdict = false, "not recovered: x" }, 40, "verdict: not recovered: x"},
		"the drill's namespace":   {write(func(e *timeline.Event) { e.Resource, e.Name = "namespaces", run }), 20, "audit bad: did it"},
		"the prober":              {write(func(e *timeline.Event) { e.Namespace = "firedrill-system" }), 20, "audit bad: did it"},
		"the referee's namespace": {write(func(e *timeline.Event) { e.Resource, e.Name, e.Namespace = "namespaces", "firedrill-system", "" }), 20, "audit bad: did it"},
		"bypass":                  {write(func(e *timeline.Event) { e.Actor = "admin" }), 50, "audit bad: did it"},
		"bypass that only looks":  {write(func(e *timeline.Event) { e.Actor, e.Writes = "admin", false }), -1, ""},
		"the control plane's node": {write(func(e *timeline.Event) {
			e.Source, e.Verb, e.Resource, e.Name, e.Namespace = timeline.SourceNode, "ssh", "nodes", "firedrill-control-plane", ""
		}), 20, "node bad: did it"},
		"a look from the control plane's node": {write(func(e *timeline.Event) {
			e.Source, e.Verb, e.Resource, e.Name, e.Writes = timeline.SourceNode, "ssh", "nodes", "firedrill-control-plane", false
		}), -1, ""},
		"a worker from inside": {write(func(e *timeline.Event) {
			e.Source, e.Verb, e.Resource, e.Name = timeline.SourceNode, "ssh", "nodes", "firedrill-worker"
		}), -1, ""},
		"refused":           {write(func(e *timeline.Event) { e.Namespace, e.Code = "firedrill-system", 403 }), -1, ""},
		"another namespace": {write(func(e *timeline.Event) { e.Resource, e.Name = "namespaces", "other" }), -1, ""},
		"before the page":   {write(func(e *timeline.Event) { e.Actor, e.Time = "admin", at(-time.Minute) }), -1, ""},
		"with the verdict":  {write(func(e *timeline.Event) { e.Actor, e.Time = "admin", at(10*time.Minute) }), 50, "audit bad: did it"},
		"after the verdict": {write(func(e *timeline.Event) { e.Actor, e.Time = "admin", at(10*time.Minute+1) }), -1, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(events("get", "describe", "logs"))
			test.change(&in)
			g := grade.Of(in)
			if (g.Capped == nil) != (test.at < 0) {
				t.Fatalf("cap %+v, want at %v", g.Capped, test.at)
			}
			if g.Capped != nil && (g.Capped.At != test.at || g.Capped.Evidence != test.evidence || g.Total > test.at) {
				t.Errorf("total %.1f, cap %+v, want %v with %q", g.Total, g.Capped, test.at, test.evidence)
			}
		})
	}
}

// What is forbidden is told once, however often it was done, and every kind of it.
func TestForbiddenIsToldOnce(t *testing.T) {
	t.Parallel()
	in := input(events("get", "describe", "logs"))
	for i := range 12 {
		in.Events = append(in.Events, timeline.Event{
			Time: at(time.Minute + time.Duration(i)*time.Second), ID: fmt.Sprintf("b%d", i), Source: timeline.SourceAudit, Actor: "admin", Verb: "delete", Resource: "pods",
			Namespace: run, Writes: true, Code: 200, Text: "did it",
		})
	}
	in.Events = append(in.Events, timeline.Event{
		Time: at(2 * time.Minute), ID: "ns", Source: timeline.SourceAudit, Actor: "trainee", Verb: "delete", Resource: "namespaces", Name: run, Writes: true, Code: 200, Text: "did it",
	})
	var told []string
	for _, l := range grade.Of(in).Missed {
		if l.Max == 0 && l.Got == 0 && strings.Contains(l.Evidence, "did it") {
			told = append(told, l.Text+": "+l.Evidence)
		}
	}
	want := []string{
		"the administrator's kubeconfig, or the referee's, was used: a change that nobody's rights allow (12 times; the first is told): audit b0: did it",
		"the drill's namespace was deleted: audit ns: did it",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestTimes: a time off the clock does not count, and the table's thresholds do.
func TestTimes(t *testing.T) {
	t.Parallel()
	ack := func(after time.Duration, gaps ...grade.Span) float64 {
		in := input(events("get"))
		in.Entries = []grade.Entry{{ID: "#1", Verb: grade.VerbAck, At: at(after)}}
		in.Gaps = gaps
		in.Weights = &grade.Weights{Time: 100}
		return part(t, grade.Of(in), grade.PartTime).Lines[0].Got
	}
	// 15 minutes: all points up to 90 s, none from 6 minutes on.
	for after, want := range map[time.Duration]float64{
		0: 30, 90 * time.Second: 30, 225 * time.Second: 15, 6 * time.Minute: 0, 9 * time.Minute: 0, 11 * time.Minute: 0,
	} {
		if got := ack(after); got != want {
			t.Errorf("acknowledged after %s: %.2f points, want %.2f", after, got, want)
		}
	}
	if got := ack(6*time.Minute, grade.Span{From: at(-time.Hour), To: at(4*time.Minute + 30*time.Second)}); got != 30 {
		t.Errorf("with a gap: %.2f points", got)
	}
}

// TestLastDiagnosisCounts: each guess is kept, and only the last one before the verdict is judged.
func TestLastDiagnosisCounts(t *testing.T) {
	t.Parallel()
	right := grade.Entry{Verb: grade.VerbDiagnose, Class: "network", Object: "o", Mechanism: "m"}
	wrong := grade.Entry{Verb: grade.VerbDiagnose, Class: "capacity", Object: "p", Mechanism: "m"}
	for name, test := range map[string]struct {
		entries []grade.Entry
		times   []time.Duration
		want    float64
	}{
		"right":                   {[]grade.Entry{right}, []time.Duration{1}, 100},
		"wrong, then right":       {[]grade.Entry{wrong, right}, []time.Duration{1, 2}, 100},
		"right, then wrong":       {[]grade.Entry{right, wrong}, []time.Duration{1, 2}, 35},
		"right after the verdict": {[]grade.Entry{wrong, right}, []time.Duration{1, 11}, 35},
		"before the page":         {[]grade.Entry{right}, []time.Duration{-1}, 0},
	} {
		in := input(events("get"))
		in.Diagnosis = &scenario.Diagnosis{Class: "configuration", AlsoClass: []string{"network"}, Object: "o", Mechanism: "m"}
		in.Weights = &grade.Weights{RootCause: 100}
		for i, e := range test.entries {
			e.ID, e.At = fmt.Sprint("#", i), at(test.times[i]*time.Minute)
			in.Entries = append(in.Entries, e)
		}
		if got := part(t, grade.Of(in), grade.PartRootCause).Got; got != test.want {
			t.Errorf("%s: %.1f points, want %.1f", name, got, test.want)
		}
	}
}

// TestARepeatedDiagnosis: to say the same once more costs no time; to have said something
// else in between does.
func TestARepeatedDiagnosis(t *testing.T) {
	t.Parallel()
	right := grade.Entry{Verb: grade.VerbDiagnose, Class: "network", Object: "o", Mechanism: "m"}
	wrong := grade.Entry{Verb: grade.VerbDiagnose, Class: "capacity", Object: "o", Mechanism: "m"}
	for name, test := range map[string]struct {
		entries []grade.Entry
		want    time.Duration
	}{
		"once":             {[]grade.Entry{right}, time.Minute},
		"twice":            {[]grade.Entry{right, right}, time.Minute},
		"wrong in between": {[]grade.Entry{right, wrong, right}, 3 * time.Minute},
		"wrong before":     {[]grade.Entry{wrong, right, right}, 2 * time.Minute},
	} {
		in := input(events("get"))
		in.Diagnosis = &scenario.Diagnosis{Class: "network", Object: "o", Mechanism: "m"}
		for i, e := range test.entries {
			e.ID, e.At = fmt.Sprint("#", i), at(time.Duration(i+1)*time.Minute)
			in.Entries = append(in.Entries, e)
		}
		if l := part(t, grade.Of(in), grade.PartTime).Lines[1]; l.At == nil || !l.At.Equal(at(test.want)) {
			t.Errorf("%s: diagnosed at %v, want %s", name, l.At, test.want)
		}
	}
}

func TestMayBreak(t *testing.T) {
	t.Parallel()
	in := input(events("get"))
	in.Broken = []grade.Broken{{ID: "left-cordoned", Entry: "#5", At: at(time.Minute)}, {ID: "budget-removed", Entry: "#6", At: at(time.Minute), Sentence: "It guards."}}
	in.Rubric.MayBreak = []string{"left-cordoned"}
	in.Weights = &grade.Weights{Safeguards: 90, Recovery: 10}
	p := part(t, grade.Of(in), grade.PartSafeguards)
	if p.Got != 60 || len(p.Lines) != 2 || !strings.HasPrefix(p.Lines[1].Evidence, "journal #6: state: budget-removed") {
		t.Errorf("%+v", p)
	}
}

// TestASafeguardThatCouldNotBeObserved is evidence of nothing, and changes no points.
func TestASafeguardThatCouldNotBeObserved(t *testing.T) {
	t.Parallel()
	in := input(events("get"))
	in.Recovered, in.RecoveredAt, in.Verdict = false, time.Time{}, "not recovered: scaled-down: It serves."
	in.Safeguards = []verifier.SafeguardState{{ID: "scaled-down", Reason: "1 replica, 2 before"}}
	before := grade.Of(in)
	in.Safeguards = append(in.Safeguards, verifier.SafeguardState{ID: "limit-removed", Unknown: true, Reason: "128Mi", Error: "exec: timeout"})
	if diff := cmp.Diff(before, grade.Of(in)); diff != "" {
		t.Errorf("(-without +with)\n%s", diff)
	}
	want := "verdict: not recovered: scaled-down: It serves.; safeguard scaled-down: 1 replica, 2 before"
	if got := part(t, before, grade.PartSafeguards).Lines[0].Evidence; got != want {
		t.Errorf("evidence %q, want %q", got, want)
	}
}

func TestReadWeights(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "weights.yaml")
	good := "root-cause: 20\nrecovery: 30\nsafeguards: 10\nusers: 10\ntime: 10\nprocess: 20\n"
	for text, want := range map[string]string{
		good: "",
		strings.Replace(good, "recovery: 30", "recovery: 31", 1):                    "weights.yaml: the weights sum to 101: they must sum to 100",
		strings.Replace(good, "recovery: 30", "recovery: 130", 1):                   "weights.yaml:2:11: recovery must be 0 to 100, not 130",
		strings.Replace(good, "time: 10\n", "", 1):                                  `weights.yaml:1:1: missing required field "time"`,
		strings.Replace(good, "time: 10", "time: much", 1):                          `weights.yaml:5:7: time: expected a number, got the text "much"`,
		strings.Replace(good, "time: 10", "time: 10\ntime: 10", 1):                  `weights.yaml:6:1: duplicate field "time", first at line 5`,
		strings.Replace(good, "process: 20", "process: 20\nstyle: 3", 1):            `weights.yaml:7:1: unknown field "style"`,
		strings.Replace(good, "root-cause: 20\nrecovery: 30", "- root-cause: 2", 1): "weights.yaml:",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := grade.ReadWeights(file)
		switch {
		case want == "" && (err != nil || w.Recovery != 30):
			t.Errorf("%v", err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if err := grade.DefaultWeights().Validate(); err != nil {
		t.Error(err)
	}
}
