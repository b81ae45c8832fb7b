package prove

import (
	"cmp"
	"slices"
)

// Spread keeps, of the cases of a scenario's variants, every variant untouched and every
// script once, with the variants taking turns; each variant keeps a solution and a wrong
// fix at least. A script that is meant for several variants is judged by the same
// checks in each, so this is most of the proof for much less time.
func Spread(variants [][]Case) []Case {
	type choice struct {
		script string
		in     []int // variants that have it
	}
	var choices []choice
	at := map[string]int{}
	for v, cases := range variants {
		for _, c := range cases {
			if c.Kind == Untouched {
				continue
			}
			i, known := at[c.Script.Path]
			if !known {
				i = len(choices)
				at[c.Script.Path] = i
				choices = append(choices, choice{script: c.Script.Path})
			}
			choices[i].in = append(choices[i].in, v)
		}
	}
	// Scripts that have no choice come first, so that the others even out.
	slices.SortStableFunc(choices, func(a, b choice) int { return cmp.Compare(len(a.in), len(b.in)) })
	taken := make([]map[string]bool, len(variants))
	for v := range variants {
		taken[v] = map[string]bool{}
	}
	for _, c := range choices {
		least := slices.MinFunc(c.in, func(a, b int) int { return cmp.Compare(len(taken[a]), len(taken[b])) })
		taken[least][c.script] = true
	}
	var spread []Case
	for v, cases := range variants {
		kept := slices.Clone(cases)
		kept = slices.DeleteFunc(kept, func(c Case) bool { return c.Kind != Untouched && !taken[v][c.Script.Path] })
		for _, kind := range []Kind{Solution, WrongFix} {
			is := func(c Case) bool { return c.Kind == kind }
			if first := slices.IndexFunc(cases, is); first >= 0 && !slices.ContainsFunc(kept, is) {
				kept = append(kept, cases[first])
			}
		}
		spread = append(spread, kept...)
	}
	return spread
}
