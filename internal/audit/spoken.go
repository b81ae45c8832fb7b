package audit

import (
	"regexp"
	"strings"
)

var (
	// spoken is a secret that a sentence gives away: "the password is hunter2".
	spoken = regexp.MustCompile(`(?i)\b((?:[\w.-]*(?:passw|passphrase|secret|token|creds|credential|api_?key|access_?key)[\w.-]*)["']?(?:\s*[:=]\s*|\s+(?:is|was|to|of)\s+))(\S+)`)
	// bearing is a credential after its scheme, as HTTP writes it.
	bearing = regexp.MustCompile(`\b([Bb]earer|[Bb]asic)\s+(\S{8,})`)
	// notAWord is what a password has and a word of a sentence has not.
	notAWord = regexp.MustCompile("[0-9!@#$%^&*_+=~|\\\\<>?`]")
)

// RedactSentence shows what a person wrote of an incident, a note or a resolution, without
// what looks secret in it. A net and not a wall, as RedactShell: a password that is a
// plain word is shown.
func RedactSentence(text string) string {
	text = hideUserInfo(text)
	text = literal.ReplaceAllString(text, "${1}"+hidden)
	text = statement.ReplaceAllString(text, "${1}"+hidden)
	for _, given := range []*regexp.Regexp{spoken, bearing} {
		text = given.ReplaceAllStringFunc(text, func(match string) string {
			parts := given.FindStringSubmatch(match)
			if value := strings.TrimRight(parts[2], ".,;:)"); !notAWord.MatchString(value) && !strings.ContainsAny(value, `"'`) {
				return match
			}
			return strings.TrimSuffix(match, parts[2]) + hidden
		})
	}
	words := strings.Split(text, " ")
	for i, word := range words {
		if secretText(strings.Trim(word, `.,;:()"'`)) {
			words[i] = hidden
		}
	}
	return strings.Join(words, " ")
}
