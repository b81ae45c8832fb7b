package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// merged is the trainee's timeline with the run's own milestones in it.
func merged(r *Report) []timeline.Event {
	events := slices.Clone(r.Timeline)
	tool := func(m Moment, text string) {
		if m.At != nil {
			events = append(events, timeline.Event{Time: *m.At, Source: timeline.SourceTool, Text: text})
		}
	}
	tool(r.Times.FaultAt, "fault injected")
	tool(r.Times.Paged, "paged")
	tool(r.Times.Recovered, "every check passes: start of the hold that passed")
	tool(r.Times.Decided, "decided: "+r.Verdict.Reason)
	slices.SortStableFunc(events, func(a, b timeline.Event) int {
		return cmp.Compare(a.Time.UnixMilli(), b.Time.UnixMilli())
	})
	return events
}

// usersSummary is the part of the users' summary that the text report shows.
type usersSummary struct {
	Streams []struct {
		Stream        string `json:"stream"`
		Sent          int    `json:"sent"`
		Failed        int    `json:"failed"`
		LongestOutage struct {
			Duration time.Duration `json:"duration"`
		} `json:"longestOutage"`
		P99    time.Duration `json:"p99"`
		Before usersPhase    `json:"before"`
		During usersPhase    `json:"during"`
		After  usersPhase    `json:"after"`
	} `json:"streams"`
}

type usersPhase struct {
	Sent   int `json:"sent"`
	Failed int `json:"failed"`
}

func (p usersPhase) String() string { return fmt.Sprintf("%d of %d", p.Failed, p.Sent) }

func (u usersSummary) lines() []string {
	var lines []string
	for _, s := range u.Streams {
		lines = append(lines,
			fmt.Sprintf("%s: %d requests, %d failed; longest outage %s; p99 of good answers %s", s.Stream, s.Sent, s.Failed,
				s.LongestOutage.Duration.Round(100*time.Millisecond), s.P99.Round(time.Millisecond)),
			fmt.Sprintf("failed before the fault %s, during %s, after the recovery %s", s.Before, s.During, s.After))
	}
	return lines
}
