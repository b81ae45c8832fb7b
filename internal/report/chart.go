package report

import (
	"fmt"
	"time"
)

// Measures of the chart, in units of its viewBox.
const (
	chartWidth  = 1100.0
	chartLeft   = 170.0 // where time begins; names stand before it
	chartRight  = 1046.0
	rowHeight   = 15.0
	rowGap      = 4.0
	laneGap     = 12.0
	plotHeight  = 96.0
	labelHeight = 13.0
	labelRows   = 4
)

// chart is the run over time, laid out for an SVG.
type chart struct {
	Width, Height float64
	Left, Right   float64
	Top, Bottom   float64 // of the area that times run through
	Rows          []chartRow
	Plots         []chartPlot
	Marks         []chartMark
	Ticks         []chartTick

	from, to time.Time
}

// chartRow is a named row of spans and dots.
type chartRow struct {
	Name  string
	Y     float64
	Text  float64 // baseline of the name
	Spans []chartSpan
	Dots  []chartDot
}

type chartSpan struct {
	X, Width float64
	Class    string
	Title    string
	Label    string // shown where it fits
}

type chartDot struct {
	X     float64
	Class string
	Title string
}

// chartPlot is the error rate and the latency of one stream.
type chartPlot struct {
	Name          string
	Y, Height     float64
	Bars          []chartBar
	Lines         []string // points of the p99, of SVG polylines: broken where nothing was answered
	SlowestMillis float64
}

type chartBar struct {
	X, Y, Width, Height float64
	Title               string
}

type chartMark struct {
	X, TextY   float64
	Name       string
	Title      string
	Left       bool // the name stands to the left of the line
	LineBottom float64
}

type chartTick struct {
	X    float64
	Text string
}

// newChart lays the run out; nil when there is nothing to show.
func newChart(r *Report) *chart {
	c := &chart{Width: chartWidth, Left: chartLeft, Right: chartRight}
	if !c.span(r) {
		return nil
	}
	y := labelRows*labelHeight + 10
	c.Top = y
	if h := r.History; h != nil {
		y = c.phases(h.Phases, y)
		y = c.checks(h.Checks, false, y)
		y = c.checks(h.Checks, true, y)
	}
	y = c.actions(r, y)
	if r.Users != nil {
		for i := range r.Users.Streams {
			y = c.plot(&r.Users.Streams[i], y)
		}
	}
	c.Bottom = y
	c.Height = y + 26
	c.marks(r)
	c.ticks(r)
	return c
}

// span finds the time that the chart shows: from shortly before the fault to shortly
// after the verdict, or to the newest thing known.
func (c *chart) span(r *Report) bool {
	for _, m := range []Moment{r.Times.FaultAt, r.Times.Paged, r.Times.Created} {
		if m.At != nil {
			c.from = *m.At
			break
		}
	}
	if c.from.IsZero() {
		return false
	}
	c.to = c.from
	latest := func(t time.Time) { c.to = later(c.to, t) }
	if d := r.Times.Decided.At; d != nil {
		latest(*d)
	} else {
		for _, m := range r.marks() {
			latest(m.At)
		}
		for _, e := range r.Timeline {
			latest(e.Time)
		}
		for _, check := range r.Checks {
			latest(check.At)
		}
	}
	margin := max(c.to.Sub(c.from)/40, 2*time.Second)
	c.from, c.to = c.from.Add(-2*margin), c.to.Add(margin)
	return true
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// x is where a time lies; what is outside lies on the border.
func (c *chart) x(t time.Time) float64 {
	share := float64(t.Sub(c.from)) / float64(c.to.Sub(c.from))
	return c.Left + min(max(share, 0), 1)*c.Span()
}

// Span is how wide the part with the times is.
func (c *chart) Span() float64 { return c.Right - c.Left }

func (c *chart) shows(t time.Time) bool { return !t.Before(c.from) && !t.After(c.to) }

// between is the place of a time span; ok is false for one that is not shown.
func (c *chart) between(from, to time.Time) (x, width float64, ok bool) {
	if to.IsZero() {
		to = c.to
	}
	if to.Before(c.from) || from.After(c.to) {
		return 0, 0, false
	}
	x = c.x(from)
	return x, max(c.x(to)-x, 1), true
}

// marks lays out the milestones; names that would overlap stand in rows of their own.
func (c *chart) marks(r *Report) {
	ends := make([]float64, labelRows)
	for _, m := range r.marks() {
		if !c.shows(m.At) {
			continue
		}
		x := c.x(m.At)
		width := 6.6*float64(len(m.Name)) + 8
		left := x+width > c.Right
		begin := x
		if left {
			begin = x - width
		}
		row := 0
		for i := range ends {
			if row = i; ends[i] <= begin {
				break
			}
		}
		ends[row] = max(ends[row], begin+width)
		c.Marks = append(c.Marks, chartMark{
			X: x, TextY: labelHeight * float64(row+1), Name: m.Name, Left: left, LineBottom: c.Bottom,
			Title: fmt.Sprintf("%s %s: %s", clock(m.At), m.Text, printable(m.Of.Evidence)),
		})
	}
}

// ticks lays out the axis: minutes and seconds from the page on, or from the chart's
// beginning where there was no page.
func (c *chart) ticks(r *Report) {
	zero := c.from
	if r.Times.Paged.At != nil {
		zero = *r.Times.Paged.At
	}
	span := c.to.Sub(c.from)
	step := time.Hour
	for _, s := range []time.Duration{5, 10, 15, 30, 60, 120, 300, 600, 1800} {
		if span/(s*time.Second) <= 12 {
			step = s * time.Second
			break
		}
	}
	for t := zero.Add(c.from.Sub(zero).Truncate(step)); !t.After(c.to); t = t.Add(step) {
		if c.shows(t) {
			c.Ticks = append(c.Ticks, chartTick{X: c.x(t), Text: signed(t.Sub(zero))})
		}
	}
}

// signed is a duration as +2:30.
func signed(d time.Duration) string {
	sign := "+"
	switch {
	case d < 0:
		sign, d = "-", -d
	case d == 0:
		sign = ""
	}
	return fmt.Sprintf("%s%d:%02d", sign, int(d.Minutes()), int(d.Seconds())%60)
}
