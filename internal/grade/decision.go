package grade

import (
	"slices"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
)

// decision is a change of the rubric's kind. Without one in the rubric a recovery by a
// change of the trainee's is the decision.
func (g *grader) decision() line {
	l := line{text: "no decision is seen: the system was not changed", max: shareDecision, evidence: "timeline: no change by the trainee"}
	why, isRight := "a change that led to a recovery", timeline.Event.Changed
	if d := g.decisionOf(); d != nil {
		why, isRight = d.Sentence, func(e timeline.Event) bool { return e.MayHaveChanged() && g.matches(d.Match, e) }
	}
	var right []timeline.Event
	for _, e := range g.events {
		switch {
		case e.Actor != actorTrainee:
		case isRight(e):
			right = append(right, e)
			l.text, l.evidence, l.at = "a change of the right kind led to no recovery: "+why, evidence(e), e.Time
		case e.Changed() && len(right) == 0:
			l.text, l.evidence, l.at = "another decision would have been right: "+why, evidence(e), e.Time
		}
	}
	if e, ok := g.decided(right); ok {
		l.text, l.got, l.evidence, l.at = "the decision: "+why, shareDecision, evidence(e), e.Time
	} else if g.decisionOf() == nil && len(right) > 0 {
		l.text = "the changes led to no recovery"
	}
	return l
}

// decided picks the decision from changes of the right kind: a precaution, however the run
// ended, else the last change before the recovery, for wrong ones may have come first. What
// healed may also be seen to hold before the repair: then it is the first one.
func (g *grader) decided(right []timeline.Event) (timeline.Event, bool) {
	if g.decisionOf() != nil {
		if i := slices.IndexFunc(right, func(e timeline.Event) bool { return g.matches(g.Rubric.Precautions, e) }); i >= 0 {
			return right[i], true
		}
	}
	if !g.Recovered || len(right) == 0 {
		return timeline.Event{}, false
	}
	before := slices.IndexFunc(right, func(e timeline.Event) bool { return e.Time.After(g.RecoveredAt) })
	if before < 0 {
		before = len(right)
	}
	return right[max(before-1, 0)], true
}

// decisionOf is the rubric's decision, or nil.
func (g *grader) decisionOf() *scenario.Decision {
	if g.Rubric == nil {
		return nil
	}
	return g.Rubric.Decision
}
