package prove

import "slices"

// Spread keeps, of the cases of a scenario's variants, every variant untouched and every
// script once, with the variants taking turns; each variant keeps a solution and a wrong
// fix at least. That is most of the proof for much less time. Which variant a script falls
// to changes with the seed, so that one seed after the other proves each in all of its own.
func Spread(variants [][]Case, seed int64) []Case {
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
	taken := make([]map[string]bool, len(variants))
	for v := range variants {
		taken[v] = map[string]bool{}
	}
	for i, c := range choices {
		turn := uint64(seed) + uint64(i) //nolint:gosec // any number will do
		taken[c.in[turn%uint64(len(c.in))]][c.script] = true
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
