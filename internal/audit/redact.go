package audit

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden stands for what must not be shown.
const hidden = "***"

// secretName matches names whose values are secret.
var secretName = regexp.MustCompile(`(?i)(pass|pwd|secret|token|key|cred|auth|private|cert|dsn|conn|session|cookie|salt)`)

// secretFlag matches flags whose next argument is secret.
var secretFlag = regexp.MustCompile(`^(-p|-u|-a|-P|-H|--header|--user)$|(?i)^--?[a-z-]*(pass|pwd|secret|token|key|cred|auth)[a-z-]*$`)

// userInfo matches a password within an address.
var userInfo = regexp.MustCompile(`://[^/@\s]+@`)

// redactCommand shows a command line without what looks secret.
func redactCommand(args []string) string {
	shown := make([]string, 0, len(args))
	hide, program := false, ""
	for _, arg := range args {
		arg = scrub(arg)
		if program == "" {
			program = programOf(arg)
		}
		flag, attached := attachedSecret(program, arg)
		switch {
		case hide:
			arg, hide = hidden, false
		case attached:
			arg = flag + hidden
		case isSecretFlag(arg):
			hide = true
		default:
			arg = redactWords(arg)
		}
		shown = append(shown, arg)
	}
	return clip(strings.Join(shown, " "), 120)
}

// redactWords hides what looks secret in an argument, which may be a whole script.
func redactWords(arg string) string {
	words := strings.Fields(arg)
	hide, program := false, ""
	for i, word := range words {
		if separators.MatchString(word) {
			program = ""
			continue
		}
		if program == "" {
			program = programOf(word)
		}
		flag, attached := attachedSecret(program, word)
		switch {
		case hide:
			words[i], hide = hidden, false
		case attached:
			words[i] = flag + hidden
		case isSecretFlag(word):
			hide = true
		default:
			words[i] = redactWord(word)
		}
	}
	return strings.Join(words, " ")
}

func redactWord(word string) string {
	if isPadded(word) {
		return hidden
	}
	if name, value, ok := strings.Cut(word, "="); ok {
		return name + "=" + redactValue(name, value)
	}
	if looksSecret(word) || !strings.HasPrefix(word, "/") && namesSecret(word) {
		return hidden
	}
	return word
}

// redactValue hides a value by its name or by its looks, and keeps it short.
func redactValue(name, value string) string {
	if namesSecret(name) || looksSecret(value) {
		return hidden
	}
	return clip(scrub(value), 60)
}

// looksSecret tells a token from a word: long, without a separator of words, and of
// letters and digits mixed, or base64 that is padded.
func looksSecret(s string) bool {
	if strings.HasPrefix(s, "eyJ") || strings.Contains(s, "-----BEGIN") || isPadded(s) {
		return true
	}
	if len(s) < 20 {
		return false // too short for either
	}
	var letters, digits, run, longest int
	for _, c := range s {
		switch {
		case unicode.IsLetter(c):
			letters++
		case unicode.IsDigit(c):
			digits++
		}
		if unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("+_=", c) {
			run++
		} else {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest >= 20 && letters > 0 && digits > 0 || longest >= 40
}

// clip shortens a text to n bytes at most and keeps it on one line.
func clip(s string, n int) string {
	if !printable(s) {
		s = oneLine(s)
	}
	if len(s) <= n {
		return s
	}
	cut := n - len("...")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// printable tells whether a text is on one line, and of ASCII alone.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == utf8.RuneError {
			return ' '
		}
		return c
	}, s)
}

// join puts the parts that are there in a row.
func join(parts []string) string {
	kept := parts[:0:0]
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return clip(strings.Join(kept, ", "), 240)
}
