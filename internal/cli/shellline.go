package cli

import (
	"regexp"
	"slices"
	"strings"
)

// readsOnlyLine tells whether each command of a line is one that people look around with.
func readsOnlyLine(line string) bool {
	commands, plain := shellCommands(line)
	return plain && !slices.ContainsFunc(commands, func(words []string) bool { return !readsOnly(words) })
}

// silenced are redirections that write no file.
var silenced = regexp.MustCompile(`\s(\d?>&[12]|[\d&]?>\s*/dev/null)(\s|$|[|;])`)

// shellCommands splits a line into its commands and their words, quotes taken off. It is not
// plain when it writes a file or runs a command inside of another.
func shellCommands(line string) (commands [][]string, plain bool) {
	for range 4 { // one redirection ends where the next one begins
		line = silenced.ReplaceAllString(line, " $2")
	}
	var w wordSplitter
	runes := append([]rune(line), '\n')
	for i, c := range runes[:len(runes)-1] {
		if w.special(c, runes[i+1]) {
			return nil, false
		}
		if w.quote != 0 {
			w.quoted(c)
		} else {
			w.plain(c)
		}
	}
	w.endWord()
	return append(w.commands, w.words), true
}

// wordSplitter is a line of shell half read.
type wordSplitter struct {
	commands [][]string
	words    []string
	word     string
	begun    bool // a word, which may be empty: ''
	quote    rune // that is open, or 0
}

// special tells of a character that writes a file, or runs a command inside of another.
func (w *wordSplitter) special(c, next rune) bool {
	inside := c == '`' || c == '$' && next == '('
	return w.quote != '\'' && inside || w.quote == 0 && (c == '>' || c == '<' && next == '(')
}

func (w *wordSplitter) quoted(c rune) {
	if c == w.quote {
		w.quote = 0
		return
	}
	w.word, w.begun = w.word+string(c), true
}

func (w *wordSplitter) plain(c rune) {
	switch {
	case c == '\'' || c == '"':
		w.quote, w.begun = c, true
	case strings.ContainsRune("|;&\n", c):
		w.endWord()
		w.commands, w.words = append(w.commands, w.words), nil
	case c == ' ' || c == '\t':
		w.endWord()
	default:
		w.word, w.begun = w.word+string(c), true
	}
}

func (w *wordSplitter) endWord() {
	if w.begun {
		w.words = append(w.words, w.word)
	}
	w.word, w.begun = "", false
}
