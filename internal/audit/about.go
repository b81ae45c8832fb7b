package audit

import (
	"bytes"
	"slices"
	"strings"

	"github.com/firedrill/firedrill/internal/timeline"
)

// Commands that ask of the API itself. Every other one may ask the same before its work,
// so they are told only when nothing else follows.
const (
	verbVersion   = "version"
	verbResources = "api-resources"
	verbVersions  = "api-versions"
	verbExplain   = "explain"
)

// noMetrics is the detail of a top that found nobody to ask.
const noMetrics = "no metrics"

// aboutAPI is the command that asks for a path and for nothing else; "" when there is none.
func aboutAPI(path []byte) string {
	switch {
	case bytes.HasPrefix(path, []byte("/openapi/")):
		return verbExplain
	case bytes.Equal(path, []byte("/api")), bytes.Equal(path, []byte("/apis")):
		return verbResources
	case bytes.Equal(path, []byte("/version")):
		return verbVersion
	}
	return ""
}

// discovery handles requests that name no resource. Most are the beginning of a command; a
// schema that is fetched before an object is read tells an apply that changed nothing from
// a get. Other programs than kubectl ask all the time, whatever their user does.
func (f *folder) discovery(r *request) []timeline.Event {
	schema := r.about == verbExplain
	if schema {
		f.remember(r, schemaVerb, "")
	}
	goesOn := func(p *pending) bool {
		return between(p.Last, r) <= window && (schema || p.About || p.soon(r))
	}
	if p := f.find(r, goesOn); p != nil {
		p.goOnAbout(r)
		return nil
	}
	if r.about == "" || !r.kubectl || r.actor != ActorTrainee {
		return nil
	}
	events := f.wait(r)
	p := f.Pending[len(f.Pending)-1]
	p.About, p.Slow = true, true // a command that goes on may take a while, to read a schema above all
	p.Event = newEvent(r, r.about)
	switch {
	case r.about != verbResources:
	case r.command == verbVersions:
		p.Event.Verb = verbVersions
	case strings.HasPrefix(r.command, "top-"): // it looks whether there are metrics, and goes on when there are
		p.Event.Verb, p.Event.Detail = "top", noMetrics
	}
	return events
}

// goOnAbout makes a request that names no resource part of a read that waits.
func (p *pending) goOnAbout(r *request) {
	if r.about == verbExplain {
		p.Slow = true // the next step of p's command may take a while
	}
	if p.About && (r.about == verbExplain || p.Event.Verb == verbVersion && r.about != "") {
		p.Event.Verb = r.about // the one that asks for the most
	}
	p.extend(r)
}

// beganWork drops what was asked of the API before: it was the first step of the request. The
// version may have been asked for by a program of its own, which then chose the kubectl of that
// version.
func (f *folder) beganWork(r *request) {
	f.Pending = slices.DeleteFunc(f.Pending, func(p *pending) bool {
		return p.About && between(p.Last, r) <= p.window() &&
			(p.Client == r.client || p.Event.Verb == verbVersion && p.Event.Actor == r.actor)
	})
}
