package grade

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
)

// seen is a signal with the event that read it.
type seen struct {
	scenario.Signal
	event timeline.Event
	read  bool
	late  bool // first read after the first write
	place int  // of the event, in time
}

// firstWrite is the place of the trainee's first change of the system that is no
// precaution, or the number of events.
func (g *grader) firstWrite() int {
	i := slices.IndexFunc(g.events, func(e timeline.Event) bool {
		return e.Actor == actorTrainee && e.Changed() && (g.Rubric == nil || !g.matches(g.Rubric.Precautions, e))
	})
	if i < 0 {
		return len(g.events)
	}
	return i
}

// signals finds, for each signal of the rubric, the first event that reads it.
func (g *grader) signals() []seen {
	if g.Rubric == nil {
		return nil
	}
	write := g.firstWrite()
	var all []seen
	for _, s := range g.Rubric.Signals {
		found := seen{Signal: s}
		for i, e := range g.events {
			if e.Actor == actorTrainee && g.matches(s.Match, e) {
				found.event, found.read, found.late, found.place = e, true, i > write, i
				break
			}
		}
		all = append(all, found)
	}
	return all
}

func (g *grader) process() []line {
	signals := g.signals()
	total := 0
	for _, s := range signals {
		total += s.Weight
	}
	var lines []line
	for _, s := range signals {
		lines = append(lines, s.line(shareSignals*float64(s.Weight)/float64(total)))
	}
	if total > 0 {
		lines = append(lines, g.order(total))
	}
	lines = append(lines, g.acknowledged(), g.severity(), g.notes(), g.decision(), g.resolved())
	if total == 0 { // no signals to be read: their shares go to being there and telling
		for i := range lines {
			lines[i].got /= 1 - shareSignals - shareOrder
			lines[i].max /= 1 - shareSignals - shareOrder
		}
	}
	return lines
}

func (s seen) line(share float64) line {
	l := line{max: share}
	switch {
	case !s.read:
		l.text, l.evidence = "not read: "+s.Sentence, "timeline: no event of the signal "+s.Name
		return l
	case s.late:
		l.text, l.got = "read only after the first change: "+s.Sentence, share*lateShare
	default:
		l.text, l.got = "read: "+s.Sentence, share
	}
	l.evidence, l.at = evidence(s.event), s.event.Time
	return l
}

// order is the heaviest chain of signals that were read before the first change in the
// rubric's order. A chain only ever grows with more events.
func (g *grader) order(total int) line {
	l := line{max: shareOrder, text: "no signal was read before the first change", evidence: "timeline: no event of a signal"}
	chain, links := g.longestChain(g.firstWrite())
	if chain == 0 {
		return l
	}
	l.got = shareOrder * float64(chain) / float64(total)
	var names, events []string
	for _, link := range links {
		names = append(names, link.Name)
		events = append(events, link.Name+" by "+string(link.event.Source)+" "+link.event.ID)
	}
	l.text = "read in the order in which they pay: " + strings.Join(names, ", ")
	l.evidence, l.at = "timeline: "+strings.Join(events, ", "), links[len(links)-1].event.Time
	return l
}

// longestChain weighs every chain of events before a place that read signals in the
// rubric's order, and returns the heaviest.
func (g *grader) longestChain(before int) (weight int, links []seen) {
	type chain struct {
		weight int
		links  []seen
	}
	best := make([]chain, len(g.Rubric.Signals)+1) // best[k]: of the first k signals
	for _, e := range g.events[:before] {
		if e.Actor != actorTrainee {
			continue
		}
		for k := len(g.Rubric.Signals); k > 0; k-- { // from the last: one event is one link
			s := g.Rubric.Signals[k-1]
			if !g.matches(s.Match, e) {
				continue
			}
			if longer := best[k-1].weight + s.Weight; longer > best[k].weight {
				best[k] = chain{longer, append(slices.Clone(best[k-1].links), seen{Signal: s, event: e})}
			}
		}
		for k := 1; k < len(best); k++ {
			if best[k-1].weight > best[k].weight {
				best[k] = best[k-1]
			}
		}
	}
	last := best[len(best)-1]
	return last.weight, last.links
}

func (g *grader) acknowledged() line {
	e, ok := g.first(VerbAck)
	if !ok {
		return line{text: "nobody acknowledged the page", max: shareTold, evidence: "journal: no ack"}
	}
	return line{text: "the page was acknowledged", got: shareTold, max: shareTold, evidence: entryEvidence(e, "acknowledged"), at: e.At}
}

// severity is right when it is the page's, and worth half when it is one off: a
// severity that was set too high is put right by the next one.
func (g *grader) severity() line {
	l := line{text: "no severity was set", max: shareSeverity, evidence: "journal: no severity"}
	for _, e := range g.told {
		if e.Verb != VerbSeverity {
			continue
		}
		l.evidence, l.at = entryEvidence(e, e.Severity+": "+e.Text), e.At
		switch distance(e.Severity, g.Severity) {
		case 0:
			l.text, l.got = "the severity was set to "+e.Severity, shareSeverity
		case 1:
			l.text, l.got = fmt.Sprintf("the severity was set to %s, the page says %s", e.Severity, g.Severity), shareSeverity/2
		default:
			l.text, l.got = fmt.Sprintf("the severity was set to %s, the page says %s", e.Severity, g.Severity), 0
		}
	}
	return l
}

// distance is how many steps apart two severities are; a page that names none fits all.
func distance(a, b string) int {
	if b == "" || a == "" {
		return 0
	}
	d := int(a[len(a)-1]) - int(b[len(b)-1])
	return max(d, -d)
}

func (g *grader) notes() line {
	l := line{text: "nobody was told how it stands", max: shareNotes, evidence: "journal: no note"}
	n := 0
	for _, e := range g.told {
		if e.Verb != VerbNote {
			continue
		}
		n++
		l.evidence, l.at = entryEvidence(e, e.Text), e.At
		l.text = fmt.Sprintf("%d status updates were written, %d make a log", n, enoughNotes)
	}
	l.got = shareNotes * float64(min(n, enoughNotes)) / enoughNotes
	return l
}

// resolved needs what was done, and what is left to do, of an incident that was. Said before
// anything was done it is no more than a wish.
func (g *grader) resolved() line {
	l := line{text: "the incident was not resolved with a word of what was done", max: shareResolve, evidence: "journal: no resolve"}
	for _, e := range slices.Backward(g.told) {
		if e.Verb != VerbResolve {
			continue
		}
		l.evidence, l.at = entryEvidence(e, e.Kind+": "+e.Text), e.At
		l.text = "resolved as " + e.Kind
		switch {
		case !g.Recovered:
			l.text += ", and the system was not recovered"
		case g.tooEarly(e.At):
			l.text += " before anything was done"
		case e.FollowUp == "":
			l.text, l.got = l.text+", without a follow-up", shareResolve/2
		default:
			l.text, l.got = l.text+", with a follow-up", shareResolve
		}
		return l
	}
	return l
}

// tooEarly tells whether a time lies before the recovery and before whatever the trainee did
// that may have changed something.
func (g *grader) tooEarly(at time.Time) bool {
	acts := func(e timeline.Event) bool { return e.Actor == actorTrainee && e.MayHaveChanged() && !e.Time.After(at) }
	return at.Before(g.RecoveredAt) && !slices.ContainsFunc(g.events, acts)
}
