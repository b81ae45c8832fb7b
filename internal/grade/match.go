package grade

import (
	"regexp"
	"slices"
	"strings"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
)

// actorTrainee and actorAdmin are the actors of timeline events (internal/audit).
const (
	actorTrainee = "trainee"
	actorAdmin   = "admin"
)

// Matches tells whether an event is one of those that a rubric names. What the API
// server refused is none, nor is a change that failed; to look for what is not there tells something.
func Matches(all []scenario.Match, e timeline.Event) bool {
	if e.Code == 401 || e.Code == 403 || e.Writes && e.Code >= 400 {
		return false
	}
	return slices.ContainsFunc(all, func(m scenario.Match) bool { return matches(m, e) })
}

func matches(m scenario.Match, e timeline.Event) bool {
	if m.Shell != "" {
		return e.Source == timeline.SourceNode && contains(m.Shell, e) && named(m.Name, e)
	}
	switch {
	case !slices.Contains(m.Verbs, e.Verb),
		len(m.Resources) > 0 && !concerns(m.Resources, e.Resource),
		m.Namespace != "" && e.Namespace != "" && m.Namespace != e.Namespace,
		m.One && e.Name == "",
		m.Previous && (!strings.Contains(e.Detail, "previous") || e.Code >= 400), // there was none to read
		m.Detail != "" && !contains(m.Detail, e):
		return false
	}
	return named(m.Name, e)
}

// concerns tells whether an event's resources, of which one command may have several, are
// among the wanted ones.
func concerns(wanted []string, got string) bool {
	for resource := range strings.SplitSeq(got, ",") {
		if base, _, _ := strings.Cut(resource, "/"); slices.Contains(wanted, base) {
			return true
		}
	}
	return false
}

// named tells whether an event is about an object of the name, of a name that goes on
// with a dash as pods' do, or about all of them.
func named(name string, e timeline.Event) bool {
	return name == "" || e.Name == "" || e.Name == name || strings.HasPrefix(e.Name, name+"-")
}

// contains looks for an expression in what is known of an event. One that does not
// compile matches nothing: the scenario's lint says so.
func contains(pattern string, e timeline.Event) bool {
	re, err := regexp.Compile(pattern)
	return err == nil && (re.MatchString(e.Detail) || re.MatchString(e.Text))
}

// changed tells whether an event changed the system.
func changed(e timeline.Event) bool { return e.Writes && e.Code < 400 }
