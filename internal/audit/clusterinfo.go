package audit

import "github.com/firedrill/firedrill/internal/timeline"

const (
	verbClusterInfo = "cluster-info"
	// dumpVerb remembers that a cluster-info dump is under way.
	dumpVerb = "cluster-info dump"
	// clusterServices is the selector of cluster-info's only list.
	clusterServices = "kubernetes.io/cluster-service=true"
)

// dumped is what a dump lists after the nodes.
var dumped = []string{ //nolint:gochecknoglobals // a constant table
	"namespaces", "events", "replicationcontrollers", "services", "daemonsets", "deployments", "replicasets", "pods",
}

// clusterInfo recognises cluster-info and its dump by what they list: all at once, where get
// and describe ask for pages. A dump lists the nodes, then what is in each namespace, and
// reads the logs of its pods, which are told as logs.
func (f *folder) clusterInfo(r *request) ([]timeline.Event, bool) {
	if !r.list() || r.paged() || !r.kubectl {
		return nil, false
	}
	if r.Resource == "services" && r.query.labels == clusterServices {
		return []timeline.Event{clusterEvent(r, "")}, true
	}
	if r.selective() || !resourceIn(r.Resource, dumped...) {
		return nil, false
	}
	if f.dumping(r) {
		return nil, true
	}
	if !resourceIn(r.Resource, "events", "namespaces") { // the second list of a dump
		return nil, false
	}
	nodes := f.consume(r, func(p *pending) bool { return p.List && !p.Paged && p.Target.Resource == "nodes" && p.soon(r) })
	if nodes == nil {
		return nil, false
	}
	f.remember(r, dumpVerb, "")
	e := clusterEvent(r, "dump")
	e.Time, e.ID, e.Code = nodes.Event.Time, nodes.Event.ID, nodes.Event.Code
	return []timeline.Event{e}, true
}

// clusterEvent is about no resource in particular.
func clusterEvent(r *request, detail string) timeline.Event {
	e := newEvent(r, verbClusterInfo)
	e.Resource, e.Namespace, e.Detail = "", "", detail
	return tell(e)
}

// dumping tells whether a request belongs to a dump that is under way, and that it goes on. A
// long log takes a while.
func (f *folder) dumping(r *request) bool {
	dump := f.recall(r, isDump, slowly, anyAction)
	if dump != nil {
		f.goOn(dump, r)
	}
	return dump != nil
}
