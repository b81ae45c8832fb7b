package drill

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/verifier"
)

// pageWindow is how far back the page's numbers go, and never before the fault. They go up
// to the page, as the proof of the symptom does: what still waits for its answer then is
// not counted.
const pageWindow = time.Minute

// pageText is the scenario's page with what the users' prober measured since the fault,
// a line for each stream. A page is sent without numbers rather than late or not at all.
func (e *Engine) pageText(ctx context.Context) string {
	spec := e.folder.Scenario.Spec
	lines := []string{strings.TrimRight(spec.Page, "\n")}
	for _, stream := range spec.Traffic {
		line, err := e.measured(ctx, stream)
		if err != nil {
			e.Log.Warn("the page has no numbers", "stream", stream.Name, "error", err)
			continue
		}
		lines = append(lines, line)
	}
	if len(lines) == 1 {
		return spec.Page
	}
	return strings.Join(lines, "\n") + "\n"
}

func (e *Engine) measured(ctx context.Context, stream scenario.Traffic) (string, error) {
	to := e.Now()
	from := maxTime(e.run.FaultAt, to.Add(-pageWindow))
	stats, err := e.Users.Window(ctx, stream.Name, from, to)
	if err != nil {
		return "", err
	}
	return measuredLine(stream.Name, stats, to.Sub(from)), nil
}

// measuredLine is a person's reading of what a stream saw.
func measuredLine(stream string, s verifier.TrafficStats, span time.Duration) string {
	failed := s.Sent - s.OK
	text := fmt.Sprintf("Measured (%s, last %s): %d of %d requests failed", stream, max(span.Round(time.Second), time.Second), failed, s.Sent)
	if s.Sent > 0 {
		text += fmt.Sprintf(", %.1f %%", 100*float64(failed)/float64(s.Sent))
	}
	if len(s.Errors) > 0 {
		var kinds []string
		for _, class := range slices.Sorted(maps.Keys(s.Errors)) {
			kinds = append(kinds, fmt.Sprintf("%s %d", class, s.Errors[class]))
		}
		text += " (" + strings.Join(kinds, ", ") + ")"
	}
	if s.OK > 0 {
		text += fmt.Sprintf("; good answers took %s (p50), %s (p99)", s.P50.Round(time.Millisecond), s.P99.Round(time.Millisecond))
	}
	return text + "."
}
