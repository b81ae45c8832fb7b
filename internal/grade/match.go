package grade

import (
	"cmp"
	"net/http"
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

// Matches tells whether an event is one of those that a run's rubric names. What failed is
// none: nothing was read, or changed. Only to look for what is not there tells something.
func Matches(run string, all []scenario.Match, e timeline.Event) bool {
	if e.Code >= 400 && (e.Writes || e.Code != http.StatusNotFound) {
		return false
	}
	return slices.ContainsFunc(all, func(m scenario.Match) bool { return matches(run, m, e) })
}

func (g *grader) matches(all []scenario.Match, e timeline.Event) bool { return Matches(g.Run, all, e) }

func matches(run string, m scenario.Match, e timeline.Event) bool {
	if m.Shell != "" {
		return e.Source == timeline.SourceNode && contains(m.Shell, e) && named(m.Name, e)
	}
	switch {
	case !slices.Contains(m.Verbs, verbOf(e)),
		len(m.Resources) > 0 && !concerns(m.Resources, e.Resource),
		!lies(cmp.Or(m.Namespace, run), e),
		m.One && e.Name == "",
		e.Code >= 400 && !absent(m, e),
		m.Previous && (!strings.Contains(e.Detail, "previous") || e.Code >= 400), // there was none to read
		m.Detail != "" && !contains(m.Detail, e):
		return false
	}
	return named(m.Name, e)
}

// verbOf is an event's verb. An editor that was opened, and "set env --list", only show an object
// (internal/audit, onlyRead).
func verbOf(e timeline.Event) string {
	if !e.Writes && (e.Verb == "edit" && e.Detail == "opened" || e.Verb == "set" && e.Detail == "no change") {
		return "get"
	}
	return e.Verb
}

// absent tells whether an object that was not found could be the one that is missing. A pod
// has a name that its controller draws: one that is not there is a slip of the pen.
func absent(m scenario.Match, e timeline.Event) bool {
	return !concerns([]string{"pods", "replicasets"}, e.Resource) && (m.Name == "" || m.Name == e.Name)
}

// lies tells whether an event is about a namespace, or about all of them. The audit log
// gives a namespace its own name as the one it lies in.
func lies(namespace string, e timeline.Event) bool {
	return e.Namespace == "" || e.Namespace == namespace || e.Resource == "namespaces"
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
