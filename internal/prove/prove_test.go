package prove

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// moment is what a run looks like from a time on.
type moment struct {
	after time.Duration // since the script's end, or the page
	run   drill.Run
}

// fakeBench is a bench whose runs go as written.
type fakeBench struct {
	moments     []moment
	startErr    error
	startLeaves bool // a failed start leaves its run
	script      func(ctx context.Context) (string, error)
	left        []string
	endErr      error

	mu            sync.Mutex
	ended         int
	open, mostRun int
	limits        []time.Duration
	hold          time.Duration // how long a start takes
}

func (b *fakeBench) Start(_ context.Context, _ Case, limit time.Duration) (Run, error) {
	b.mu.Lock()
	b.open++
	b.mostRun = max(b.mostRun, b.open)
	b.limits = append(b.limits, limit)
	b.mu.Unlock()
	time.Sleep(b.hold)
	if b.startErr != nil && !b.startLeaves {
		return nil, b.startErr
	}
	return &fakeRun{bench: b, since: time.Now()}, b.startErr
}

// over is the run after its end: with the verdict that the end gave it, if it had none.
func (b *fakeBench) over() drill.Run {
	r := b.moments[len(b.moments)-1].run
	verdict := drill.Verdict{Reason: "not recovered", Cause: "ended"}
	if r.Verdict != nil {
		verdict = *r.Verdict
	}
	r.PagedAt, r.TimeLimit = paged, 15*time.Minute
	verdict.RecoveredAt, verdict.DecidedAt = paged.Add(time.Minute), paged.Add(2*time.Minute)
	r.Verdict = &verdict
	r.Events = slices.Clone(r.Events)
	for i := range r.Events {
		r.Events[i] = timeline.Event{ID: "a", Time: paged.Add(time.Second), Source: timeline.SourceAudit, Actor: "trainee", Verb: "patch", Writes: true}
	}
	for i := range r.Updates {
		r.Updates[i].At = paged.Add(time.Second)
	}
	return r
}

type fakeRun struct {
	bench *fakeBench
	ended bool
	since time.Time
}

func (r *fakeRun) Name() string { return "shop-aaaaa" }

func (r *fakeRun) Script(ctx context.Context) (string, error) {
	if r.bench.script != nil {
		return r.bench.script(ctx)
	}
	return "done", nil
}

func (r *fakeRun) Follow(ctx context.Context, each func(*drill.Run) (bool, error)) error {
	if r.ended {
		over := r.bench.over()
		_, err := each(&over)
		return err
	}
	for i, m := range r.bench.moments {
		later := i+1 < len(r.bench.moments) && time.Since(r.since) >= r.bench.moments[i+1].after
		if later {
			continue // over before anybody looked
		}
		if wait := time.Until(r.since.Add(m.after)); wait > 0 {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(wait):
			}
		}
		now := m.run
		if stop, err := each(&now); stop || err != nil {
			return err
		}
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

func (r *fakeRun) Changes(context.Context) []string {
	return []string{"deployment/app: replicas: 2 -> 0"}
}

func (r *fakeRun) End(context.Context) ([]string, error) {
	r.bench.mu.Lock()
	defer r.bench.mu.Unlock()
	r.bench.ended++
	r.ended = true
	r.bench.open--
	return r.bench.left, r.bench.endErr
}

const hold = 20 * time.Second

var paged = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func testCase(kind Kind, refused string) Case {
	c := Case{Scenario: "oomkilled", Kind: kind, Spec: scenario.Spec{Recovery: scenario.Recovery{Hold: scenario.Duration(hold)}}}
	if kind != Untouched {
		c.Script = scenario.Script{Name: "a", Path: "x/a.sh", Refused: refused}
	}
	return c
}

// refusing is a run that is refused for a cause while some safeguards are broken.
func refusing(cause string, broken ...string) drill.Run {
	state := &verifier.State{Verdict: verifier.Verdict{Reason: "not recovered: " + cause + ": because", Cause: cause}}
	for _, id := range []string{"scaled-down", "limit-removed"} {
		held := true
		for _, b := range broken {
			held = held && b != id
		}
		state.Safeguards = append(state.Safeguards, verifier.SafeguardState{ID: id, Held: held})
	}
	return drill.Run{Phase: drill.PhaseActive, State: state, Events: []timeline.Event{{Actor: "trainee", Verb: "patch", Writes: true, Code: 200}}}
}

// failing is a run in which recovery checks fail.
func failing(checks ...string) drill.Run {
	r := refusing(checks[0])
	for _, id := range checks {
		r.State.Checks = append(r.State.Checks, verifier.CheckState{ID: id, At: time.Unix(1, 0)})
	}
	return r
}

func decided(v drill.Verdict) drill.Run {
	return drill.Run{Phase: drill.PhaseDecided, Verdict: &v, State: &verifier.State{}, Events: make([]timeline.Event, 1), Proofs: provenProofs()}
}

func provenProofs() []drill.Proof {
	var proofs []drill.Proof
	for _, what := range strings.Split(drill.ProofsOfAProvenRun, ", ") {
		proofs = append(proofs, drill.Proof{What: what, Passed: true, State: verifier.State{Checks: []verifier.CheckState{{ID: "a", Passed: true, Reason: "it does"}}}})
	}
	return proofs
}

// untouched is a run at its time limit in which nobody did anything.
func untouched() drill.Run {
	r := decided(drill.Verdict{Reason: "not recovered: x", Cause: "time limit"})
	r.Events = nil
	r.State.Checks = []verifier.CheckState{{ID: "rolled-out", At: time.Unix(1, 0)}}
	return r
}

// unseen is the same, and nothing could be observed.
func unseen() drill.Run {
	r := untouched()
	r.State.Checks = []verifier.CheckState{{ID: "rolled-out", At: time.Unix(1, 0), Error: "connection refused"}, {ID: "served"}}
	r.State.Safeguards = []verifier.SafeguardState{{ID: "limit-removed", Unknown: true}}
	return r
}

func recoveredAfter(held time.Duration) drill.Verdict {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return drill.Verdict{Recovered: true, Reason: "recovered", RecoveredAt: at, DecidedAt: at.Add(held)}
}

func without(r drill.Run, change func(*drill.Run)) drill.Run {
	change(&r)
	return r
}

// TestProve: what a case proves, and for each thing the run that must fail it.
func TestProve(t *testing.T) {
	t.Parallel()
	away := refusing("limit-removed", "limit-removed")
	away.State.Checks = []verifier.CheckState{{ID: "rolled-out", Error: "connection refused"}}
	away.State.Verdict.Cause = ""
	for name, test := range map[string]struct {
		c    Case
		b    *fakeBench
		want string // in the failure; "" when it is proven
	}{
		"a recovered solution": {testCase(Solution, ""), &fakeBench{moments: []moment{{0, refusing("rolled-out")}, {time.Minute, decided(recoveredAfter(hold))}}}, ""},
		"a refused solution": {
			testCase(Solution, ""), &fakeBench{moments: []moment{{0, refusing("rolled-out")}}},
			"refused a solution: not within 2m30s; last seen: not recovered: rolled-out: because",
		},
		"a solution that the time limit ended": {
			testCase(Solution, ""), &fakeBench{moments: []moment{{0, decided(drill.Verdict{Reason: "not recovered: x", Cause: "time limit"})}}},
			"refused a solution: not recovered: x",
		},
		"a hold cut short": {testCase(Solution, ""), &fakeBench{moments: []moment{{0, decided(recoveredAfter(hold - time.Second))}}}, "before the hold of 20s was over"},
		"nobody watched": {
			testCase(Solution, ""), &fakeBench{moments: []moment{{0, without(decided(recoveredAfter(hold)), func(r *drill.Run) { r.Events = nil })}}},
			"the timeline holds no action",
		},
		"a solution that hangs": {
			testCase(Solution, ""), &fakeBench{script: func(ctx context.Context) (string, error) {
				<-ctx.Done()
				return "waiting for the moon\n", ctx.Err()
			}},
			"x/a.sh: it hangs: it was ended after 2m30s; its last line: waiting for the moon",
		},
		"a solution that fails": {
			testCase(Solution, ""), &fakeBench{script: func(context.Context) (string, error) { return "no such pod\n", errors.New("exit status 1") }},
			"x/a.sh: exit status 1; its last line: no such pod",
		},
		"a start that fails": {testCase(Solution, ""), &fakeBench{startErr: errors.New("the symptom never showed")}, "the symptom never showed"},
		"something left": {
			testCase(Solution, ""), &fakeBench{moments: []moment{{0, decided(recoveredAfter(hold))}}, left: []string{"pods/firedrill-system/prober-shop-aaaaa"}},
			"left behind after the end:\n  pods/firedrill-system/prober-shop-aaaaa",
		},
		"a wrong fix refused by its name": {
			testCase(WrongFix, "limit-removed"), &fakeBench{moments: []moment{{0, refusing("rolled-out")}, {5 * time.Second, refusing("limit-removed", "limit-removed")}}}, "",
		},
		"a wrong fix refused by a check": {testCase(WrongFix, "recovery:rolled-out"), &fakeBench{moments: []moment{{0, failing("rolled-out")}}}, ""},
		"a wrong fix that does nothing": {
			testCase(WrongFix, "recovery:rolled-out"), &fakeBench{moments: []moment{{0, without(failing("rolled-out"), func(r *drill.Run) { r.Events = nil })}}},
			"which is no proof: the timeline holds no change by the trainee",
		},
		"a wrong fix that only looks": {
			testCase(WrongFix, "limit-removed"), &fakeBench{moments: []moment{{0, without(refusing("limit-removed", "limit-removed"), func(r *drill.Run) {
				r.Events = []timeline.Event{
					{Actor: "trainee", Verb: "get", Code: 200}, {Actor: "trainee", Verb: "patch", Writes: true, Code: 403}, {Actor: "admin", Verb: "patch", Writes: true, Code: 200},
				}
			})}}},
			"the timeline holds no change by the trainee",
		},
		"a wrong fix in a container": {
			testCase(WrongFix, "limit-removed"), &fakeBench{moments: []moment{{0, without(refusing("limit-removed", "limit-removed"), func(r *drill.Run) {
				r.Events = []timeline.Event{{Actor: "trainee", Verb: "exec", Code: 101}}
			})}}}, "",
		},
		"a check that passes for a moment": {
			testCase(WrongFix, "recovery:rolled-out"),
			&fakeBench{moments: []moment{{0, failing("rolled-out")}, {5 * time.Second, failing("served")}, {7 * time.Second, failing("rolled-out", "served")}}}, "",
		},
		"a check that passes in the end": {
			testCase(WrongFix, "recovery:rolled-out"), &fakeBench{moments: []moment{{0, failing("rolled-out")}, {15 * time.Second, failing("served")}}},
			"it was refused for recovery:rolled-out, and then: not recovered: served: because",
		},
		"a safeguard broken beside the check": {
			testCase(WrongFix, "recovery:rolled-out"), &fakeBench{moments: []moment{{0, failing("rolled-out")}, {5 * time.Second, refusing("scaled-down", "scaled-down")}}},
			"safeguard scaled-down: held false",
		},
		"a wrong fix that passes": {
			testCase(WrongFix, "limit-removed"), &fakeBench{moments: []moment{{0, refusing("limit-removed", "limit-removed")}, {15 * time.Second, decided(recoveredAfter(hold))}}},
			"passed a wrong fix: recovered",
		},
		"a wrong fix that passes at once": {testCase(WrongFix, "limit-removed"), &fakeBench{moments: []moment{{0, decided(recoveredAfter(hold))}}}, "passed a wrong fix"},
		"a wrong fix refused by another name": {
			testCase(WrongFix, "limit-removed"), &fakeBench{moments: []moment{{0, refusing("scaled-down", "scaled-down")}}},
			"to be refused for limit-removed: not within 1m30s; last seen: not recovered: scaled-down: because",
		},
		"a wrong fix refused by two names": {
			testCase(WrongFix, "limit-removed"), &fakeBench{moments: []moment{{0, refusing("limit-removed", "limit-removed", "scaled-down")}}},
			"safeguard scaled-down: held false",
		},
		"a look into the middle of the script": {
			testCase(WrongFix, "limit-removed"),
			&fakeBench{moments: []moment{
				{0, refusing("limit-removed", "limit-removed")},
				{time.Second, refusing("scaled-down", "limit-removed", "scaled-down")},
				{2 * time.Second, refusing("limit-removed", "limit-removed")},
			}}, "",
		},
		"a name that changes at once": {
			testCase(WrongFix, "limit-removed"),
			&fakeBench{moments: []moment{{0, refusing("limit-removed", "limit-removed")}, {time.Second, refusing("scaled-down", "limit-removed", "scaled-down")}}},
			"it was refused for limit-removed, and then: not recovered: scaled-down: because",
		},
		"another name beside it from the beginning": {
			testCase(WrongFix, "recovery:rolled-out"),
			&fakeBench{moments: []moment{{0, failing("rolled-out")}, {time.Second, without(failing("rolled-out"), func(r *drill.Run) { r.State.Safeguards[0].Held = false })}}},
			"safeguard scaled-down: held false",
		},
		"a name that changes": {
			testCase(WrongFix, "limit-removed"),
			&fakeBench{moments: []moment{{0, refusing("limit-removed", "limit-removed")}, {25 * time.Second, refusing("rolled-out")}}},
			"it was refused for limit-removed, and then: not recovered: rolled-out: because",
		},
		"an API server that is away for a moment": {
			testCase(WrongFix, "limit-removed"),
			&fakeBench{moments: []moment{{0, refusing("limit-removed", "limit-removed")}, {5 * time.Second, away}, {8 * time.Second, refusing("limit-removed", "limit-removed")}}}, "",
		},
		"untouched to the time limit": {
			testCase(Untouched, ""), &fakeBench{moments: []moment{{0, refusing("rolled-out")}, {35 * time.Second, untouched()}}}, "",
		},
		"untouched and on its way to pass": {
			testCase(Untouched, ""),
			&fakeBench{moments: []moment{{0, without(untouched(), func(r *drill.Run) { r.State.Phase = verifier.PhaseHolding })}}},
			"passed an untouched system: at its time limit it was holding",
		},
		"untouched and settling": {
			testCase(Untouched, ""), &fakeBench{moments: []moment{{0, without(untouched(), func(r *drill.Run) { r.State.Phase = verifier.PhaseSettling })}}}, "",
		},
		"untouched and never seen to fail": {
			testCase(Untouched, ""), &fakeBench{moments: []moment{{0, unseen()}}}, "until its time limit nobody saw a recovery check fail, nor a safeguard broken",
		},
		"untouched and seen to fail for a moment": {
			testCase(Untouched, ""), &fakeBench{moments: []moment{{0, failing("rolled-out")}, {35 * time.Second, unseen()}}}, "",
		},
		"an end that fails": {
			testCase(Solution, ""), &fakeBench{moments: []moment{{0, decided(recoveredAfter(hold))}}, endErr: errors.New("the namespace is still terminating")},
			"the end: the namespace is still terminating",
		},
		"refused for another reason all along": {
			testCase(WrongFix, "limit-removed"), &fakeBench{moments: []moment{{0, refusing("scaled-down", "scaled-down")}}},
			"to be refused for limit-removed: not within 1m30s; last seen: not recovered: scaled-down: because; it was refused for scaled-down",
		},
		"untouched and graded": {
			testCase(Untouched, ""), &fakeBench{moments: []moment{{0, without(untouched(), func(r *drill.Run) { r.Updates = []drill.Update{{Verb: drill.UpdateAck}} })}}},
			"untouched, and graded",
		},
		"a check that passes when a repair would have shown": {
			testCase(WrongFix, "recovery:rolled-out"), &fakeBench{moments: []moment{{0, failing("rolled-out")}, {50 * time.Second, failing("served")}}},
			"it was refused for recovery:rolled-out, and then: not recovered: served: because",
		},
		"untouched and passed": {testCase(Untouched, ""), &fakeBench{moments: []moment{{0, decided(recoveredAfter(hold))}}}, "passed an untouched system"},
		"untouched without a proof": {
			testCase(Untouched, ""),
			&fakeBench{moments: []moment{{0, without(untouched(), func(r *drill.Run) { r.Proofs = r.Proofs[:1] })}}},
			"proven before the page: healthy; wanted: healthy, recovery checks, broken",
		},
		"untouched with a proof that failed": {
			testCase(Untouched, ""),
			&fakeBench{moments: []moment{{0, without(untouched(), func(r *drill.Run) { r.Proofs[1].Passed = false })}}},
			`the proof "recovery checks" did not pass`,
		},
		"a run that ended by itself": {
			testCase(Untouched, ""), &fakeBench{moments: []moment{{0, drill.Run{Phase: drill.PhaseFinished, Failures: []string{"the disk is full"}}}}},
			"the run ended by itself: the disk is full",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := test.b
				got := Prove(t.Context(), b, test.c, Options{})
				if (test.want == "") != (got.Failure == "") || !strings.Contains(got.Failure, test.want) {
					t.Errorf("failure %q, want %q", got.Failure, test.want)
				}
				if want := 1; b.startErr == nil && b.ended != want {
					t.Errorf("the run was ended %d times", b.ended)
				}
				if wantLimit := test.c.Kind == Untouched; (b.limits[0] > 0) != wantLimit {
					t.Errorf("time limit %s", b.limits[0])
				}
			})
		})
	}
}

// A failed case is left when it is to be kept, and says what changed.
func TestKeep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBench{moments: []moment{{0, refusing("rolled-out")}}}
		got := Prove(t.Context(), b, testCase(Solution, ""), Options{Keep: true})
		if b.ended != 0 || !got.Kept || got.Failure == "" {
			t.Errorf("ended %d times, kept %v, failure %q", b.ended, got.Kept, got.Failure)
		}
		if diff := cmp.Diff([]string{"deployment/app: replicas: 2 -> 0"}, got.Changes); diff != "" {
			t.Error(diff)
		}
	})
}

// A run that failed before its page is looked at before it is taken away, or kept.
func TestAFailedStartIsLookedAt(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := &fakeBench{startErr: errors.New("the symptom never showed"), startLeaves: true}
			got := Prove(t.Context(), b, testCase(Solution, ""), Options{Keep: keep})
			if got.Failure != "the symptom never showed" || got.Run != "shop-aaaaa" || got.Kept != keep || (b.ended == 1) == keep || len(got.Changes) != 1 {
				t.Errorf("keep %v: ended %d times: %+v", keep, b.ended, got)
			}
		})
	}
}

// TestWrong: what would be a failure on any machine, however idle, is told from what may
// be a busy one's.
func TestWrong(t *testing.T) {
	t.Parallel()
	passed := []moment{{0, decided(recoveredAfter(hold))}}
	for name, test := range map[string]struct {
		c     Case
		b     *fakeBench
		wrong bool
	}{
		"a solution that is late":              {testCase(Solution, ""), &fakeBench{moments: []moment{{0, refusing("rolled-out")}}}, false},
		"a start that fails":                   {testCase(Solution, ""), &fakeBench{startErr: errors.New("late")}, false},
		"untouched and never seen to fail":     {testCase(Untouched, ""), &fakeBench{moments: []moment{{0, unseen()}}}, false},
		"a wrong fix that nothing refuses yet": {testCase(WrongFix, "limit-removed"), &fakeBench{moments: []moment{{0, refusing("rolled-out")}}}, false},
		"refused for another reason":           {testCase(WrongFix, "limit-removed"), &fakeBench{moments: []moment{{0, refusing("scaled-down", "scaled-down")}}}, true},
		"a wrong fix that passed":              {testCase(WrongFix, "limit-removed"), &fakeBench{moments: passed}, true},
		"an untouched system that passed":      {testCase(Untouched, ""), &fakeBench{moments: passed}, true},
		"something left":                       {testCase(Solution, ""), &fakeBench{moments: passed, left: []string{"pods/a/b"}}, true},
		"an end that fails":                    {testCase(Solution, ""), &fakeBench{moments: passed, endErr: errors.New("terminating")}, true},
		"late, and an end that fails": {
			testCase(Solution, ""), &fakeBench{moments: []moment{{0, refusing("rolled-out")}}, endErr: errors.New("terminating")}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if r := Prove(t.Context(), test.b, test.c, Options{}); r.Failure == "" || r.Wrong != test.wrong {
					t.Errorf("failure %q, wrong on any machine: %v, want %v", r.Failure, r.Wrong, test.wrong)
				}
			})
		})
	}
}
