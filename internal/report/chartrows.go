package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/timeline"
)

func (c *chart) row(name string, y float64) chartRow {
	return chartRow{Name: name, Y: y, Text: y + rowHeight - 4}
}

func (c *chart) phases(phases []drill.PhaseSpan, y float64) float64 {
	row := c.row("phase", y)
	for _, p := range phases {
		x, width, ok := c.between(p.From, p.To)
		if !ok {
			continue
		}
		span := chartSpan{X: x, Width: width, Class: "phase-" + string(p.Phase), Title: fmt.Sprintf("%s, from %s", p.Phase, clock(p.From))}
		if width > 7*float64(len(p.Phase)) {
			span.Label = string(p.Phase)
		}
		row.Spans = append(row.Spans, span)
	}
	c.Rows = append(c.Rows, row)
	return y + rowHeight + laneGap
}

// checks adds a row for each check, or each safeguard, in the order they were first seen.
func (c *chart) checks(all []drill.CheckSpan, safeguards bool, y float64) float64 {
	place := map[string]int{}
	var rows []chartRow
	for _, s := range all {
		if s.Safeguard != safeguards {
			continue
		}
		x, width, ok := c.between(s.From, s.To)
		if !ok {
			continue
		}
		i, known := place[s.ID]
		if !known {
			i, place[s.ID] = len(rows), len(rows)
			rows = append(rows, c.row(s.ID, y+float64(i)*(rowHeight+rowGap)))
		}
		state := s.State
		if safeguards {
			state = strings.NewReplacer(drill.SpanPassed, "held", drill.SpanFailed, "broken").Replace(state)
		}
		rows[i].Spans = append(rows[i].Spans, chartSpan{
			X: x, Width: width, Class: "state-" + s.State, Title: fmt.Sprintf("%s: %s from %s: %s", s.ID, state, clock(s.From), printable(s.Reason)),
		})
	}
	if len(rows) == 0 {
		return y
	}
	c.Rows = append(c.Rows, rows...)
	return y + float64(len(rows))*(rowHeight+rowGap) + laneGap - rowGap
}

// actionRow names the row of an event; "" for one that is no action.
func actionRow(e timeline.Event) (name, class string) {
	switch {
	case e.Actor == actorAdmin:
		return "bypass (admin)", "dot-bypass"
	case e.Actor != "trainee":
		return "", ""
	case e.Source == timeline.SourceNode:
		return "on nodes", "dot-node"
	case e.Code >= 400:
		return "refused or failed", "dot-refused"
	case e.Writes:
		return "changed", "dot-write"
	default:
		return "looked", "dot-read"
	}
}

func (c *chart) actions(r *Report, y float64) float64 {
	order := []string{"looked", "changed", "refused or failed", "on nodes", "bypass (admin)"}
	dots := map[string][]chartDot{}
	for _, e := range r.Timeline {
		if name, class := actionRow(e); name != "" && c.shows(e.Time) {
			dots[name] = append(dots[name], chartDot{X: c.x(e.Time), Class: class, Title: clock(e.Time) + " " + printable(r.sentenceOf(e))})
		}
	}
	for _, name := range order {
		if len(dots[name]) == 0 {
			continue
		}
		row := c.row(name, y)
		row.Dots = dots[name]
		c.Rows = append(c.Rows, row)
		y += rowHeight + rowGap
	}
	return y + laneGap - rowGap
}

// plot lays out a stream: bars for the share of requests that failed, a line for the
// slowest hundredth of the good answers.
func (c *chart) plot(s *Stream, y float64) float64 {
	if len(s.Series) == 0 {
		return y
	}
	p := chartPlot{Name: s.Stream, Y: y, Height: plotHeight}
	slowest := slices.MaxFunc(s.Series, func(a, b Bucket) int { return cmp.Compare(a.P99, b.P99) }).P99
	p.SlowestMillis = 1000 * slowest
	interval := time.Duration(s.Interval * float64(time.Second))
	var points []string
	var before time.Time
	endLine := func() {
		if len(points) > 0 {
			p.Lines, points = append(p.Lines, strings.Join(points, " ")), nil
		}
	}
	for _, b := range s.Series {
		x, width, ok := c.between(b.At, b.At.Add(interval))
		if !ok {
			continue
		}
		if b.Failed > 0 {
			h := max(b.rate()*plotHeight, 1.5)
			p.Bars = append(p.Bars, chartBar{
				X: x, Y: y + plotHeight - h, Width: width, Height: h,
				Title: fmt.Sprintf("%s: %d of %d requests failed", clock(b.At), b.Failed, b.Sent),
			})
		}
		if b.P99 > 0 && slowest > 0 {
			if b.At.Sub(before) > interval {
				endLine()
			}
			before = b.At
			points = append(points, fmt.Sprintf("%.1f,%.1f", x+width/2, y+plotHeight*(1-b.P99/slowest)))
		}
	}
	endLine()
	c.Plots = append(c.Plots, p)
	return y + plotHeight + laneGap
}
