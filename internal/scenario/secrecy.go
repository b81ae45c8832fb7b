package scenario

import (
	"slices"
	"strings"
	"unicode"
)

// secrecy keeps the cause out of what a trainee sees before the drill is over. A
// scenario's name is its cause in words (oomkilled, probe-port, stale-secret), so
// the title and the namespace hold none of the name's words, except those that only
// say what kind of thing is concerned.
func (d *document) secrecy() {
	metadata, spec := d.scenario.Metadata, d.scenario.Spec
	if word := givesAway(metadata.Name, metadata.Title); word != "" {
		d.wrong([]any{"metadata", "title"}, "gives the cause away with %q, a word of the scenario's name: say what users or alerts see", word)
	}
	if word := givesAway(metadata.Name, spec.Namespace); word != "" {
		d.wrong([]any{"spec", "namespace"}, "gives the cause away with %q, a word of the scenario's name: name the team or the product", word)
	}
}

// givesAway returns the word of a scenario's name that a text shows, or "". Short
// words must stand alone; longer ones count inside of others too (probe in probes).
func givesAway(name, text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	joined := strings.Join(words, "")
	telling := strings.Split(name, "-")
	if whole := strings.Join(telling, ""); len(whole) > 3 && strings.Contains(joined, whole) {
		return name
	}
	for _, word := range telling {
		if word == "" || neutral(word) {
			continue
		}
		if slices.Contains(words, word) || (len(word) > 3 && strings.Contains(joined, word)) {
			return word
		}
	}
	return ""
}

// neutral says whether a word of a name tells nothing about the cause.
func neutral(word string) bool {
	switch word {
	case "a", "an", "and", "are", "at", "by", "for", "from", "in", "is", "no", "not", "of", "on", "or", "out", "the", "to", "too", "under", "with", "without",
		"app", "bad", "broken", "cluster", "deploy", "deployment", "down", "error", "failed", "failing", "failure", "job", "lost", "missing", "new", "node", "nodes",
		"old", "page", "pod", "pods", "rollout", "service", "shop", "slow", "stale", "stuck", "traffic", "user", "users", "wrong":
		return true
	}
	return false
}
