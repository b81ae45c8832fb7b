package report

import (
	"encoding/json"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/grade"
)

// incidents are the streams of a journaled summary, from the page to the verdict.
type incidents struct {
	Streams []struct {
		Stream   string    `json:"stream"`
		Incident *incident `json:"incident"`
	} `json:"streams"`
}

type incident struct {
	Sent          int `json:"sent"`
	Failed        int `json:"failed"`
	Missing       int `json:"missing"`
	Disturbed     int `json:"disturbed"`
	LongestOutage struct {
		Duration time.Duration `json:"duration"`
	} `json:"longestOutage"`
	Unseen   []grade.Span `json:"unseen"`
	Failing  bool         `json:"failing"`
	ServedAt time.Time    `json:"servedAt"`
}

// incidentsOf reads a summary. One without the time from the page to the verdict, of another
// version or of a run that waited for its end too long, tells nothing.
func incidentsOf(summary []byte) (incidents, bool) {
	var told incidents
	if len(summary) == 0 || json.Unmarshal(summary, &told) != nil || len(told.Streams) == 0 {
		return told, false
	}
	for _, s := range told.Streams {
		if s.Incident == nil {
			return told, false
		}
	}
	return told, true
}

// gradedUsers adds the streams up, from the page to the verdict; nil when nothing is known.
// The longest outage is the longest of any stream; the users are served again once those of
// every stream are.
func gradedUsers(run *drill.Run, rates map[string]int) *grade.Users {
	told, ok := incidentsOf(run.Users) // the end's: it has the answers that came late
	if !ok {
		told, ok = incidentsOf(run.UsersFirst)
	}
	if !ok {
		return nil
	}
	u := &grade.Users{}
	for _, rate := range rates {
		u.Rate += float64(rate)
	}
	open, off := false, run.Stood()
	for _, s := range told.Streams {
		in := s.Incident
		unseen, longest := in.unseen(run.OffTheClock())
		u.Sent, u.Failed = u.Sent+in.Sent, u.Failed+in.Failed
		// Of what is missing, what was sent while the clock stood is nobody's failure.
		rate := float64(rates[s.Stream])
		u.Missing += max(in.Missing-int(off.Seconds()*rate), int(unseen.Seconds()*rate), 0)
		u.LongestOutage = max(u.LongestOutage, in.LongestOutage.Duration, longest)
		u.Failing = u.Failing || in.Failing
		open = open || in.Failing && in.ServedAt.IsZero()
		if in.ServedAt.After(u.ServedAt) {
			u.ServedAt = in.ServedAt
		}
	}
	if open {
		u.ServedAt = time.Time{}
	}
	return u
}

// unseen is how long nothing is on record, in all and at most at a stretch, without what is
// off the clock: a machine that sleeps sends no requests.
func (in *incident) unseen(gaps []drill.Gap) (all, longest time.Duration) {
	for _, span := range in.Unseen {
		d := span.To.Sub(span.From)
		for _, g := range gaps {
			from, to := g.From, g.To
			if from.Before(span.From) {
				from = span.From
			}
			if to.After(span.To) {
				to = span.To
			}
			d -= max(to.Sub(from), 0)
		}
		all, longest = all+max(d, 0), max(longest, d)
	}
	return all, longest
}
