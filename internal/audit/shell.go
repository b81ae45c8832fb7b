package audit

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// secretShort are the programs whose short flags are followed by a secret, with those
// flags. The same letters are harmless elsewhere: journalctl -u kubelet.
var secretShort = map[string]string{ //nolint:gochecknoglobals // a constant table
	"curl": "-u -H -b -U", "wget": "-H", "mysql": "-p", "mysqladmin": "-p", "mariadb": "-p", "redis-cli": "-a", "mongo": "-p", "mongosh": "-p",
	"sshpass": "-p", "ldapsearch": "-w", "docker": "-p -u", "podman": "-p -u", "nerdctl": "-p -u", "ctr": "-u", "skopeo": "-p", "crane": "-p", "helm": "-p",
	"sqlcmd": "-P", "etcdctl": "-u", "smbclient": "-U",
}

var (
	// passing are programs that run another one.
	passing = regexp.MustCompile(`^(sudo|env|nohup|time|exec|command|nice|timeout|watch|xargs|if|then|do|while|!|[({])$`)
	// separators end one command of a line and begin another.
	separators = regexp.MustCompile(`^(\||\|\||&&|;|&|\|&)$`)
	// bearer is a credential of an HTTP header.
	bearer = regexp.MustCompile(`(?i)\b(bearer|basic)(\s+|%20)[^\s"']+`)
	// header is an HTTP header that holds one.
	header = regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|cookie|x-[a-z-]*(?:token|key|auth)[a-z-]*)\s*:[^"']*`)
	// literal is a value of kubectl create secret or configmap.
	literal = regexp.MustCompile(`(--from-literal[= ]['"]?[^=\s'"]+=)('[^']*'|"[^"]*"|[^\s'"]+)`)
	// assigned is a field of JSON or YAML, or a variable, with a name that speaks of a secret.
	assigned = regexp.MustCompile(`(?i)([a-z0-9_.-]*(?:passw|passphrase|secret|token|cred|private|api_?key|access_?key)[a-z0-9_.-]*["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s"',;}|&]+)`)
	// statement is a password in SQL: ALTER USER x PASSWORD 'y', IDENTIFIED BY 'y'.
	statement = regexp.MustCompile(`(?i)\b((?:password|identified\s+by)(?:\s*\(\s*|\s+))(?:'[^']*'|"[^"]*")`)
	// padded is base64 that ends as only base64 does: Kubernetes keeps its secrets so.
	padded = regexp.MustCompile(`(^|["'=:])[A-Za-z0-9+/]{6,}={1,2}(["'|;,]|$)`)
)

// maxShell is how much of a typed line is kept, in bytes.
const maxShell = 240

// RedactShell shows a line that was typed into a shell, or a command with its arguments
// joined by spaces, without what looks secret. Like all that is hidden by its looks, it
// is a net and not a wall: a password that is a plain word in a plain place is shown.
func RedactShell(line string) string {
	words := shellWords(scrub(line))
	program, hide := "", false
	for i, word := range words {
		switch {
		case separators.MatchString(word):
			program, hide = "", false
			continue
		case hide:
			words[i], hide = hidden, false
			continue
		}
		if program == "" {
			program = programOf(word)
		}
		words[i], hide = redactTyped(program, word)
	}
	return clip(strings.Join(words, " "), maxShell)
}

// programOf is the program that a word at a command's place runs; "" when it runs another
// one, or is a flag or a variable.
func programOf(word string) string {
	if passing.MatchString(word) || strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
		return ""
	}
	return path.Base(word)
}

// attachedSecret tells a program's short flag with its secret behind it: mysql -phunter2.
func attachedSecret(program, word string) (flag string, is bool) {
	if !strings.HasPrefix(word, "-") || strings.HasPrefix(word, "--") {
		return "", false
	}
	for flag := range strings.FieldsSeq(secretShort[program]) {
		if len(word) > len(flag) && strings.HasPrefix(word, flag) {
			return flag, true
		}
	}
	return "", false
}

// scrub hides what is known for a secret by the text around it, in a line or in an
// argument that may be a whole script.
func scrub(text string) string {
	text = hideUserInfo(text)
	text = replaceIf(literal, strings.Contains(text, "--from-literal"), text, "${1}"+hidden)
	text = replaceIf(header, strings.Contains(text, ":"), text, "$1: "+hidden)
	text = replaceIf(bearer, holds(text, "bearer") || holds(text, "basic"), text, "$1 "+hidden)
	text = replaceIf(statement, strings.ContainsAny(text, `'"`), text, "${1}"+hidden)
	return replaceIf(assigned, strings.ContainsAny(text, ":="), text, "${1}"+hidden)
}

// redactTyped shows one word, and tells whether the next one is to be hidden.
func redactTyped(program, word string) (shown string, hideNext bool) {
	name, value, hasValue := strings.Cut(word, "=")
	if flag, is := attachedSecret(program, word); is {
		return flag + hidden, false
	}
	if strings.HasPrefix(word, "-") && slices.Contains(strings.Fields(secretShort[program]), word) {
		return word, true
	}
	switch {
	case hasValue && namesSecret(name) && value != "" && !strings.HasPrefix(value, "/"):
		return name + "=" + hidden, false
	case strings.HasPrefix(word, "--") && !hasValue && isSecretFlag(word):
		return word, true
	case secretText(word):
		return hidden, false
	case hasValue && secretText(value):
		return name + "=" + hidden, false
	}
	return word, false
}

// secretText tells a token, or padded base64, from a word. A path is no secret, nor is
// the name of a pod, a container or an image, which people look at all the time.
func secretText(word string) bool {
	if strings.ContainsAny(word, "/") && !isPadded(word) || digest.MatchString(word) {
		return strings.Contains(word, "eyJ")
	}
	return looksSecret(strings.Trim(word, `"'`)) || isPadded(word)
}

// digest is a container's or an image's ID, as crictl prints it.
var digest = regexp.MustCompile(`^(sha256:)?[0-9a-f]{12,64}$`)

// shellWords cuts a line where unquoted space is; quotes stay.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quote := rune(0)
	for _, c := range line {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case unicode.IsSpace(c):
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
			continue
		}
		word.WriteRune(c)
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}
