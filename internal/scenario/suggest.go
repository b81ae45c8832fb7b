package scenario

import (
	"fmt"
	"strings"
)

// Suggest returns the known name that got was most likely meant to be, or "" when
// none is near. Of two that are equally near, the first wins.
func Suggest(got string, known []string) string {
	best, bestDistance := "", min(max(1, len(got)/3), 4)+1
	for _, name := range known {
		distance := editDistance(strings.ToLower(got), strings.ToLower(name))
		if distance < bestDistance {
			best, bestDistance = name, distance
		}
	}
	return best
}

// didYouMean is Suggest as the end of a message.
func didYouMean(got string, known []string) string {
	if name := Suggest(got, known); name != "" {
		return fmt.Sprintf(" (did you mean %q?)", name)
	}
	if len(known) > 0 && len(known) <= maxListed {
		return " (known: " + strings.Join(known, ", ") + ")"
	}
	return ""
}

// maxListed is how many known names a message lists when none is near.
const maxListed = 12

// maxCompared bounds the work of editDistance: no name is that long.
const maxCompared = 64

// editDistance is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours, each of cost 1.
func editDistance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	if len(ra) > maxCompared || len(rb) > maxCompared {
		return maxCompared
	}
	before, last, row := make([]int, len(rb)+1), make([]int, len(rb)+1), make([]int, len(rb)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(ra); i++ {
		row[0] = i
		for j := 1; j <= len(rb); j++ {
			cost := 1
			if ra[i-1] == rb[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && ra[i-1] == rb[j-2] && ra[i-2] == rb[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(rb)]
}
