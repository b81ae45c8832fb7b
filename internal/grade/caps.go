package grade

import (
	"slices"
	"strings"

	"github.com/firedrill/firedrill/internal/timeline"
)

// refereeNamespace is where the referee's ownership and the users' prober are.
const refereeNamespace = "firedrill-system"

// cap is the lowest bound that anything puts on the total, or nil.
func (g *grader) cap() *Cap {
	var lowest *Cap
	add := func(at float64, reason, why string) {
		if lowest == nil || at < lowest.At {
			lowest = &Cap{At: at, Reason: reason, Evidence: why}
		}
	}
	if !g.didAnything() {
		add(capNothing, "nothing was done", "timeline: no action between the page and the verdict")
	}
	for _, e := range g.events {
		if at, reason := g.forbidden(e); reason != "" {
			add(at, reason, evidence(e))
		}
	}
	if !g.Recovered {
		add(capOpen, "the system was not recovered", "verdict: "+g.Verdict)
	}
	return lowest
}

// controlPlane tells whether a node is one of the cluster's control plane, by kind's names.
func (g *grader) controlPlane(node string) bool {
	return g.Cluster != "" && strings.HasPrefix(node, g.Cluster+"-control-plane")
}

// didAnything tells whether anybody did or told anything between the page and the verdict.
// A gap in the audit log is nobody's doing, and a resolution after the verdict comes too late.
func (g *grader) didAnything() bool {
	return slices.ContainsFunc(g.events, func(e timeline.Event) bool { return e.Actor == actorTrainee || e.Actor == actorAdmin }) ||
		slices.ContainsFunc(g.told, func(e Entry) bool { return !e.At.After(g.Decided) })
}

// forbidden tells whether an event is one that no repair needs, and what it caps.
// What the API server refused did no harm, and is no more than a line of the report.
func (g *grader) forbidden(e timeline.Event) (at float64, reason string) {
	switch {
	case !e.Changed():
		return 0, ""
	case e.Source == timeline.SourceNode && g.controlPlane(e.Name):
		return capReferee, "the control plane's node was changed from inside: the referee and the users' prober run there"
	case e.Namespace == refereeNamespace, e.Resource == "namespaces" && e.Name == refereeNamespace:
		return capReferee, "the referee's namespace was touched: the users are measured from there"
	case e.Verb == "delete" && e.Resource == "namespaces" && e.Name == g.Run:
		return capNamespace, "the drill's namespace was deleted"
	case e.Actor == actorAdmin:
		return capAdmin, "the administrator's kubeconfig, or the referee's, was used: a change that nobody's rights allow"
	}
	return 0, ""
}
