package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
)

// The users' objective that the error budget is reckoned from, as long as nobody says
// otherwise: 99.9 % good answers over 28 days.
const (
	DefaultObjective = 0.999
	BudgetWindow     = 28 * 24 * time.Hour
)

// Users is what the users saw. Durations are seconds.
type Users struct {
	Objective float64  `json:"objective"` // share of requests that get a good answer
	Window    float64  `json:"windowSeconds"`
	Streams   []Stream `json:"streams"`
}

// Stream is what the users of one stream of requests saw in a whole run.
type Stream struct {
	Stream        string         `json:"stream"`
	Sent          int            `json:"sent"`
	Failed        int            `json:"failed"`
	Missing       int            `json:"missing"`                 // sent, but not in the record
	Disturbed     int            `json:"disturbed,omitempty"`     // failed while firedrill disturbed the recovered system: nobody is charged with them
	Unseen        float64        `json:"unseenSeconds,omitempty"` // of the incident, of which nothing is on record
	Classes       map[string]int `json:"classes"`                 // requests by class of their answer, ok included
	P50           float64        `json:"p50Seconds"`
	P95           float64        `json:"p95Seconds"`
	P99           float64        `json:"p99Seconds"`
	LongestOutage Outage         `json:"longestOutage"`
	Before        UsersPhase     `json:"before"` // the fault
	During        UsersPhase     `json:"during"` // from the fault to the recovery
	After         UsersPhase     `json:"after"`  // the recovery
	LastFailure   *time.Time     `json:"lastFailure,omitempty"`
	Conns         Conns          `json:"conns,omitempty"`  // by kind of connection: new, reused
	Budget        *Budget        `json:"budget,omitempty"` // nil where the run's journal does not tell
	Interval      float64        `json:"intervalSeconds,omitempty"`
	Series        []Bucket       `json:"series,omitempty"`
}

// Conns are requests by the kind of their connection.
type Conns map[string]UsersPhase

// sentence is "" where a run's journal does not tell.
func (c Conns) sentence() string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(c)) {
		p := c[kind]
		parts = append(parts, fmt.Sprintf("%s failed %s, p50 / p99 %s / %s", kind, p, milliseconds(p.P50), milliseconds(p.P99)))
	}
	if len(parts) == 0 {
		return ""
	}
	return "by connection: " + strings.Join(parts, "; ")
}

// Outage is the longest stretch between two good answers that holds a failure.
type Outage struct {
	From     *time.Time `json:"from,omitempty"`
	To       *time.Time `json:"to,omitempty"`
	Duration float64    `json:"seconds"`
	Open     bool       `json:"open,omitempty"` // no good answer since
}

// UsersPhase is a part of a run. Percentiles are of good answers, 0 without any.
type UsersPhase struct {
	Sent      int     `json:"sent"`
	Failed    int     `json:"failed"`
	ErrorRate float64 `json:"errorRate"`
	P50       float64 `json:"p50Seconds"`
	P99       float64 `json:"p99Seconds"`
}

// Budget is the error budget that the incident burned, from the fault on. What is not on
// record between the page and the verdict counts as failed, and what failed while firedrill
// disturbed the system to prove its recovery does not, as in the grade. An objective
// of 99.9 % over 28 days allows 40.3 minutes in which everything fails.
type Budget struct {
	Burned float64 `json:"burnedSeconds"` // as time in which every request fails
	Total  float64 `json:"totalSeconds"`
	Share  float64 `json:"share"` // burned by total; 1 is all of it
}

// Bucket is one interval of a stream's series.
type Bucket struct {
	At     time.Time `json:"at"`
	Sent   int       `json:"sent"`
	Failed int       `json:"failed"`
	P99    float64   `json:"p99Seconds"`
}

// journaled is the users' summary as the journal holds it, in nanoseconds.
type journaled struct {
	Streams []struct {
		Stream        string         `json:"stream"`
		Sent          int            `json:"sent"`
		Failed        int            `json:"failed"`
		Missing       int            `json:"missing"`
		Classes       map[string]int `json:"classes"`
		P50           time.Duration  `json:"p50"`
		P95           time.Duration  `json:"p95"`
		P99           time.Duration  `json:"p99"`
		LongestOutage struct {
			From     time.Time     `json:"from"`
			To       time.Time     `json:"to"`
			Duration time.Duration `json:"duration"`
			Open     bool          `json:"open"`
		} `json:"longestOutage"`
		Before      journaledPhase            `json:"before"`
		During      journaledPhase            `json:"during"`
		After       journaledPhase            `json:"after"`
		From        time.Time                 `json:"from"`
		To          time.Time                 `json:"to"`
		LastFailure time.Time                 `json:"lastFailure"`
		Conns       map[string]journaledPhase `json:"conns"`
		Incident    *incident                 `json:"incident"`
		Series      struct {
			Interval time.Duration `json:"interval"`
			Buckets  []struct {
				At     time.Time     `json:"at"`
				Sent   int           `json:"sent"`
				Failed int           `json:"failed"`
				P99    time.Duration `json:"p99"`
			} `json:"buckets"`
		} `json:"series"`
	} `json:"streams"`
}

type journaledPhase struct {
	Sent      int           `json:"sent"`
	Failed    int           `json:"failed"`
	ErrorRate float64       `json:"errorRate"`
	P50       time.Duration `json:"p50"`
	P99       time.Duration `json:"p99"`
}

func (p journaledPhase) told() UsersPhase {
	return UsersPhase{Sent: p.Sent, Failed: p.Failed, ErrorRate: p.ErrorRate, P50: p.P50.Seconds(), P99: p.P99.Seconds()}
}

// usersOf reads the summary of the journal; what it cannot read is not told. Gaps are the
// times off the clock, in which nobody counts requests; stood is how long they are in all.
func usersOf(data []byte, gaps []drill.Gap, stood time.Duration) *Users {
	var from journaled
	if len(data) == 0 || json.Unmarshal(data, &from) != nil || len(from.Streams) == 0 {
		return nil
	}
	u := &Users{}
	for _, s := range from.Streams {
		row := Stream{
			Stream: s.Stream, Sent: s.Sent, Failed: s.Failed, Missing: s.Missing, Classes: s.Classes,
			P50: s.P50.Seconds(), P95: s.P95.Seconds(), P99: s.P99.Seconds(),
			LongestOutage: Outage{
				From: momentOf(s.LongestOutage.From), To: momentOf(s.LongestOutage.To),
				Duration: s.LongestOutage.Duration.Seconds(), Open: s.LongestOutage.Open,
			},
			Before: s.Before.told(), During: s.During.told(), After: s.After.told(),
			LastFailure: momentOf(s.LastFailure), Interval: s.Series.Interval.Seconds(),
		}
		for kind, c := range s.Conns {
			if row.Conns == nil {
				row.Conns = Conns{}
			}
			row.Conns[kind] = c.told()
		}
		for _, b := range s.Series.Buckets {
			row.Series = append(row.Series, Bucket{At: b.At, Sent: b.Sent, Failed: b.Failed, P99: b.P99.Seconds()})
		}
		if span := s.To.Sub(s.From); s.Sent > 1 && span > 0 {
			rate := float64(s.Sent-1) / span.Seconds()
			lost := float64(s.During.Failed + s.After.Failed)
			if s.Incident != nil {
				unseen, _ := s.Incident.unseen(gaps)
				row.Unseen, row.Disturbed = unseen.Seconds(), s.Incident.Disturbed
				lost += max(float64(s.Incident.Missing)-stood.Seconds()*rate, row.Unseen*rate)
			}
			row.Budget = &Budget{Burned: max(lost-float64(row.Disturbed), 0) / rate}
		}
		u.Streams = append(u.Streams, row)
	}
	u.reckon(DefaultObjective)
	return u
}

func momentOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// SetObjective reckons the error budget anew, from another share of good answers:
// more than 0 and less than 1.
func (r *Report) SetObjective(share float64) {
	if r.Users != nil {
		r.Users.reckon(share)
	}
}

func (u *Users) reckon(objective float64) {
	u.Objective, u.Window = objective, BudgetWindow.Seconds()
	for _, s := range u.Streams {
		if s.Budget != nil {
			s.Budget.Total = (1 - objective) * BudgetWindow.Seconds()
			s.Budget.Share = s.Budget.Burned / s.Budget.Total
		}
	}
}
