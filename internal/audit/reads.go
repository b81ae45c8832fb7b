package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

const (
	// throttled is the time between two requests of a kubectl that describes many
	// objects: its client limits itself to 5 requests a second.
	throttled = 400 * time.Millisecond
	// polling is the longest pause of a kubectl drain between two looks at a pod.
	polling = 12 * time.Second
	// schemaVerb remembers that the API's schema was fetched.
	schemaVerb = "openapi"
	// schemaUsed is the key of a schema of which it is known what it was fetched for.
	schemaUsed = "used"
)

// read handles get and list: it is part of a command under way, or a new one.
func (f *folder) read(r *request) []timeline.Event {
	if f.retried(r) || f.nextPage(r) {
		return nil
	}
	if r.APIGroup == "metrics.k8s.io" {
		return f.top(r)
	}
	if events, ok := f.clusterInfo(r); ok {
		return events
	}
	if node, ok := f.drains(r); ok {
		return []timeline.Event{f.drain(r, node)}
	}
	for _, rule := range []func(*request) bool{
		f.afterEffect, f.namespaceOfMissing, f.readAgain, f.describedItem, f.eventsOf, f.history,
		f.podsOf, f.drained, f.passedOver, f.informer, f.prefix, f.detail, f.together,
	} {
		if rule(r) {
			return nil
		}
	}
	events := f.wait(r)
	p := f.Pending[len(f.Pending)-1]
	switch {
	case r.Resource == "events":
		p.Event = newEvent(r, "events")
	case r.get() && f.applies(r):
		p.Event = newEvent(r, "apply")
		p.Event.Detail, p.Slow = "no change", true
	}
	return events
}

// applies: an apply that finds nothing to change fetches the schema and reads its objects,
// each right after the one before. Whatever comes later is another command.
func (f *folder) applies(r *request) bool {
	schema := f.recall(r, isSchema, slowly, anyAction)
	if schema == nil || schema.Key == schemaUsed && between(schema.Last, r) > tight {
		return false
	}
	f.useSchema(schema, r)
	return true
}

// useSchema notes that a request's command is the one that fetched the schema.
func (f *folder) useSchema(schema *recent, r *request) {
	schema.Key = schemaUsed
	f.goOn(schema, r)
}

// retried: a client asks again, after the second that it is told to wait, when the API
// server has too much to do.
func (f *folder) retried(r *request) bool {
	p := f.find(r, func(p *pending) bool {
		return p.Event.Code == 429 && p.Target == r.objectRef && p.List == r.list()
	})
	if p == nil {
		return false
	}
	p.Event.Code = r.code
	p.extend(r)
	return true
}

// nextPage: a long list comes in pages, of which nobody asks for one alone.
func (f *folder) nextPage(r *request) bool {
	if !r.list() || !r.query.has(paramContinue) {
		return false
	}
	p := f.find(r, func(p *pending) bool { return p.List && p.Target == r.objectRef })
	if p == nil {
		return false
	}
	p.extend(r)
	return true
}

// top reads the metrics API; top nodes lists the nodes after it.
func (f *folder) top(r *request) []timeline.Event {
	events := f.wait(r)
	p := f.Pending[len(f.Pending)-1]
	p.Event, p.Describe = newEvent(r, "top"), false
	p.Count = 2 // what it reads beside belongs to it
	return events
}

// some shortens a list of names.
func some(names []string) []string {
	const most = 4
	if len(names) <= most {
		return names
	}
	return append(slices.Clone(names[:most]), fmt.Sprintf("%d more", len(names)-most))
}

// event is what a read turned out to be.
func (p *pending) event() (timeline.Event, bool) {
	e := p.Event
	become := func(verb string) {
		if e.Verb == "apply" {
			e.Detail = "" // that nothing was changed
		}
		e.Verb = verb
	}
	switch {
	case e.Verb == "top" || e.Verb == "events" || p.About:
	case p.History && !p.Describe:
		become("rollout history")
	case p.Describe, p.Count > 1 && p.Target.Resource != "pods":
		become("describe")
		if e.Name == "" && len(p.Items) == 1 {
			e.Name = p.Items[0]
		}
		if e.Name == "" && len(p.Items) > 1 {
			e.Detail = join(some(p.Items))
		}
	case len(p.Others) > 0:
		for _, other := range p.Others {
			e.Resource += "," + other
		}
	}
	e.Verb, e.Detail = p.named(e.Verb, e.Detail)
	e.Text = sentence(e)
	return e, true
}

// onlyRead are the commands that begin with a read and may ask for nothing more, and what is to
// be said of them then. One without a name is told as get.
var onlyRead = map[string]struct{ verb, detail string }{ //nolint:gochecknoglobals // a constant table
	"wait":                {verb: "wait"},
	"set-env":             {"set", "no change"}, // --list
	"edit":                {"edit", "opened"},   // what is saved later is a write
	"certificate-approve": {"certificate", "approve"},
	"certificate-deny":    {"certificate", "deny"},
}

// named is the verb of a read that came to nothing else, by the command that asked for it.
func (p *pending) named(verb, detail string) (named, full string) {
	as, known := onlyRead[p.Command]
	if !known || verb != "get" {
		return verb, detail
	}
	return as.verb, join([]string{as.detail, detail})
}
