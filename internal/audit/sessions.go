package audit

import (
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// goesOn is how long after a wait its next watch is taken for the same command.
const goesOn = 15 * time.Minute

// attaching is the longest a run waits for its container before it attaches to it.
const attaching = 5 * time.Minute

// watch handles a watch: the second half of get -w, rollout status or wait, or what
// a command does while it waits for its own effect.
func (f *folder) watch(r *request) []timeline.Event {
	if f.afterEffect(r) || f.watchGoesOn(r) {
		return nil
	}
	name := r.field("metadata.name")
	first := f.consume(r, func(p *pending) bool {
		return p.Target.Resource == r.Resource && p.Target.Namespace == r.Namespace && (p.List || p.Target.Name == name)
	})
	r.Name = name
	if r.informed() && name != "" && r.kubectl {
		verb := "wait"
		if rolls(r.Resource) && first != nil && !first.List && r.command != verb {
			verb = "rollout status"
		}
		f.remember(r, verb, "")
		return []timeline.Event{tell(newEvent(r, verb))}
	}
	verb := "get"
	if r.Resource == "events" {
		verb = "events"
	}
	e := newEvent(r, verb)
	e.Detail = "watch"
	if first != nil {
		e.Time, e.ID = first.Event.Time, first.Event.ID
	}
	return []timeline.Event{tell(e)}
}

// informed tells a watch of client-go's informers, which wait for a condition, from
// one that shows what it sees.
func (r *request) informed() bool {
	return r.query.has(paramWatchBookmarks) || r.query.has(paramInitialEvents)
}

// watchGoesOn: an informer's watch ends after some minutes and begins again, and wait
// takes one object after the other.
func (f *folder) watchGoesOn(r *request) bool {
	if !r.informed() || f.find(r, func(p *pending) bool { return p.Target.Resource == r.Resource }) != nil {
		return false
	}
	return f.recall(r, isWait, goesOn, func(a *recent) bool {
		return a.Target.Resource == r.Resource && a.Target.Namespace == r.Namespace
	}) != nil
}

func rolls(resource string) bool {
	return resource == "deployments" || resource == "daemonsets" || resource == "statefulsets"
}

// sessionVerbs are kubectl's names of the subresources that stay open.
var sessionVerbs = map[string]string{ //nolint:gochecknoglobals // a constant table
	"log": "logs", "exec": "exec", "attach": "attach", "portforward": "port-forward", "proxy": "proxy",
}

// session handles logs, exec, attach, port-forward and proxy. A kubectl tries exec
// over a websocket and then over SPDY, and follows a log again, without reading the
// pod again as a new command does: that is told once.
func (f *folder) session(r *request) []timeline.Event {
	f.dumping(r) // a dump goes on with the next namespace after its logs
	first := f.consume(r, func(p *pending) bool { return p.begins(r) })
	if first == nil && f.attaches(r) {
		return nil
	}
	verb, command := sessionVerbs[r.Subresource], r.query.command
	if verb == "exec" && isCopy(command) {
		verb = "cp"
	}
	e := newEvent(r, verb)
	e.Detail = sessionDetail(r, command)
	// What a bypass does in a container nobody's rights allow; of a trainee's own session
	// nobody can say whether it changed anything.
	e.Writes = r.actor == ActorAdmin && r.acts()
	if first == nil && r.kubectl && f.again(r, verb, e.Detail) {
		return nil
	}
	f.remember(r, verb, e.Detail)
	switch {
	case verb == "cp" && unpacks(tarMode(command)):
		f.released(r)
	case verb == "exec" && r.kubectl && !e.Writes && asksForFolder(command):
		return f.hold(r, e)
	}
	return []timeline.Event{tell(e)}
}

// begins tells whether a read is the first step of a session: of its pod, of the pods
// of a selector, or of what the pods belong to.
func (p *pending) begins(r *request) bool {
	switch {
	case p.Pods:
		return true
	case p.Describe, p.History, p.Event.Verb == "top": // a command of its own, just before
		return false
	case p.Target.Resource != r.Resource || p.Target.Namespace != r.Namespace:
		return false
	case p.List:
		return !p.Paged
	}
	return p.Target.Name == r.Name
}

// again tells whether a session was begun just before.
func (f *folder) again(r *request, verb, detail string) bool {
	a := f.recall(r, isSession, 2*window, func(a *recent) bool { return a.Verb == verb && a.Key == detail && r.of(a.Target) })
	if a == nil {
		return false
	}
	f.goOn(a, r)
	return true
}

// attaches: run and debug attach to their container once it runs, and read its logs
// when it has ended. Unlike attach and logs they do not read the pod before.
func (f *folder) attaches(r *request) bool {
	if r.Subresource != "attach" && r.Subresource != "log" {
		return false
	}
	a := f.recall(r, isRun|isDebug, attaching, func(a *recent) bool { return sameName(r, a) })
	if a == nil {
		return false
	}
	f.goOn(a, r)
	return true
}

func sessionDetail(r *request, command []string) string {
	var parts []string
	if r.query.previous {
		parts = append(parts, "previous")
	}
	if r.query.follow {
		parts = append(parts, "follow")
	}
	if container := r.query.container; container != "" {
		parts = append(parts, "container="+clip(container, 63))
	}
	if len(command) > 0 {
		parts = append(parts, "command: "+redactCommand(command))
	}
	return join(parts)
}

// ask handles questions about one's own rights and identity.
func (f *folder) ask(r *request) []timeline.Event {
	verb := "auth can-i"
	if r.Resource == "selfsubjectreviews" {
		verb = "auth whoami"
	}
	e := newEvent(r, verb)
	e.Writes, e.Name = false, ""
	e.Detail = questionDetail(r)
	if f.recall(r, isQuestion, window, func(a *recent) bool {
		again := a.Code == 404 && r.code == 404 // in an older version of the API
		return a.Verb == verb && a.Key == e.Detail && (again || between(a.Last, r) <= tight)
	}) != nil {
		return nil
	}
	f.remember(r, verb, e.Detail)
	return []timeline.Event{tell(e)}
}

// drains recognises the list of a node's pods with which kubectl drain begins, after
// it has read or cordoned the node.
func (f *folder) drains(r *request) (string, bool) {
	node := r.field("spec.nodeName")
	if node == "" || r.Resource != "pods" || r.Namespace != "" || r.query.fields != "spec.nodeName="+node {
		return "", false
	}
	target := objectRef{Resource: "nodes", Name: node}
	ours := func(t objectRef) bool { return t.Resource == target.Resource && t.Name == target.Name }
	if p := f.consume(r, func(p *pending) bool { return ours(p.Target) && p.Count == 1 && p.soon(r) }); p != nil {
		return node, true
	}
	cordoned := f.recall(r, isCordon, loose, func(a *recent) bool { return ours(a.Target) })
	return node, cordoned != nil || f.drainsNext(r, node)
}

// drainsNext: a drain of several nodes reads and cordons them all at its beginning, and
// lists the next one's pods once those of the one before are gone.
func (f *folder) drainsNext(r *request, node string) bool {
	again := f.recall(r, isDrain, polling, func(a *recent) bool { return a.Key == node }) != nil
	return !again && f.recall(r, isDrain, goesOn, anyAction) != nil && f.recall(r, isDrain|isEvict|isDelete, tight, anyAction) != nil
}

// drain tells of a drain that begins. Its evictions are told one by one.
func (f *folder) drain(r *request, node string) timeline.Event {
	r.objectRef = objectRef{Resource: "nodes", Name: node, APIGroup: ""}
	f.remember(r, "drain", node)
	e := newEvent(r, "drain")
	e.Writes = true
	return tell(e)
}

// draining returns the node whose drain is under way, "" when none is.
func (f *folder) draining(r *request) string {
	a := f.recall(r, isDrain, polling, anyAction)
	if a == nil {
		return ""
	}
	f.goOn(a, r)
	return a.Key
}

// resourceIn tells whether a resource is one of a few.
func resourceIn(resource string, of ...string) bool { return slices.Contains(of, resource) }

const (
	// proxyVerb remembers that somebody asks through kubectl proxy.
	proxyVerb = "kubectl proxy"
	// proxyOpen is how long a proxy through which nobody asks counts as the same one.
	proxyOpen = 10 * time.Minute
)

// proxy tells once that somebody asks through kubectl proxy; what is asked is told beside.
func (f *folder) proxy(r *request) []timeline.Event {
	if open := f.recall(r, kindOf(proxyVerb), proxyOpen, func(a *recent) bool { return a.Verb == proxyVerb }); open != nil {
		f.goOn(open, r)
		return nil
	}
	f.remember(r, proxyVerb, "")
	return []timeline.Event{tell(timeline.Event{
		Time: r.received, ID: "0-" + r.id(), // before what is asked by it
		Source: timeline.SourceAudit, Actor: r.actor, Verb: "proxy", Detail: "API server",
	})}
}
