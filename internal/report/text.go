package report

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/timeline"
)

// Palette colours text; the zero value of a terminal without colours leaves it alone.
type Palette interface {
	Green(string) string
	Red(string) string
	Yellow(string) string
	Cyan(string) string
	Gray(string) string
	Bold(string) string
}

// Text writes the report for a person: the verdict and the grade first, then how they
// came about. Width is the terminal's, in columns, at least 60.
func (r *Report) Text(out io.Writer, p Palette, width int) error {
	w := &textWriter{out: out, p: p, width: max(width, 60)}
	w.header(r)
	w.grade(r)
	w.times(r)
	w.users(r)
	w.recovery(r)
	w.proofs(r)
	w.timeline(r)
	w.explanation(r)
	return w.err
}

// textWriter remembers the first error, so that a renderer reads as what it writes.
type textWriter struct {
	out   io.Writer
	p     Palette
	width int
	err   error
}

func (w *textWriter) linef(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format+"\n", args...)
	}
}

func (w *textWriter) heading(text string) { w.linef("\n%s", w.p.Bold(text)) }

func (w *textWriter) header(r *Report) {
	word := r.Verdict.word()
	switch {
	case r.Verdict.Recovered:
		word = w.p.Green(word)
	case r.Verdict.Decided:
		word = w.p.Red(word)
	default:
		word = w.p.Yellow(word)
	}
	w.linef("%s  %s", word, w.p.Bold(printable(r.Title)))
	w.linef("run %s, scenario %s, seed %d", printable(r.Run), printable(r.scenarioName()), r.Seed)
	w.wrapped("", r.Verdict.Reason)
	for _, e := range r.Errors {
		w.hanging("", "", w.p.Red("error: ")+printable(e))
	}
	for _, warning := range r.Warnings {
		w.hanging("", "", w.p.Yellow("warning: ")+printable(warning))
	}
}

func (r *Report) scenarioName() string {
	if r.Variant != "" {
		return r.Scenario + " (variant " + r.Variant + ")"
	}
	return r.Scenario
}

func (w *textWriter) times(r *Report) {
	w.heading("Times")
	for _, row := range r.timesRows() {
		m := row.Moment
		if m.At == nil {
			w.linef("  %-14s %s", row.Name, w.p.Gray("-"))
			continue
		}
		after := ""
		if m.AfterPage != nil && *m.AfterPage >= 0 {
			after = "+" + seconds(*m.AfterPage)
		}
		w.linef("  %-14s %s  %8s  %s", row.Name, clock(*m.At), after, w.p.Gray(cut(m.Evidence, w.width-38)))
	}
	w.linef("  %-14s %s of %s", "clock", seconds(r.Times.Clock), seconds(r.Times.Limit))
	if n := len(r.Hints); n > 0 {
		w.linef("  %-14s %d of %d taken", "hints", n, r.Hints[n-1].Of)
	}
	for _, g := range r.Gaps {
		w.linef("  %-14s %s to %s: %s", gapName(g), clock(g.From), clock(g.To), printable(g.Why))
	}
	for _, c := range r.Clocks {
		w.linef("  %-14s %s  %s", "clocks", clock(c.At), c.Sentence())
	}
}

// gapName says what a gap is to the clock.
func gapName(g drill.Gap) string {
	if g.Counted {
		return "not watched"
	}
	return "off the clock"
}

func (w *textWriter) proofs(r *Report) {
	w.heading("Proven before the page")
	for _, p := range r.Proofs {
		w.linef("  %s %s, in %s", w.mark(markOf(p.Passed, "")), p.What, seconds(p.Took))
		for _, c := range p.Checks {
			w.linef("      %s %-18s %s", w.mark(c.Mark()), c.ID, w.p.Gray(cut(c.Told(), w.width-28)))
		}
	}
}

func (w *textWriter) recovery(r *Report) {
	if len(r.Checks)+len(r.Safeguards) == 0 {
		return
	}
	w.heading("Recovery, as last observed")
	for _, c := range r.Checks {
		w.linef("  %s %-22s %s", w.mark(c.Mark()), c.ID, cut(c.Told(), w.width-28))
	}
	for _, g := range r.Safeguards {
		text := cut(g.Reason, w.width-28)
		switch unseen := g.Unseen(); {
		case unseen != "":
			text = cut(unseen, w.width-28)
		case g.Held:
			text = w.p.Gray("safeguard held")
		}
		w.linef("  %s %-22s %s", w.mark(g.Mark()), g.ID, text)
		if g.Mark() == markBad {
			w.wrapped(strings.Repeat(" ", 27), g.Sentence)
		}
	}
}

func (w *textWriter) timeline(r *Report) {
	w.heading("Timeline")
	if len(r.Timeline) == 0 {
		w.linef("  %s", w.p.Gray("no action was seen"))
	}
	for _, e := range merged(r) {
		w.linef("  %s  %s", clock(e.Time), w.event(r, e))
	}
}

func (w *textWriter) event(r *Report, e timeline.Event) string {
	text := cut(r.sentenceOf(e), w.width-12)
	switch {
	case e.Source == timeline.SourceTool:
		return w.p.Cyan(text)
	case e.Actor == actorAdmin:
		return w.p.Red(text)
	case e.Writes:
		return w.p.Yellow(text)
	default:
		return text
	}
}

func (w *textWriter) explanation(r *Report) {
	if r.Explanation == "" {
		return
	}
	w.heading("What a senior reviewer says")
	for paragraph := range strings.SplitSeq(strings.TrimSpace(r.Explanation), "\n") {
		w.linef("%s", strings.TrimRight("  "+Harmless(paragraph), " "))
	}
}

func (w *textWriter) mark(mark string) string {
	switch mark {
	case markGood:
		return w.p.Green(mark)
	case markBad:
		return w.p.Red(mark)
	default:
		return w.p.Yellow(mark)
	}
}

// wrapped writes text that others may have had a hand in, in lines of the terminal's width.
func (w *textWriter) wrapped(indent, text string) { w.hanging(indent, indent, printable(text)) }

// hanging writes text in lines of the terminal's width, the first with an indent of its own.
func (w *textWriter) hanging(first, rest, text string) {
	line, empty := first, true
	for word := range strings.FieldsSeq(text) {
		if !empty && len([]rune(line))+len([]rune(word)) >= w.width {
			w.linef("%s", line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	w.linef("%s", line)
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}

// cut shortens text to n characters on one line.
func cut(text string, n int) string {
	runes := []rune(printable(text))
	if n = max(n, 20); len(runes) <= n {
		return string(runes)
	}
	return string(runes[:n-1]) + "…"
}

// printable is text on one line without what a terminal would obey: what is told of a
// run holds names that others chose.
func printable(text string) string {
	return strings.Join(strings.Fields(Harmless(text)), " ")
}

// Harmless is text, which may have lines, without what a terminal would obey.
func Harmless(text string) string {
	return strings.Map(func(c rune) rune {
		if c != '\n' && unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
			return ' '
		}
		return c
	}, text)
}
