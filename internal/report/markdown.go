package report

import (
	"io"
	"strings"

	"github.com/firedrill/firedrill/internal/grade"
)

// Markdown writes the report as GitHub-flavoured Markdown: for a pull request, a wiki, a
// post-mortem. Times are UTC.
func (r *Report) Markdown(out io.Writer) error {
	w := &textWriter{out: out}
	w.linef("# %s: %s\n", r.Verdict.word(), md(r.Title))
	w.linef("Run `%s`, scenario %s, seed %d, attempt %d.\n", r.Run, md(r.scenarioName()), r.Seed, r.Attempt)
	w.linef("> %s", md(r.Verdict.Reason))
	for _, e := range r.Errors {
		w.linef(">\n> **Error:** %s", md(e))
	}
	for _, warning := range r.Warnings {
		w.linef(">\n> **Warning:** %s", md(warning))
	}
	mdGrade(w, r.Grade)
	mdTimes(w, r)
	mdUsers(w, r.Users)
	mdChecks(w, r)
	mdTimeline(w, r)
	if r.Explanation != "" {
		w.linef("\n## What a senior reviewer says\n\n%s", strings.TrimSpace(mdText(r.Explanation)))
	}
	return w.err
}

func mdGrade(w *textWriter, g *grade.Grade) {
	if g == nil {
		return
	}
	w.linef("\n## Grade: %s of 100\n", points(g.Total))
	var marks []string
	for _, mark := range g.Ratings() {
		marks = append(marks, mark.Name+" **"+points(mark.Of10)+"/10**")
	}
	w.linef("Marks: %s.", strings.Join(marks, ", "))
	if c := g.Capped; c != nil {
		w.linef("\n**Capped at %s:** %s (%s)", points(c.At), md(c.Reason), md(c.Evidence))
	}
	w.linef("\n| part | points | of |\n| --- | ---: | ---: |")
	for _, p := range g.Parts {
		w.linef("| %s | %s | %s |", md(p.Name), points(p.Got), points(p.Max))
	}
	for _, list := range []struct {
		title string
		lines []grade.Line
	}{{"What you did well", g.Well}, {"What you missed", g.Missed}, {"What production-grade looks like", g.Production}} {
		if len(list.lines) == 0 {
			continue
		}
		w.linef("\n### %s\n", list.title)
		for _, l := range list.lines {
			when, evidence := "", ""
			if l.At != nil {
				when = l.At.UTC().Format("15:04:05") + " "
			}
			if l.Evidence != "" {
				evidence = "<br>_" + md(l.Evidence) + "_"
			}
			w.linef("- %s%s%s", when, md(l.Text), evidence)
		}
	}
}

func mdTimes(w *textWriter, r *Report) {
	w.linef("\n## Times\n\n| what | at | after the page | evidence |\n| --- | --- | ---: | --- |")
	for _, row := range r.timesRows() {
		m := row.Moment
		if m.At == nil {
			w.linef("| %s | - | - | |", row.Name)
			continue
		}
		after := ""
		if m.AfterPage != nil {
			after = seconds(*m.AfterPage)
		}
		w.linef("| %s | %s | %s | %s |", row.Name, m.At.UTC().Format("15:04:05"), after, md(m.Evidence))
	}
	w.linef("| clock | | %s | of %s |", seconds(r.Times.Clock), seconds(r.Times.Limit))
	for _, h := range r.Hints {
		w.linef("| hint %d of %d | | | %s |", h.Number, h.Of, md(h.Text))
	}
	for _, g := range r.Gaps {
		w.linef("| %s | %s | %s | %s |", gapName(g), g.From.UTC().Format("15:04:05"), seconds(g.To.Sub(g.From).Seconds()), md(g.Why))
	}
	for _, c := range r.Clocks {
		w.linef("| clocks | %s | | %s |", c.At.UTC().Format("15:04:05"), md(c.Sentence()))
	}
}

func mdUsers(w *textWriter, u *Users) {
	if u == nil {
		return
	}
	w.linef("\n## What the users saw\n")
	for i := range u.Streams {
		s := &u.Streams[i]
		w.linef("- **%s**", md(s.Stream))
		for _, line := range s.sentences(u) {
			w.linef("  - %s", md(line))
		}
	}
}

func mdChecks(w *textWriter, r *Report) {
	if len(r.Checks)+len(r.Safeguards) > 0 {
		w.linef("\n## Recovery, as last observed\n\n| | check | reason |\n| --- | --- | --- |")
	}
	for _, c := range r.Checks {
		w.linef("| %s | %s | %s |", c.Mark(), md(c.ID), md(c.Told()))
	}
	for _, g := range r.Safeguards {
		reason := g.Reason
		if unseen := g.Unseen(); unseen != "" {
			reason = unseen
		} else if g.Sentence != "" {
			reason += ": " + g.Sentence
		}
		w.linef("| %s | %s (safeguard) | %s |", g.Mark(), md(g.ID), md(reason))
	}
	if len(r.Proofs) > 0 {
		w.linef("\n## Proven before the page\n")
	}
	for _, p := range r.Proofs {
		w.linef("- %s %s, in %s", markOf(p.Passed, ""), md(p.What), seconds(p.Took))
		for _, c := range p.Checks {
			w.linef("  - %s %s: %s", c.Mark(), md(c.ID), md(c.Told()))
		}
	}
}

func mdTimeline(w *textWriter, r *Report) {
	w.linef("\n## Timeline\n\n| time | who | what |\n| --- | --- | --- |")
	for _, e := range merged(r) {
		who := e.Actor
		if who == "" {
			who = "firedrill"
		}
		w.linef("| %s | %s | %s |", e.Time.UTC().Format("15:04:05"), md(who), md(r.sentenceOf(e)))
	}
}

// md is text in a line or a table's cell: nothing in it is markup.
func md(text string) string { return mdText(printable(text)) }

// mdText takes the meaning from what Markdown and HTML would act upon.
func mdText(text string) string {
	return strings.NewReplacer(
		"&", "&amp;", "<", "&lt;", ">", "&gt;", `\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "#", `\#`, "!", `\!`,
	).Replace(text)
}
