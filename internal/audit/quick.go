package audit

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// What is in here answers what the patterns answer, and in most cases without running
// one: nearly no text holds what a pattern needs.

// namesSecret tells whether a name is one of a secret.
func namesSecret(name string) bool {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			return secretName.MatchString(name) // ſ and the Kelvin sign are letters to it
		}
		if beginsSecret(name[i:]) {
			return true
		}
	}
	return false
}

// beginsSecret tells whether a text begins with one of secretName's words.
func beginsSecret(s string) bool {
	switch s[0] | ' ' {
	case 'p':
		return begins(s, "pass") || begins(s, "pwd") || begins(s, "private")
	case 's':
		return begins(s, "secret") || begins(s, "session") || begins(s, "salt")
	case 't':
		return begins(s, "token")
	case 'k':
		return begins(s, "key")
	case 'c':
		return begins(s, "cred") || begins(s, "cert") || begins(s, "conn") || begins(s, "cookie")
	case 'a':
		return begins(s, "auth")
	case 'd':
		return begins(s, "dsn")
	}
	return false
}

// begins tells whether a text begins with a word of small letters, in either case.
func begins(s, word string) bool {
	if len(s) < len(word) {
		return false
	}
	for i := range len(word) {
		if s[i]|' ' != word[i] {
			return false
		}
	}
	return true
}

// holds tells whether a text may hold a word of small letters, in either case, or a
// letter that a pattern takes for one of them.
func holds(s, word string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || begins(s[i:], word) {
			return true
		}
	}
	return false
}

func isPadded(s string) bool { return strings.Contains(s, "=") && padded.MatchString(s) }

func isSecretFlag(s string) bool { return strings.HasPrefix(s, "-") && secretFlag.MatchString(s) }

// hideUserInfo hides a password within an address.
func hideUserInfo(s string) string {
	return replaceIf(userInfo, strings.Contains(s, "://"), s, "://"+hidden+"@")
}

// replaceIf replaces what a pattern finds, where it may find something.
func replaceIf(pattern *regexp.Regexp, may bool, s, by string) string {
	if !may {
		return s
	}
	return pattern.ReplaceAllString(s, by)
}
