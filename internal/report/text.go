package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

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

// Text writes the report for a person: the verdict first, then how it came about.
func (r *Report) Text(out io.Writer, p Palette, width int) error {
	w := &textWriter{out: out, p: p, width: max(width, 60)}
	w.header(r)
	w.times(r)
	w.proofs(r)
	w.recovery(r)
	w.users(r)
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
	word := w.p.Yellow("NO VERDICT")
	switch {
	case r.Verdict.Recovered:
		word = w.p.Green("RECOVERED")
	case r.Verdict.Decided:
		word = w.p.Red("NOT RECOVERED")
	}
	w.linef("%s  %s", word, w.p.Bold(r.Title))
	name := r.Scenario
	if r.Variant != "" {
		name += " (variant " + r.Variant + ")"
	}
	w.linef("run %s, scenario %s, seed %d", r.Run, name, r.Seed)
	w.wrapped("", r.Verdict.Reason)
	for _, e := range r.Errors {
		w.wrapped("", w.p.Red("error: ")+e)
	}
}

func (w *textWriter) times(r *Report) {
	w.heading("Times")
	row := func(name string, m Moment) {
		if m.At == nil {
			w.linef("  %-14s %s", name, w.p.Gray("-"))
			return
		}
		after := ""
		if m.AfterPage != nil && *m.AfterPage >= 0 {
			after = "+" + seconds(*m.AfterPage)
		}
		w.linef("  %-14s %s  %8s  %s", name, clock(*m.At), after, w.p.Gray(cut(m.Evidence, w.width-38)))
	}
	row("paged", r.Times.Paged)
	row("first action", r.Times.FirstAction)
	row("recovered", r.Times.Recovered)
	row("decided", r.Times.Decided)
	w.linef("  %-14s %s of %s", "clock", seconds(r.Times.Clock), seconds(r.Times.Limit))
	if n := len(r.Hints); n > 0 {
		w.linef("  %-14s %d of %d taken", "hints", n, r.Hints[n-1].Of)
	}
	for _, g := range r.Gaps {
		w.linef("  %-14s %s to %s: %s", "off the clock", clock(g.From), clock(g.To), g.Why)
	}
}

func (w *textWriter) proofs(r *Report) {
	w.heading("Proven before the page")
	for _, p := range r.Proofs {
		w.linef("  %s %s, in %s", w.mark(p.Passed), p.What, seconds(p.Took))
		for _, c := range p.Checks {
			w.linef("      %s %-18s %s", w.mark(c.Passed), c.ID, w.p.Gray(cut(c.Reason, w.width-28)))
		}
	}
}

func (w *textWriter) recovery(r *Report) {
	if len(r.Checks)+len(r.Safeguards) == 0 {
		return
	}
	w.heading("Recovery, as last observed")
	for _, c := range r.Checks {
		w.linef("  %s %-22s %s", w.mark(c.Passed), c.ID, cut(c.Reason, w.width-28))
	}
	for _, g := range r.Safeguards {
		if g.Held {
			w.linef("  %s %-22s %s", w.mark(true), g.ID, w.p.Gray("safeguard held"))
			continue
		}
		w.linef("  %s %-22s %s", w.mark(false), g.ID, cut(g.Reason, w.width-28))
		w.wrapped(strings.Repeat(" ", 27), g.Sentence)
	}
}

func (w *textWriter) timeline(r *Report) {
	w.heading("Timeline")
	if len(r.Timeline) == 0 {
		w.linef("  %s", w.p.Gray("no action was seen"))
	}
	for _, e := range merged(r) {
		w.linef("  %s  %s", clock(e.Time), w.event(e))
	}
}

func (w *textWriter) event(e timeline.Event) string {
	text := cut(e.Text, w.width-12)
	switch {
	case e.Source == timeline.SourceTool:
		return w.p.Cyan(text)
	case e.Actor == "admin":
		return w.p.Red(cut("bypass with the admin kubeconfig: "+e.Text, w.width-12))
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
		w.linef("%s", strings.TrimRight("  "+paragraph, " "))
	}
}

func (w *textWriter) mark(ok bool) string {
	if ok {
		return w.p.Green("✓")
	}
	return w.p.Red("✗")
}

// wrapped writes text in lines of the terminal's width.
func (w *textWriter) wrapped(indent, text string) {
	line := indent
	for word := range strings.FieldsSeq(text) {
		if len(line)+len(word)+1 > w.width && strings.TrimSpace(line) != "" {
			w.linef("%s", line)
			line = indent
		}
		if strings.TrimSpace(line) != "" {
			line += " "
		}
		line += word
	}
	w.linef("%s", line)
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}

// cut shortens text to n characters on one line.
func cut(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	runes := []rune(text)
	if n = max(n, 20); len(runes) <= n {
		return text
	}
	return string(runes[:n-1]) + "…"
}

func (w *textWriter) users(r *Report) {
	if len(r.Users) == 0 {
		return
	}
	var u usersSummary
	if err := json.Unmarshal(r.Users, &u); err != nil {
		w.err = fmt.Errorf("read the users' summary: %w", err)
		return
	}
	w.heading("What the users saw")
	for _, line := range u.lines() {
		w.linef("  %s", line)
	}
}
