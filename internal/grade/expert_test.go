package grade_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/scenarios"
)

var paged = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const run = "shop-aaaaa"

func at(d time.Duration) time.Time { return paged.Add(d) }

// drill is a scenario in one of its variants.
type drill struct {
	name string
	spec scenario.Spec
}

// drills loads every embedded scenario with every variant.
func drills(t *testing.T) []drill {
	t.Helper()
	catalogue, err := scenario.NewCatalogue(scenarios.FS())
	if err != nil {
		t.Fatal(err)
	}
	var all []drill
	for _, entry := range catalogue.List() {
		first, err := entry.Load(scenario.Vars{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range first.Scenario.Spec.Variants {
			folder, err := entry.Load(scenario.Vars{Values: map[string]string{scenario.VarVariant: v.Name, scenario.VarRun: run, scenario.VarNamespace: run}})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, drill{entry.Name + "/" + v.Name, folder.Scenario.Spec})
		}
	}
	if len(all) < 15 {
		t.Fatalf("only %d scenarios with their variants", len(all))
	}
	return all
}

// typed are texts as the audit log and a node's shell tell them.
var typed = []string{
	"systemctl status kubelet", "journalctl -u kubelet -n 30", "cat /var/lib/kubelet/config.yaml", "container=postgres, command: psql -U shop -c select",
	"image=docker.io/firedrill/shop:2.3.2", "unschedulable=true", "previous, container=app", "no metrics",
}

// eventOf makes an event that a match is about.
func eventOf(t *testing.T, m scenario.Match, id int, when time.Time) timeline.Event {
	t.Helper()
	e := timeline.Event{Time: when, ID: fmt.Sprintf("e%03d", id), Source: timeline.SourceAudit, Actor: "trainee", Code: 200, Name: m.Name, Namespace: m.Namespace}
	pattern := m.Detail
	if m.Previous {
		pattern = "previous"
	}
	if m.Shell != "" {
		e.Source, e.Verb, e.Resource, pattern = timeline.SourceNode, "ssh", "nodes", m.Shell
	} else {
		e.Verb = m.Verbs[0]
	}
	if len(m.Resources) > 0 {
		e.Resource = m.Resources[0]
	}
	if m.One && e.Name == "" {
		e.Name = "some"
	}
	for _, text := range typed {
		if pattern != "" && regexp.MustCompile(pattern).MatchString(text) {
			e.Detail = text
			break
		}
	}
	e.Text = e.Verb + " " + e.Resource + " " + e.Name + " " + e.Detail
	if !grade.Matches(run, []scenario.Match{m}, e) {
		t.Fatalf("no event can be made that matches %+v: %+v", m, e)
	}
	return e
}

// expert is what somebody does who has done it before: looks in the rubric's order,
// tells how it stands, decides, repairs.
func expert(t *testing.T, spec scenario.Spec) grade.Input {
	t.Helper()
	limit := spec.TimeLimit.Std()
	in := grade.Input{
		Mode: grade.ModeGraded, Run: run, Severity: "SEV2", Paged: paged, Limit: limit,
		Recovered: true, RecoveredAt: at(limit / 3), Decided: at(limit/3 + time.Minute), Verdict: "recovered: every check held for 30s",
		Diagnosis: spec.Diagnosis, Rubric: spec.Rubric, Traffic: len(spec.Traffic) > 0,
		Users: &grade.Users{Sent: 4000, Failed: int(10 * limit.Seconds() / 5), LongestOutage: limit / 6, Rate: 10},
	}
	step := limit / 4 / time.Duration(len(spec.Rubric.Signals)+1)
	for i, s := range spec.Rubric.Signals {
		in.Events = append(in.Events, eventOf(t, s.Match[0], i, at(step*time.Duration(i+1))))
	}
	decision := eventOf(t, spec.Rubric.Decision.Match[0], 900, at(limit/4+time.Second))
	decision.Writes = true
	in.Events = append(in.Events, decision)
	for i, e := range []grade.Entry{
		{Verb: grade.VerbAck},
		{Verb: grade.VerbSeverity, Severity: "SEV2", Text: "customers are hurt"},
		{Verb: grade.VerbNote, Text: "looking"},
		{Verb: grade.VerbDiagnose, Class: spec.Diagnosis.Class, Object: spec.Diagnosis.Object, Mechanism: spec.Diagnosis.Mechanism},
		{Verb: grade.VerbNote, Text: "repaired, watching"},
		{Verb: grade.VerbResolve, Kind: "fix", Text: "repaired", FollowUp: "an alert"},
	} {
		e.ID, e.At = fmt.Sprintf("#%d", 100+i), at(30*time.Second+time.Duration(i)*limit/30)
		if e.Text == "repaired, watching" || e.Verb == grade.VerbResolve { // once it is
			e.At = at(limit/4 + time.Duration(i)*10*time.Second)
		}
		in.Entries = append(in.Entries, e)
	}
	return in
}

// TestTheExpert: whoever reads the rubric's signals in order and repairs it in good
// time has nearly everything, in every scenario.
func TestTheExpert(t *testing.T) {
	t.Parallel()
	for _, d := range drills(t) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			g := grade.Of(expert(t, d.spec))
			if g.Total < 95 || g.Process < 9.5 || g.Technical < 9.5 || g.Capped != nil {
				t.Errorf("%.1f points, process %.1f, technical %.1f, cap %v\n%+v", g.Total, g.Process, g.Technical, g.Capped, g.Missed)
			}
			if len(g.Production) != len(d.spec.Rubric.Production) || len(g.Production) == 0 {
				t.Errorf("%d lines of production-grade", len(g.Production))
			}
		})
	}
}

// TestTheExpertWithoutTheRepair: process alone is not half of it.
func TestTheExpertWithoutTheRepair(t *testing.T) {
	t.Parallel()
	for _, d := range drills(t) {
		in := expert(t, d.spec)
		in.Recovered, in.RecoveredAt, in.Verdict = false, time.Time{}, "not recovered: limit-removed: no limit"
		if g := grade.Of(in); g.Total > 40 || g.Capped == nil || g.Capped.At != 40 || g.Capped.Evidence == "" {
			t.Errorf("%s: %.1f points, cap %+v", d.name, g.Total, g.Capped)
		}
	}
}

func TestDoingNothing(t *testing.T) {
	t.Parallel()
	for _, d := range drills(t) {
		in := expert(t, d.spec)
		in.Events, in.Entries, in.Recovered, in.RecoveredAt = nil, nil, false, time.Time{}
		in.Hints = []grade.Hint{{At: at(time.Minute), Text: "look"}}
		if g := grade.Of(in); g.Total != 0 || g.Process != 0 || g.Technical != 0 || g.Capped == nil || g.Capped.Reason != "nothing was done" {
			t.Errorf("%s: %+v", d.name, g)
		}
	}
}

func TestNoVerdictNoGrade(t *testing.T) {
	t.Parallel()
	if g := grade.Of(grade.Input{Paged: paged}); g != nil {
		t.Errorf("graded: %+v", g)
	}
}

// TestAScenarioWithoutARubric: one's own scenario of before there were rubrics is
// graded by what is known of it, out of 100 all the same.
func TestAScenarioWithoutARubric(t *testing.T) {
	t.Parallel()
	in := expert(t, drills(t)[0].spec)
	in.Rubric, in.Diagnosis, in.Traffic, in.Users = nil, nil, false, nil
	g := grade.Of(in)
	most := 0.0
	for _, p := range g.Parts {
		most += p.Max
	}
	if g.Total < 95 || most != 100 {
		t.Errorf("%.1f of %.1f points: %+v", g.Total, most, g.Missed)
	}
}
