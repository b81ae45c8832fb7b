package prove

import (
	"slices"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/scenario"
)

func TestSpread(t *testing.T) {
	t.Parallel()
	variant := func(name string, scripts ...string) []Case {
		cases := []Case{{Scenario: "s", Variant: name, Kind: Untouched}}
		for _, path := range scripts {
			kind := Solution
			if strings.HasPrefix(path, "wrong-fixes/") {
				kind = WrongFix
			}
			cases = append(cases, Case{Scenario: "s", Variant: name, Kind: kind, Script: scenario.Script{Name: path, Path: path}})
		}
		return cases
	}
	shared := []string{"solutions/a", "solutions/b", "wrong-fixes/a", "wrong-fixes/b", "wrong-fixes/c", "wrong-fixes/d"}
	variants := [][]Case{
		variant("one", append([]string{"solutions/own"}, shared...)...), variant("two", shared...), variant("three", "solutions/only", "wrong-fixes/a"),
	}
	pairs := map[string]bool{}
	for seed := range int64(6) {
		for _, c := range Spread(variants, seed) {
			pairs[c.Variant+" "+c.Script.Path] = true
		}
	}
	if want := len(slices.Concat(variants...)); len(pairs) != want {
		t.Errorf("six seeds prove %d of %d scripts in their variants", len(pairs), want)
	}
	got := Spread(variants, 1)
	times, kinds := map[string]int{}, map[string]int{}
	for _, c := range got {
		if c.Kind != Untouched {
			times[c.Script.Path]++
		}
		kinds[c.Variant+" "+string(c.Kind)]++
	}
	for _, path := range append([]string{"solutions/own", "solutions/only"}, shared...) {
		if times[path] < 1 || times[path] > 2 {
			t.Errorf("%s is proven %d times", path, times[path])
		}
	}
	for _, v := range []string{"one", "two", "three"} {
		if kinds[v+" untouched"] != 1 || kinds[v+" solution"] < 1 || kinds[v+" wrong-fix"] < 1 {
			t.Errorf("variant %s: %v", v, kinds)
		}
	}
	if len(got) > 13 {
		t.Errorf("%d cases: nothing was spread", len(got))
	}
}
