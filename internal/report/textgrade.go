package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/grade"
)

// barWidth is how many characters a part's bar has.
const barWidth = 20

// grade writes the rating as an interviewer gives it: two marks out of ten, what earned
// them, what was done well, what was missed, and how it is done.
func (w *textWriter) grade(r *Report) {
	g := r.Grade
	if g == nil {
		return
	}
	w.heading("Grade")
	marks := ""
	for _, mark := range g.Ratings() {
		marks += "   " + mark.Name + " " + points(mark.Of10) + "/10"
	}
	w.linef("  %s of 100%s", w.p.Bold(points(g.Total)), marks)
	if c := g.Capped; c != nil {
		w.hanging("  ", "  ", w.p.Red("capped at "+points(c.At)+": ")+printable(c.Reason)+" ("+printable(c.Evidence)+")")
	}
	for _, p := range g.Parts {
		w.linef("  %-14s %s %5s of %s", p.Name, w.bar(p.Got, p.Max), points(p.Got), points(p.Max))
	}
	w.lines("What you did well", w.p.Green("+"), g.Well)
	w.lines("What you missed", w.p.Red("-"), g.Missed)
	w.lines("What production-grade looks like", w.p.Cyan(">"), g.Production)
}

func (w *textWriter) bar(got, most float64) string {
	full := 0
	if most > 0 {
		full = int(barWidth*min(max(got/most, 0), 1) + 0.5)
	}
	bar := strings.Repeat("█", full)
	switch {
	case got >= 0.8*most:
		bar = w.p.Green(bar)
	case got >= 0.5*most:
		bar = w.p.Yellow(bar)
	default:
		bar = w.p.Red(bar)
	}
	return bar + w.p.Gray(strings.Repeat("░", barWidth-full))
}

func (w *textWriter) lines(title, sign string, lines []grade.Line) {
	if len(lines) == 0 {
		return
	}
	w.heading(title)
	for _, l := range lines {
		when := ""
		if l.At != nil {
			when = clock(*l.At) + "  "
		}
		w.hanging("  "+sign+" ", "    ", printable(when+l.Text))
		if l.Evidence != "" {
			w.linef("      %s", w.p.Gray(cut(l.Evidence, w.width-6)))
		}
	}
}

// points are a number of points as a person writes it: 7, 7.5.
func points(n float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0")
}

func (w *textWriter) users(r *Report) {
	if r.Users == nil {
		return
	}
	w.heading("What the users saw")
	for _, s := range r.Users.Streams {
		for i, line := range s.sentences(r.Users) {
			if i == 0 {
				line = s.Stream + ": " + line
			}
			w.hanging("  ", "    ", printable(line))
		}
	}
}

// sentences tell a stream: how much failed, for how long, how slow, and what it cost.
func (s *Stream) sentences(u *Users) []string {
	outage := "no outage"
	if s.LongestOutage.Duration > 0 || s.LongestOutage.Open {
		outage = "longest outage " + seconds(s.LongestOutage.Duration)
		if s.LongestOutage.Open {
			outage += ", with no good answer since"
		}
	}
	lines := []string{
		fmt.Sprintf("%d requests, %d failed; %s; p99 of good answers %s", s.Sent, s.Failed, outage, milliseconds(s.P99)),
		fmt.Sprintf("failed before the fault %s, during %s, after the recovery %s", s.Before, s.During, s.After),
	}
	if latency := s.latency(); latency != "" {
		lines = append(lines, latency)
	}
	if text := s.Conns.sentence(); text != "" {
		lines = append(lines, text)
	}
	if s.Disturbed > 0 {
		lines = append(lines, fmt.Sprintf("%d of those that failed did so while firedrill disturbed the system to prove its recovery: nobody is charged with them", s.Disturbed))
	}
	if s.Missing > 0 {
		lines = append(lines, fmt.Sprintf("%d more were sent and are not in the record", s.Missing))
	}
	if s.Unseen > 0 {
		lines = append(lines, fmt.Sprintf("of %s between the page and the verdict nothing is on record: it counts as failed", seconds(s.Unseen)))
	}
	if b := s.Budget; b != nil {
		lines = append(lines, fmt.Sprintf("error budget burned: %.2f of %.1f minutes, %.2f %% of what %g %% over %g days allows",
			b.Burned/60, b.Total/60, 100*b.Share, percent(u.Objective), u.Window/(24*time.Hour).Seconds()))
	}
	return lines
}

// percent is a share in percent, without the noise of a float's last digits.
func percent(share float64) float64 { return float64(int64(share*1e7+0.5)) / 1e5 }

// latency is "" where a run's journal does not tell it by phase.
func (s *Stream) latency() string {
	if s.Before.P99 == 0 && s.During.P99 == 0 && s.After.P99 == 0 {
		return ""
	}
	phase := func(p UsersPhase) string {
		if p.P99 == 0 {
			return "-"
		}
		return milliseconds(p.P50) + " / " + milliseconds(p.P99)
	}
	return fmt.Sprintf("p50 / p99 before the fault %s, during %s, after the recovery %s", phase(s.Before), phase(s.During), phase(s.After))
}

func (p UsersPhase) String() string { return fmt.Sprintf("%d of %d", p.Failed, p.Sent) }

func milliseconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond).String()
}
