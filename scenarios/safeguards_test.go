package scenarios_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/verifier"
)

// TestSafeguards: for every safeguard of every embedded scenario there is a change to the
// healthy system that breaks exactly that one, here or as a wrong fix that a real cluster
// proves. None is there that nothing was ever refused by.
func TestSafeguards(t *testing.T) {
	t.Parallel()
	eachVariant(t, func(t *testing.T, folder *scenario.Folder) {
		compiled, err := drill.Compile(folder)
		if err != nil {
			t.Fatal(err)
		}
		plan := compiled.Recovery
		before := newWorld(t, folder, plan).look(plan)
		for _, g := range plan.Safeguards {
			breaks := breakerOf(g.Checker)
			if breaks == nil {
				if !refusedByScript(t, folder, g.Name) {
					t.Errorf("safeguard %s: no wrong fix and no case here breaks it", g.Name)
				}
				continue
			}
			t.Run(g.Name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, folder, plan)
				breaks(w)
				want := map[string]string{g.Name: broken}
				for name, state := range before {
					if name != g.Name {
						want[name] = state
					} else if state != held {
						t.Errorf("in the healthy system it is %s", state)
					}
				}
				if diff := cmp.Diff(want, w.look(plan)); diff != "" {
					t.Errorf("broken are others than that one (-want +got):\n%s", diff)
				}
			})
		}
	})
}

const (
	held   = "held"
	broken = "broken"
)

// look is the state of every safeguard that a fake cluster can show. One that catches all
// gives way to those that have a name for it, as in the Runner.
func (w *world) look(plan verifier.Plan) map[string]string {
	w.Helper()
	states := map[string]string{}
	defer func() {
		named := slices.ContainsFunc(plan.Safeguards, func(g verifier.Guard) bool { return !g.CatchAll && states[g.Name] == broken })
		for _, g := range plan.Safeguards {
			if g.CatchAll && named {
				states[g.Name] = held
			}
		}
	}()
	for _, g := range plan.Safeguards {
		if seen(g.Checker) == nil {
			continue
		}
		o, err := g.Observe(w.Context(), w.target)
		switch {
		case err != nil:
			w.Errorf("safeguard %s could not be observed: %v", g.Name, err)
		case o.Passed:
			states[g.Name] = held
		default:
			states[g.Name] = broken
		}
	}
	return states
}

// refusedByScript says whether a wrong fix of some variant names the safeguard.
func refusedByScript(t *testing.T, folder *scenario.Folder, name string) bool {
	t.Helper()
	variants := []string{folder.Variant}
	for _, v := range folder.Scenario.Spec.Variants {
		variants = append(variants, v.Name)
	}
	return slices.ContainsFunc(variants, func(variant string) bool {
		other, err := scenario.Load(folder.FS, scenario.Vars{Seed: 1, Values: map[string]string{scenario.VarVariant: variant}})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(other.WrongFixes, func(s scenario.Script) bool { return s.Refused == name })
	})
}
