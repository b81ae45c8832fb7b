// Package grade rates a run as a senior interviewer would: whether it was fixed, how,
// and what it cost the users. Everything is a pure function of what the journal tells;
// every point names the check result or the event that earned it.
package grade

import (
	"encoding/json"
	"slices"
	"time"
)

// Grade is the rating of one run.
type Grade struct {
	Total     float64 `json:"total"`     // 0 to 100, after the cap
	Process   float64 `json:"process"`   // 0 to 10: signals read in order, acknowledged, diagnosed, told, resolved
	Technical float64 `json:"technical"` // 0 to 10: root cause, recovery, safeguards, users
	Parts     []Part  `json:"parts"`
	Capped    *Cap    `json:"capped,omitempty"`

	Well       []Line `json:"well"`       // what was done well
	Missed     []Line `json:"missed"`     // what was missed
	Production []Line `json:"production"` // what production-grade looks like, next to what was done
}

// Rating is one of the two marks out of ten.
type Rating struct {
	Key, Name string
	Of10      float64
}

// Ratings are the marks of which a part has weight: an instructor may weigh all of a mark's
// parts as nothing.
func (g *Grade) Ratings() []Rating {
	var all []Rating
	for _, r := range []struct {
		Rating
		parts []string
	}{
		{Rating{"process", "process", g.Process}, []string{PartProcess, PartTime}},
		{Rating{"technical", "technical depth", g.Technical}, []string{PartRootCause, PartRecovery, PartSafeguards, PartUsers}},
	} {
		if slices.ContainsFunc(g.Parts, func(p Part) bool { return slices.Contains(r.parts, p.Name) }) {
			all = append(all, r.Rating)
		}
	}
	return all
}

// MarshalJSON leaves out a mark that is not among the Ratings.
func (g *Grade) MarshalJSON() ([]byte, error) {
	type plain Grade
	marks := map[string]*float64{}
	for _, r := range g.Ratings() {
		marks[r.Key] = &r.Of10
	}
	return json.Marshal(struct {
		Total     float64  `json:"total"`
		Process   *float64 `json:"process,omitempty"`
		Technical *float64 `json:"technical,omitempty"`
		*plain
	}{g.Total, marks["process"], marks["technical"], (*plain)(g)})
}

// Part is one heading of the rubric, with the lines that make up its points.
type Part struct {
	Name  string  `json:"name"` // root-cause, recovery, safeguards, users, time, process
	Got   float64 `json:"points"`
	Max   float64 `json:"max"`
	Lines []Line  `json:"lines"`
}

// Line is one judgement and what it rests on.
type Line struct {
	Text     string     `json:"text"`
	Got      float64    `json:"points"`
	Max      float64    `json:"max"`
	Evidence string     `json:"evidence"` // the event's ID and sentence, or the check's ID and evidence
	At       *time.Time `json:"at,omitempty"`
}

// Cap is a bound that a forbidden action or a missing recovery puts on the total.
type Cap struct {
	At       float64 `json:"at"` // the total cannot be more
	Reason   string  `json:"reason"`
	Evidence string  `json:"evidence"`
}
