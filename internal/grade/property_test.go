package grade_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
)

// runs is how many runs are made up for each property and scenario.
const runs = 25

// noise are events that no rubric asks for, and some that nobody should cause.
var noise = []timeline.Event{
	{Verb: "get", Resource: "configmaps"},
	{Verb: "scale", Resource: "deployments", Name: "other", Writes: true, Detail: "replicas=0"},
	{Verb: "delete", Resource: "pods", Name: "a-b", Writes: true},
	{Verb: "delete", Resource: "pods", Name: "a-b", Writes: true, Code: 403},
	{Verb: "delete", Resource: "namespaces", Name: run, Writes: true},
	{Verb: "patch", Resource: "deployments", Namespace: "firedrill-system", Name: "prober", Writes: true},
	{Verb: "patch", Resource: "deployments", Name: "other", Writes: true, Actor: "admin"},
	{Verb: "get", Resource: "pods", Actor: "admin"},
}

// anyRun makes a run up: what was read, what was changed, what was told, how it ended.
func anyRun(t *testing.T, spec scenario.Spec, rnd *rand.Rand) grade.Input {
	t.Helper()
	in := expert(t, spec)
	in.Mode = []string{grade.ModeTraining, grade.ModeGraded, grade.ModeExam, ""}[rnd.IntN(4)]
	limit := spec.TimeLimit.Std()
	sometime := func() time.Time { return at(time.Duration(rnd.Int64N(int64(limit + limit/5)))) }
	var events []timeline.Event
	for i := range rnd.IntN(14) {
		var e timeline.Event
		if signals := spec.Rubric.Signals; rnd.IntN(3) > 0 {
			all := signals[rnd.IntN(len(signals))].Match
			e = eventOf(t, all[rnd.IntN(len(all))], i, sometime())
		} else if all := spec.Rubric.Decision.Match; rnd.IntN(3) == 0 {
			e = eventOf(t, all[rnd.IntN(len(all))], i, sometime())
			e.Writes = true
		} else {
			e = noise[rnd.IntN(len(noise))]
			e.ID, e.Source, e.Text, e.Time = fmt.Sprintf("e%03d", i), timeline.SourceAudit, e.Verb+" "+e.Resource, sometime()
			if e.Actor == "" {
				e.Actor = "trainee"
			}
		}
		events = append(events, e)
	}
	in.Events = events
	in.Entries = slices.DeleteFunc(in.Entries, func(grade.Entry) bool { return rnd.IntN(3) == 0 })
	for i := range in.Entries {
		in.Entries[i].At = sometime()
	}
	if d := spec.Diagnosis; rnd.IntN(2) == 0 {
		in.Entries = append(in.Entries, grade.Entry{
			ID: "#300", At: sometime(), Verb: grade.VerbDiagnose, Class: "network", Object: d.Distractors.Object[0], Mechanism: d.Mechanism,
		})
	}
	for i := range rnd.IntN(3) {
		in.Hints = append(in.Hints, grade.Hint{At: sometime(), Text: fmt.Sprint("hint ", i)})
	}
	for range rnd.IntN(3) {
		in.Broken = append(in.Broken, grade.Broken{ID: fmt.Sprint("guard-", rnd.IntN(3)), Entry: "#7", At: sometime(), Reason: "gone", Sentence: "It was there."})
	}
	in.Users.Failed, in.Users.LongestOutage = rnd.IntN(20000), time.Duration(rnd.Int64N(int64(limit)))
	if in.Users.Missing = rnd.IntN(200); rnd.IntN(2) == 0 {
		in.Users.Failing = true
	}
	in.Decided = sometime()
	if in.Recovered = rnd.IntN(2) == 0; in.Recovered {
		in.RecoveredAt = at(time.Duration(rnd.Int64N(int64(in.Decided.Sub(paged)) + 1)))
	} else {
		in.RecoveredAt, in.Verdict = time.Time{}, "not recovered: time limit"
	}
	if in.Users.Failing && rnd.IntN(3) > 0 {
		in.Users.ServedAt = at(time.Duration(rnd.Int64N(int64(in.Decided.Sub(paged)) + 1)))
	}
	switch rnd.IntN(6) { // what may be missing, and another instructor's weights
	case 0:
		in.Users = nil
	case 1:
		in.Rubric = nil
	case 2:
		in.Weights = anyWeights(rnd)
	}
	if rnd.IntN(4) == 0 {
		in.Gaps = []grade.Span{{From: sometime(), To: sometime()}}
	}
	return in
}

// anyWeights are weights that sum to 100.
func anyWeights(rnd *rand.Rand) *grade.Weights {
	left := 100.0
	take := func() float64 {
		n := float64(rnd.IntN(int(left) + 1))
		left -= n
		return n
	}
	w := &grade.Weights{RootCause: take(), Safeguards: take(), Users: take(), Time: take(), Process: take()}
	w.Recovery = left
	return w
}

// forAnyRun calls check with many runs of every scenario, the same ones each time.
func forAnyRun(t *testing.T, check func(t *testing.T, in grade.Input, rnd *rand.Rand)) {
	t.Helper()
	for i, d := range drills(t) {
		rnd := rand.New(rand.NewPCG(7, uint64(i)))
		for range runs {
			check(t, anyRun(t, d.spec, rnd), rnd)
			if t.Failed() {
				t.Fatalf("scenario %s", d.name)
			}
		}
	}
}

func TestBoundsSumsAndEvidence(t *testing.T) {
	t.Parallel()
	forAnyRun(t, func(t *testing.T, in grade.Input, _ *rand.Rand) {
		g := grade.Of(in)
		sum := 0.0
		for _, p := range g.Parts {
			sum += p.Got
			if p.Got > p.Max || p.Got < 0 && p.Name != grade.PartHints {
				t.Errorf("part %s: %.2f of %.2f", p.Name, p.Got, p.Max)
			}
			for _, l := range p.Lines {
				if l.Evidence == "" || l.Text == "" {
					t.Errorf("no evidence: %+v", l)
				}
			}
		}
		want := sum
		if g.Capped != nil {
			want = min(sum, g.Capped.At)
			if g.Capped.Evidence == "" {
				t.Errorf("a cap without evidence: %+v", g.Capped)
			}
		}
		if math.Abs(g.Total-want) > 1e-6 || g.Total < 0 || g.Total > 100 {
			t.Errorf("total %.2f, parts %.2f, cap %+v", g.Total, sum, g.Capped)
		}
		if g.Process < 0 || g.Process > 10 || g.Technical < 0 || g.Technical > 10 {
			t.Errorf("ratings %.1f and %.1f", g.Process, g.Technical)
		}
		if !in.Recovered && g.Total > 40 {
			t.Errorf("not recovered, and %.2f points", g.Total)
		}
		// The bound is not all that keeps it there: what a recovery earns is not earned without.
		for _, p := range g.Parts {
			if !in.Recovered && p.Got > 0 && slices.Contains([]string{grade.PartRecovery, grade.PartSafeguards, grade.PartUsers}, p.Name) {
				t.Errorf("not recovered, and %.2f points of %s", p.Got, p.Name)
			}
		}
		for _, l := range slices.Concat(g.Well, g.Missed, g.Production) {
			if l.Evidence == "" {
				t.Errorf("no evidence: %+v", l)
			}
		}
	})
}

func TestMoreHintsNeverScoreHigher(t *testing.T) {
	t.Parallel()
	forAnyRun(t, func(t *testing.T, in grade.Input, _ *rand.Rand) {
		before := grade.Of(in)
		in.Hints = append(slices.Clone(in.Hints), grade.Hint{At: at(time.Minute), Text: "one more"})
		after := grade.Of(in)
		costs := in.Mode == grade.ModeGraded || in.Mode == grade.ModeExam
		if after.Total > before.Total || !costs && after.Total != before.Total {
			t.Errorf("mode %q: %.2f with %d hints, %.2f with one more", in.Mode, before.Total, len(in.Hints)-1, after.Total)
		}
		if costs && before.Capped == nil && before.Total > 10 && after.Total >= before.Total {
			t.Errorf("mode %q: a hint cost nothing: %.2f", in.Mode, after.Total)
		}
	})
}

// TestRemovingWhatEarned: a part never gains when a look that earned points in it is
// taken away; of a change that is the decision, the decision's own line never gains
// (what was read after the change would then have been read before any).
func TestRemovingWhatEarned(t *testing.T) {
	t.Parallel()
	removed := 0
	forAnyRun(t, func(t *testing.T, in grade.Input, _ *rand.Rand) {
		before := grade.Of(in)
		for p, part := range before.Parts {
			for l, line := range part.Lines {
				for i, e := range in.Events {
					if line.Got <= 0 || line.Evidence != "audit "+e.ID+": "+e.Text && line.Evidence != "node "+e.ID+": "+e.Text {
						continue
					}
					removed++
					less := in
					less.Events = slices.Delete(slices.Clone(in.Events), i, i+1)
					after := grade.Of(less).Parts[p]
					if !e.Writes && after.Got > part.Got || after.Lines[l].Got > line.Got {
						t.Errorf("without %s the part %s has %.2f and not %.2f, its line %.2f and not %.2f", e.ID, part.Name, after.Got, part.Got, after.Lines[l].Got, line.Got)
					}
				}
			}
		}
	})
	if removed < 300 {
		t.Errorf("only %d events earned anything", removed)
	}
}

func TestOnlyTimeOrders(t *testing.T) {
	t.Parallel()
	forAnyRun(t, func(t *testing.T, in grade.Input, rnd *rand.Rand) {
		before := grade.Of(in)
		other := in
		other.Events, other.Entries = slices.Clone(in.Events), slices.Clone(in.Entries)
		rnd.Shuffle(len(other.Events), func(i, j int) { other.Events[i], other.Events[j] = other.Events[j], other.Events[i] })
		rnd.Shuffle(len(other.Entries), func(i, j int) { other.Entries[i], other.Entries[j] = other.Entries[j], other.Entries[i] })
		if diff := cmp.Diff(before, grade.Of(other)); diff != "" {
			t.Errorf("the order in which events are told matters:\n%s", diff)
		}
	})
}

// TestUnsafeActionsNeverHelp: what a rubric calls unsafe never scores higher for being
// called so, and an action more of that kind never earns in the safeguards.
func TestUnsafeActionsNeverHelp(t *testing.T) {
	t.Parallel()
	costly := 0
	forAnyRun(t, func(t *testing.T, in grade.Input, rnd *rand.Rand) {
		if in.Rubric == nil {
			return
		}
		with := *in.Rubric
		with.Unsafe = append(slices.Clone(with.Unsafe), scenario.Unsafe{
			Sentence: "Nobody does that.", Match: []scenario.Match{{Verbs: []string{"delete"}, Resources: []string{"secrets"}}},
		})
		in.Rubric = &with
		before := grade.Of(in)
		did := timeline.Event{
			ID: "e990", Source: timeline.SourceAudit, Actor: "trainee", Verb: "delete", Resource: "secrets", Name: "db", Code: 200, Writes: true,
			Text: "deleted secret db", Time: at(time.Duration(rnd.Int64N(int64(in.Decided.Sub(paged)) + 1))),
		}
		in.Events = append(slices.Clone(in.Events), did)
		called := grade.Of(in)
		with.Unsafe = with.Unsafe[:len(with.Unsafe)-1]
		if uncalled := grade.Of(in); called.Total > uncalled.Total {
			t.Errorf("%.2f called unsafe, %.2f not", called.Total, uncalled.Total)
		} else if called.Total < uncalled.Total {
			costly++
		}
		for i, p := range called.Parts {
			if p.Name == grade.PartSafeguards && p.Got > before.Parts[i].Got {
				t.Errorf("safeguards %.2f before, %.2f after", before.Parts[i].Got, p.Got)
			}
		}
		if !slices.ContainsFunc(called.Missed, func(l grade.Line) bool {
			return l.Evidence == "audit e990: deleted secret db" && l.Text == "unsafe: Nobody does that."
		}) {
			if in.Weights == nil || in.Weights.Safeguards > 0 {
				t.Errorf("it is not told: %+v", called.Missed)
			}
		}
	})
	if costly < 20 {
		t.Errorf("it cost something in %d runs only", costly)
	}
}

// TestBrokenSafeguardsNeverHelp: one more that broke on the way never scores higher.
func TestBrokenSafeguardsNeverHelp(t *testing.T) {
	t.Parallel()
	forAnyRun(t, func(t *testing.T, in grade.Input, _ *rand.Rand) {
		before := grade.Of(in)
		in.Broken = append(slices.Clone(in.Broken), grade.Broken{ID: "one-more", Entry: "#9", At: at(time.Minute), Reason: "gone", Sentence: "It was there."})
		if after := grade.Of(in); after.Total > before.Total {
			t.Errorf("%.2f before, %.2f after", before.Total, after.Total)
		}
	})
}
