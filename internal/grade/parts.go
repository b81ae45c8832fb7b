package grade

import (
	"fmt"
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// diagnosis is the last one before the verdict, which counts.
func (g *grader) diagnosis() (Entry, bool) {
	for _, e := range slices.Backward(g.told) {
		if e.Verb == VerbDiagnose {
			return e, true
		}
	}
	return Entry{}, false
}

// firstLike is the diagnosis from which on nothing else was said: to repeat it costs no time.
func (g *grader) firstLike(last Entry) Entry {
	first := last
	for _, e := range slices.Backward(g.told) {
		switch {
		case e.Verb != VerbDiagnose:
		case e.Class == last.Class && e.Object == last.Object && e.Mechanism == last.Mechanism:
			first = e
		default:
			return first
		}
	}
	return first
}

// diagnosed tells whether class, object and mechanism of the last diagnosis are right.
func (g *grader) diagnosed() bool {
	e, ok := g.diagnosis()
	return ok && g.Diagnosis != nil && g.Diagnosis.RightClass(e.Class) && e.Object == g.Diagnosis.Object && e.Mechanism == g.Diagnosis.Mechanism
}

// Diagnosed tells whether the last diagnosis before the verdict is right in all of its
// parts. It is not known where there was none, and where nobody says what was wrong.
func (in *Input) Diagnosed() (right, known bool) {
	g := &grader{Input: *in, told: in.entries()}
	_, given := g.diagnosis()
	return g.diagnosed(), given && in.Diagnosis != nil
}

func (g *grader) rootCause() []line {
	if g.Diagnosis == nil {
		return nil
	}
	e, given := g.diagnosis()
	rows := []struct {
		what, got, want string
		right           bool
		share           float64
	}{
		{"class", e.Class, g.Diagnosis.Class, g.Diagnosis.RightClass(e.Class), shareClass},
		{"object", e.Object, g.Diagnosis.Object, e.Object == g.Diagnosis.Object, shareObject},
		{"mechanism", e.Mechanism, g.Diagnosis.Mechanism, e.Mechanism == g.Diagnosis.Mechanism, shareMechanism},
	}
	lines := make([]line, 0, len(rows))
	for _, r := range rows {
		l := line{max: r.share}
		switch {
		case !given:
			l.text = fmt.Sprintf("no diagnosis: the %s was %s", r.what, r.want)
			l.evidence = "journal: no diagnose before the verdict"
		case r.right:
			l.text, l.got = fmt.Sprintf("the %s is right: %s", r.what, r.got), r.share
			l.evidence, l.at = entryEvidence(e, r.got), e.At
		default:
			l.text = fmt.Sprintf("the %s was %s, not %s", r.what, r.want, r.got)
			l.evidence, l.at = entryEvidence(e, r.got), e.At
		}
		lines = append(lines, l)
	}
	return lines
}

func (g *grader) recovery() []line {
	l := line{max: 1, evidence: "verdict: " + g.Verdict + g.checksSeen(), at: g.Decided}
	if g.Recovered {
		l.text, l.got = "the system recovered, and the recovery held", 1
	} else {
		l.text = "the system was not recovered"
	}
	return []line{l}
}

// checksSeen are the results that the verdict rests on: of a recovery every check's, else
// those of the checks that did not pass.
func (g *grader) checksSeen() string {
	text := ""
	for _, c := range g.Checks {
		if g.Recovered || !c.Passed {
			text += "; check " + c.ID + ": " + c.Reason
		}
	}
	return text
}

// safeguardsSeen are the safeguards' results in the same way. One that could not be
// observed in the end is neither held nor broken: it is evidence of nothing.
func (g *grader) safeguardsSeen() string {
	text := ""
	for _, s := range g.Safeguards {
		if !s.Unknown && (g.Recovered || !s.Held) {
			text += "; safeguard " + s.ID + ": " + s.Reason
		}
	}
	return text
}

// safeguards earn nothing by themselves: what was kept counts next to a recovery.
func (g *grader) safeguards() []line {
	verdict := line{max: 1, evidence: "verdict: " + g.Verdict + g.safeguardsSeen(), at: g.Decided}
	if !g.Recovered {
		verdict.text = "safeguards count next to a recovery: there was none"
		return slices.Concat([]line{verdict}, g.broken(0), g.unsafe(0))
	}
	verdict.text, verdict.got = fmt.Sprintf("all %d safeguards hold in the end", len(g.Safeguards)), 1
	return slices.Concat([]line{verdict}, g.broken(brokenShare), g.unsafe(brokenShare))
}

// unsafe lists what the rubric calls unsafe and the trainee did, each kind once, at a cost.
func (g *grader) unsafe(cost float64) []line {
	if g.Rubric == nil {
		return nil
	}
	var lines []line
	for _, u := range g.Rubric.Unsafe {
		i := slices.IndexFunc(g.events, func(e timeline.Event) bool {
			return e.Actor == actorTrainee && e.MayHaveChanged() && g.matches(u.Match, e)
		})
		if i >= 0 {
			lines = append(lines, line{text: "unsafe: " + u.Sentence, got: -cost, evidence: evidence(g.events[i]), at: g.events[i].Time})
		}
	}
	return lines
}

// broken lists what was broken on the way, each safeguard once, at a cost.
func (g *grader) broken(cost float64) []line {
	var lines []line
	seen := map[string]bool{}
	for _, b := range g.Broken {
		if seen[b.ID] || g.Rubric != nil && slices.Contains(g.Rubric.MayBreak, b.ID) {
			continue
		}
		seen[b.ID] = true
		lines = append(lines, line{
			text: b.ID + " was broken on the way: " + b.Sentence, got: -cost,
			evidence: "journal " + b.Entry + ": state: " + b.ID + ": " + b.Reason, at: b.At,
		})
	}
	return lines
}

func (g *grader) users() []line {
	if !g.Traffic {
		return nil
	}
	requests, outage := line{max: shareRequests}, line{max: shareOutage}
	u := g.Users
	switch {
	case u == nil || u.Sent == 0:
		requests.text, requests.evidence = "nothing is known of the users' requests", "users: no record"
		outage.text, outage.evidence = "nothing is known of the users' outages", "users: no record"
	case !g.Recovered:
		requests.text = fmt.Sprintf("%s, and nothing ended it", u.lost())
		outage.text = fmt.Sprintf("the longest outage was %s, and nothing ended it", u.LongestOutage.Round(time.Second))
		requests.evidence, outage.evidence = u.evidence(), u.evidence()
	default:
		budget := budgetShare * u.Rate * g.Limit.Seconds()
		burned := float64(u.Failed+u.Missing) / max(budget, 1)
		requests.text = fmt.Sprintf("%s: %.0f %% of the incident's error budget of %.0f", u.lost(), 100*burned, budget)
		requests.got = shareRequests * falling(burned, 1, everyRequest/budgetShare)
		outage.text = fmt.Sprintf("the longest outage was %s of a time limit of %s", u.LongestOutage.Round(time.Second), g.Limit)
		outage.got = shareOutage * falling(u.LongestOutage.Seconds()/max(g.Limit.Seconds(), 1), budgetShare, everyRequest)
		requests.evidence, outage.evidence = u.evidence(), u.evidence()
	}
	return []line{requests, outage}
}

// lost tells what was not served. What is missing counts as failed: a prober that died, or
// that somebody stopped, must not make the users look happy.
func (u *Users) lost() string {
	if u.Missing > 0 {
		return fmt.Sprintf("%d of %d requests failed, and %d are not in the record, which counts as failed", u.Failed, u.Sent+u.Missing, u.Missing)
	}
	return fmt.Sprintf("%d of %d requests failed", u.Failed, u.Sent)
}

func (u *Users) evidence() string {
	return fmt.Sprintf("users, from the page to the verdict: %s, longest outage %s", u.lost(), u.LongestOutage.Round(100*time.Millisecond))
}

// times are judged against the table of thresholds.
func (g *grader) times() []line {
	ack := g.timed("acknowledged", shareAck, ackThreshold, time.Time{}, "journal: no ack")
	if e, ok := g.first(VerbAck); ok {
		ack = g.timed("acknowledged", shareAck, ackThreshold, e.At, entryEvidence(e, "acknowledged"))
	}
	diagnosed := g.timed("diagnosed", shareDiagnosed, diagnosedThreshold, time.Time{}, "journal: no diagnose that is right in all of its parts")
	if e, ok := g.diagnosis(); ok && (g.diagnosed() || g.Diagnosis == nil) {
		e = g.firstLike(e)
		diagnosed = g.timed("diagnosed", shareDiagnosed, diagnosedThreshold, e.At, entryEvidence(e, e.Mechanism))
	}
	return []line{ack, diagnosed, g.mitigated()}
}

// mitigated earns next to a recovery only: a wrong fix may serve the users for a while.
func (g *grader) mitigated() line {
	at, why := g.Mitigated()
	l := g.timed("mitigated", shareMitigated, mitigatedThreshold, at, why)
	if !g.Recovered && !at.IsZero() {
		l.got, l.text = 0, fmt.Sprintf("the users were served again after %s, by no repair that held", g.elapsed(at).Round(time.Second))
	}
	return l
}

func (g *grader) timed(what string, share float64, t threshold, at time.Time, why string) line {
	full, _ := t.bounds(g.Limit)
	l := line{text: "not " + what, max: share, evidence: why, at: at}
	if at.IsZero() {
		return l
	}
	took := g.elapsed(at)
	l.got = share * t.share(took, g.Limit)
	l.text = fmt.Sprintf("%s after %s (all points up to %s)", what, took.Round(time.Second), full.Round(time.Second))
	return l
}

func (g *grader) first(verb string) (Entry, bool) {
	i := slices.IndexFunc(g.told, func(e Entry) bool { return e.Verb == verb })
	if i < 0 {
		return Entry{}, false
	}
	return g.told[i], true
}
