package prove

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// watchedBench notes which cases are under way side by side.
type watchedBench struct {
	*fakeBench

	mu   sync.Mutex
	open []string
	met  map[[2]string]bool
}

type watchedRun struct {
	Run
	bench *watchedBench
	what  string
}

func (b *watchedBench) Start(ctx context.Context, c Case, limit time.Duration) (Run, error) {
	b.mu.Lock()
	for _, other := range b.open {
		b.met[[2]string{other, c.Variant}], b.met[[2]string{c.Variant, other}] = true, true
	}
	b.open = append(b.open, c.Variant)
	b.mu.Unlock()
	r, err := b.fakeBench.Start(ctx, c, limit)
	return &watchedRun{r, b, c.Variant}, err
}

func (r *watchedRun) End(ctx context.Context) ([]string, error) {
	left, err := r.Run.End(ctx)
	r.bench.mu.Lock()
	defer r.bench.mu.Unlock()
	i := slices.Index(r.bench.open, r.what)
	r.bench.open = slices.Delete(r.bench.open, i, i+1)
	return left, err
}

// What breaks an addon runs beside what does not use it, and beside nothing else; where
// nodes are not lent, or a failed case is kept, beside nothing at all.
func TestAnAddonIsBrokenBesideThoseThatDoNotUseIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		o     Options
		plain bool
	}{
		"beside":             {Options{Room: Room{Parallel: 3}, Workers: 2}, true},
		"with one at a time": {Options{Room: Room{Parallel: 1}, Workers: 2}, false},
		"with no node lent":  {Options{Room: Room{Parallel: 3}}, false},
		"what fails is kept": {Options{Room: Room{Parallel: 3}, Workers: 2, Keep: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &watchedBench{
					fakeBench: &fakeBench{hold: time.Second, moments: []moment{{0, decided(recoveredAfter(hold))}}},
					met:       map[[2]string]bool{},
				}
				var cases []Case
				add := func(n int, what string, needs Needs, uses bool) {
					for range n {
						c := testCase(Solution, "")
						c.Variant, c.Needs, c.UsesAddon = what, needs, uses
						cases = append(cases, c)
					}
				}
				add(2, "addon", Addon, false)
				add(9, "plain", Namespace, false)
				add(3, "user", Namespace, true)
				add(2, "node", Worker, false)
				add(1, "node and user", Worker, true)
				if got := All(t.Context(), b, cases, test.o); len(got) != len(cases) || b.ended != len(cases) {
					t.Errorf("%d results, %d ended", len(got), b.ended)
				}
				for _, with := range []string{"addon", "user", "node and user"} {
					if b.met[[2]string{"addon", with}] {
						t.Errorf("an addon was broken beside %s", with)
					}
				}
				if b.met[[2]string{"addon", "node"}] && test.o.Workers == 0 {
					t.Error("an addon was broken beside a broken node, and none is lent")
				}
				if b.met[[2]string{"addon", "plain"}] != test.plain {
					t.Errorf("an addon was broken beside what does not use it: %v, want %v", !test.plain, test.plain)
				}
			})
		})
	}
}

// Cases run side by side as far as they may, and none is lost.
func TestAll(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ parallel, workers, most int }{
		"one after the other":       {1, 0, 1},
		"workers after all others":  {3, 0, 3},
		"workers beside the others": {5, 2, 5},
		"no more than there may be": {3, 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := &fakeBench{hold: time.Second, moments: []moment{{0, decided(recoveredAfter(hold))}}}
				var cases []Case
				for i := range 12 {
					c := testCase(Solution, "")
					if i%2 == 1 {
						c.Needs = Worker
					}
					cases = append(cases, c)
				}
				done := 0
				got := All(t.Context(), b, cases, Options{Room: Room{Parallel: test.parallel}, Workers: test.workers, Done: func(Result) { done++ }})
				if len(got) != 12 || done != 12 || b.ended != 12 || b.mostRun != test.most {
					t.Errorf("%d results, %d told, %d ended, %d at once, want 12 each and %d", len(got), done, b.ended, b.mostRun, test.most)
				}
			})
		})
	}
}

// TestAgain: what a busy machine may have failed is proven once more, alone and last; what
// is wrong on any machine is not, and neither is what ran alone.
func TestAgain(t *testing.T) {
	t.Parallel()
	late := []moment{{0, refusing("rolled-out")}}
	passed := []moment{{0, decided(recoveredAfter(hold))}}
	for name, test := range map[string]struct {
		first, then []moment
		kind        Kind
		o           Options
		needs       Needs
		starts      int
		ok          bool
	}{
		"late, and alone it is proven": {late, passed, Solution, Options{Room: Room{Parallel: 2}, Again: 3}, Namespace, 4, true},
		"late, and alone as well":      {late, late, Solution, Options{Room: Room{Parallel: 2}, Again: 3}, Namespace, 4, false},
		"more of them than may be":     {late, passed, Solution, Options{Room: Room{Parallel: 2}, Again: 1}, Namespace, 3, false},
		"none may be":                  {late, passed, Solution, Options{Room: Room{Parallel: 2}}, Namespace, 2, false},
		"nothing ran beside it":        {late, passed, Solution, Options{Room: Room{Parallel: 1}, Again: 3}, Namespace, 2, false},
		"it had the cluster":           {late, passed, Solution, Options{Room: Room{Parallel: 2}, Again: 3}, Addon, 2, false},
		"an addon's beside others":     {late, passed, Solution, Options{Room: Room{Parallel: 2}, Workers: 2, Again: 3}, Addon, 4, true},
		"it is kept":                   {late, passed, Solution, Options{Room: Room{Parallel: 2}, Again: 3, Keep: true}, Namespace, 2, false},
		"a wrong fix passed":           {passed, passed, WrongFix, Options{Room: Room{Parallel: 2}, Again: 3}, Namespace, 2, false},
		"an untouched system passed":   {passed, passed, Untouched, Options{Room: Room{Parallel: 2}, Again: 3}, Namespace, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := testCase(test.kind, "limit-removed")
				c.Needs = test.needs
				b := &fakeBench{hold: time.Second, moments: test.first}
				aside, done := 0, map[bool]int{}
				o := test.o
				o.PutAside = func(Result) { aside++ }
				o.Done = func(r Result) { done[r.Beside != ""]++ }
				o.Started = func(Case) {
					if aside > 0 && aside+done[false] == 2 { // the others are over
						b.moments = test.then
						if b.ended != 2+done[true] {
							t.Errorf("%d ended before the second try", b.ended)
						}
					}
				}
				got := All(t.Context(), b, []Case{c, c}, o)
				if len(b.limits) != test.starts || aside != test.starts-2 || done[true] != aside || done[false] != 2-aside {
					t.Errorf("%d starts, %d put aside, %v done, want %d starts", len(b.limits), aside, done, test.starts)
				}
				for i, r := range got {
					if (r.Failure == "") != (test.ok || test.o.Again == 1 && test.then[0].run.Verdict != nil && r.Beside != "") {
						t.Errorf("case %d: %q, beside others %q, want proven: %v", i, r.Failure, r.Beside, test.ok)
					}
				}
			})
		})
	}
}

func TestAllStopsWhenAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b := &fakeBench{hold: time.Second, moments: []moment{{0, refusing("rolled-out")}}}
		time.AfterFunc(5*time.Second, cancel)
		got := All(ctx, b, []Case{testCase(Solution, ""), testCase(Solution, "")}, Options{Room: Room{Parallel: 1}, Keep: true})
		if len(got) != 1 || b.ended != 1 || got[0].Kept {
			t.Errorf("%d results, %d ended, want the one that was under way, ended", len(got), b.ended)
		}
	})
}
