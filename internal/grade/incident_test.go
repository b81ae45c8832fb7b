package grade_test

import (
	"strings"
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// TestMitigated: it is when the users were served again, not when the hold began; only
// where their record does not tell is it the hold.
func TestMitigated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		users     *grade.Users
		recovered bool
		want      time.Duration // -1: never
		points    float64
		why       string
	}{
		"measured":              {&grade.Users{Sent: 100, Failing: true, ServedAt: at(2 * time.Minute)}, true, 2 * time.Minute, 40, "users: the first good answer"},
		"measured late":         {&grade.Users{Sent: 100, Failing: true, ServedAt: at(12 * time.Minute)}, true, 12 * time.Minute, 20, "users: the first good answer"},
		"without users":         {nil, true, 9 * time.Minute, 40, "no record of users: the start of the hold"},
		"an empty record":       {&grade.Users{}, true, 9 * time.Minute, 40, "no record of users: the start of the hold"},
		"nothing failed":        {&grade.Users{Sent: 100, Failed: 1}, true, 9 * time.Minute, 40, "saw no failures after the page that were not isolated"},
		"still failing":         {&grade.Users{Sent: 100, Failing: true}, true, -1, 0, "still failed at the verdict"},
		"not recovered":         {nil, false, -1, 0, "verdict: not recovered"},
		"served by a wrong fix": {&grade.Users{Sent: 100, Failing: true, ServedAt: at(2 * time.Minute)}, false, 2 * time.Minute, 0, "users: the first good answer"},
	} {
		in := input(events("get"))
		in.Users, in.Decided = test.users, at(14*time.Minute)
		if in.Weights = &(grade.Weights{Time: 100}); !test.recovered {
			in.Recovered, in.RecoveredAt, in.Verdict = false, time.Time{}, "not recovered: x"
		}
		when, why := in.Mitigated()
		if when.IsZero() != (test.want < 0) || test.want >= 0 && !when.Equal(at(test.want)) || !strings.Contains(why, test.why) {
			t.Errorf("%s: at %s: %s", name, when, why)
		}
		if l := part(t, grade.Of(in), grade.PartTime).Lines[2]; l.Got != test.points || l.Evidence != why {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

// TestMissingRequestsCount: a prober that is dead does not make the users look happier.
func TestMissingRequestsCount(t *testing.T) {
	t.Parallel()
	users := func(failed, missing int) grade.Line {
		in := input(events("get"))
		in.Traffic, in.Weights = true, &grade.Weights{Users: 100}
		in.Users = &grade.Users{Sent: 9000 - missing, Failed: failed, Missing: missing, Rate: 10}
		return part(t, grade.Of(in), grade.PartUsers).Lines[0]
	}
	seen, unseen := users(4500, 0), users(0, 4500)
	if seen.Got != unseen.Got || seen.Got >= users(0, 0).Got {
		t.Errorf("4500 failed: %.1f, 4500 missing: %.1f, none: %.1f", seen.Got, unseen.Got, users(0, 0).Got)
	}
	if !strings.Contains(unseen.Evidence, "4500 are not in the record") {
		t.Errorf("evidence %q", unseen.Evidence)
	}
}

// TestDoingNothingBetweenPageAndVerdict: neither a resolution after the verdict nor a gap
// in the audit log is something that was done.
func TestDoingNothingBetweenPageAndVerdict(t *testing.T) {
	t.Parallel()
	late := grade.Entry{ID: "#9", Verb: grade.VerbResolve, Kind: "fix", Text: "x", FollowUp: "y", At: at(11 * time.Minute)}
	gap := timeline.Event{Time: at(time.Minute), ID: "gap", Source: timeline.SourceTool, Verb: "audit gap", Text: "the log was rotated"}
	for name, test := range map[string]struct {
		entries []grade.Entry
		events  []timeline.Event
		nothing bool
	}{
		"nothing":                  {nil, nil, true},
		"a late resolution":        {[]grade.Entry{late}, nil, true},
		"a gap":                    {nil, []timeline.Event{gap}, true},
		"both":                     {[]grade.Entry{late}, []timeline.Event{gap}, true},
		"a look and a late word":   {[]grade.Entry{late}, events("get"), false},
		"a word and a late word":   {[]grade.Entry{{ID: "#1", Verb: grade.VerbAck, At: at(time.Minute)}, late}, nil, false},
		"a word at the verdict":    {[]grade.Entry{{ID: "#1", Verb: grade.VerbAck, At: at(10 * time.Minute)}}, nil, false},
		"a look before the page":   {nil, []timeline.Event{{Time: at(-time.Minute), ID: "x", Actor: "trainee", Verb: "get"}}, true},
		"a look after the verdict": {nil, []timeline.Event{{Time: at(time.Hour), ID: "x", Actor: "trainee", Verb: "get"}}, true},
		"a look with the admin's":  {nil, []timeline.Event{{Time: at(time.Minute), ID: "x", Actor: "admin", Verb: "get"}}, false},
		"a word long before":       {[]grade.Entry{{ID: "#1", Verb: grade.VerbAck, At: at(-time.Minute)}}, nil, true},
	} {
		in := input(test.events)
		in.Entries = test.entries
		g := grade.Of(in)
		if nothing := g.Capped != nil && g.Capped.Reason == "nothing was done"; nothing != test.nothing || nothing && g.Total+g.Process+g.Technical != 0 {
			t.Errorf("%s: %.1f points, process %.1f, cap %+v", name, g.Total, g.Process, g.Capped)
		}
	}
}

// TestChecksAreCited: recovery and safeguards rest on the results that the verdict rests on.
func TestChecksAreCited(t *testing.T) {
	t.Parallel()
	for _, recovered := range []bool{true, false} {
		in := input(events("get"))
		in.Recovered = recovered
		in.Checks = []verifier.CheckState{{ID: "good", Passed: true, Reason: "all is well"}, {ID: "bad", Passed: recovered, Reason: "what it says"}}
		in.Safeguards = []verifier.SafeguardState{{ID: "kept", Held: true, Reason: "as before"}, {ID: "gone", Held: recovered, Reason: "128Mi"}}
		g := grade.Of(in)
		for _, want := range []struct {
			part, text string
			there      bool
		}{
			{grade.PartRecovery, "check good: all is well", recovered},
			{grade.PartRecovery, "check bad: what it says", true},
			{grade.PartSafeguards, "safeguard kept: as before", recovered},
			{grade.PartSafeguards, "safeguard gone: 128Mi", true},
		} {
			if got := part(t, g, want.part).Lines[0].Evidence; strings.Contains(got, want.text) != want.there {
				t.Errorf("recovered %v: %s: evidence %q", recovered, want.part, got)
			}
		}
	}
}

// TestRatings: a mark whose parts have no weight is none.
func TestRatings(t *testing.T) {
	t.Parallel()
	for want, weights := range map[string]grade.Weights{
		"process technical": grade.DefaultWeights(), "technical": {Recovery: 60, Safeguards: 40}, "process": {Time: 100},
	} {
		in := input(events("get"))
		in.Diagnosis, in.Traffic, in.Weights = &scenario.Diagnosis{}, true, &weights
		var got []string
		for _, r := range grade.Of(in).Ratings() {
			got = append(got, r.Key)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
}
