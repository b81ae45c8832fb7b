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
