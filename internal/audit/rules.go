package audit

import "slices"

// afterEffect: kubectl delete, drain and run look at their object until it is gone or there.
func (f *folder) afterEffect(r *request) bool {
	name, within := r.Name, loose
	if one := r.field("metadata.name"); one != "" { // newer API servers have it as the name, too
		name, within = one, window // as no person asks
	}
	if name == "" {
		return false
	}
	a := f.recall(r, isEvict|isDelete|isRun, polling, func(a *recent) bool {
		same := a.Target.Resource == r.Resource && a.Target.Namespace == r.Namespace && a.Target.Name == name
		switch a.Verb {
		case "evict": // looked at again and again
			return same
		case "delete", "run":
			return same && between(a.Last, r) <= within
		}
		return false
	})
	if a == nil {
		return false
	}
	if a.Code != 429 || r.code == 404 { // a drain looks before it asks again, since kubectl 1.37
		a.Code = r.code
	}
	f.goOn(a, r)
	return true
}

// namespaceOfMissing: when an object is not found, kubectl looks whether its namespace is.
func (f *folder) namespaceOfMissing(r *request) bool {
	if !r.get() || r.Resource != "namespaces" {
		return false
	}
	if p := f.find(r, func(p *pending) bool {
		return p.Event.Code == 404 && p.Target.Namespace == r.Name
	}); p != nil {
		p.extend(r)
		return true
	}
	return f.recall(r, isAny, loose, func(a *recent) bool {
		return a.Code == 404 && a.Target.Namespace == r.Name
	}) != nil
}

// readAgain: describe and rollout history read their object twice, and scale its scale.
func (f *folder) readAgain(r *request) bool {
	p := f.find(r, func(p *pending) bool {
		return r.get() && !p.List && r.of(p.Target) && (p.near(r) || r.Subresource == "scale")
	})
	if p == nil {
		return false
	}
	p.Count++
	p.Beside = true
	p.extend(r)
	return true
}

// describedItem: describe of several objects lists them, then reads each.
func (f *folder) describedItem(r *request) bool {
	if !r.get() {
		return false
	}
	p := f.find(r, func(p *pending) bool {
		return p.Target.Resource == r.Resource && p.Target.APIGroup == r.APIGroup && (p.List || p.Describe) && p.within(r) &&
			(p.Target.Namespace == r.Namespace || p.Target.Namespace == "")
	})
	if p == nil {
		return false
	}
	p.Describe, p.Beside = true, true
	if len(p.Items) < maxItems && !slices.Contains(p.Items, r.Name) {
		p.Items = append(p.Items, r.Name)
	}
	p.extend(r)
	return true
}

// within tells whether a request is soon enough after p to belong to it.
func (p *pending) within(r *request) bool {
	if p.Describe {
		return between(p.Last, r) <= throttled
	}
	return p.near(r)
}

// eventsOf: describe reads the events of its object, and only describe asks for them
// by the object's UID.
func (f *folder) eventsOf(r *request) bool {
	name := r.field("involvedObject.name")
	if r.Resource != "events" || name == "" || r.field("involvedObject.uid") == "" {
		return false
	}
	p := f.find(r, func(p *pending) bool { return p.Target.Name == name || slices.Contains(p.Items, name) })
	if p == nil {
		return false
	}
	p.Describe, p.Beside = true, false // the events come last
	f.first(r, p)
	p.extend(r)
	f.firstList(r, p)
	return true
}

// firstList joins the list from which a describe takes its objects: it reads each of
// them once, and one that was named twice.
func (f *folder) firstList(r *request, p *pending) {
	if p.Count > 1 || p.List {
		return
	}
	list := f.find(r, func(q *pending) bool {
		return q.List && q.Target.Resource == p.Target.Resource && q.Target.APIGroup == p.Target.APIGroup &&
			(q.Target.Namespace == p.Target.Namespace || q.Target.Namespace == "")
	})
	if list == nil {
		return
	}
	list.Describe, list.Items = true, append(list.Items, p.Target.Name)
	list.extend(r)
	f.consume(r, func(q *pending) bool { return q == p })
}

// history: rollout history and undo read their object twice, then its revisions, and
// not in pages as describe does.
func (f *folder) history(r *request) bool {
	if !r.list() || r.paged() || r.Resource != "replicasets" && r.Resource != "controllerrevisions" {
		return false
	}
	p := f.find(r, func(p *pending) bool { return !p.List && !p.Describe && rolls(p.Target.Resource) })
	if p == nil {
		return false
	}
	p.History = true
	f.first(r, p)
	p.extend(r)
	return true
}

// first joins the first of the two reads with which describe and history begin, where
// the second came too late to be known as one.
func (f *folder) first(r *request, p *pending) {
	if p.Count > 1 || p.List {
		return
	}
	first := f.consume(r, func(q *pending) bool { return q != p && !q.List && q.Target == p.Target })
	if first != nil {
		p.Count += first.Count
		p.Event.Time, p.Event.ID = first.Event.Time, first.Event.ID
	}
}

// podsOf: logs, exec and port-forward of a workload or a service look up its pods.
func (f *folder) podsOf(r *request) bool {
	if r.Resource != "pods" {
		return false
	}
	p := f.find(r, func(p *pending) bool {
		if p.List || p.Count > 1 || p.Target.Resource == "pods" {
			return false
		}
		return p.Pods && r.get() && p.soon(r) || r.list() && !r.paged() && r.query.labels != ""
	})
	if p == nil {
		return false
	}
	p.Pods = true
	p.extend(r)
	return true
}

// informer: older kubectls list an object by name before they watch it (rollout
// status, wait).
func (f *folder) informer(r *request) bool {
	name := r.field("metadata.name")
	if !r.list() || name == "" || !r.query.has(paramResourceVersion) {
		return false
	}
	p := f.find(r, func(p *pending) bool {
		return p.Target.Resource == r.Resource && p.Target.Namespace == r.Namespace && (p.List || p.Target.Name == name)
	})
	if p == nil {
		return false
	}
	p.extend(r)
	return true
}

// prefix: describe of a name that does not exist tries it as the beginning of one.
func (f *folder) prefix(r *request) bool {
	p := f.find(r, func(p *pending) bool {
		return r.list() && r.paged() && !r.selective() && p.Event.Code == 404 &&
			p.Target.Resource == r.Resource && p.Target.Namespace == r.Namespace && p.soon(r)
	})
	if p == nil {
		return false
	}
	p.Describe = true
	p.Event.Code = r.code
	p.extend(r)
	return true
}

// topping tells whether a top is under way: it lists the pods when there are no metrics
// of them.
func (f *folder) topping(r *request) bool {
	return f.find(r, func(p *pending) bool { return p.tops(r) }) != nil
}

// tops tells whether a request belongs to a top: it lists what the metrics are about.
func (p *pending) tops(r *request) bool {
	return p.Event.Verb == "top" && p.soon(r) && r.list() && resourceIn(r.Resource, "pods", "nodes")
}

// drained: a drain that gives up looks which pods are left.
func (f *folder) drained(r *request) bool {
	node := r.field("spec.nodeName")
	if node == "" || !r.list() {
		return false
	}
	a := f.recall(r, isDrain, polling, func(a *recent) bool { return a.Key == node })
	if a == nil {
		return false
	}
	f.goOn(a, r)
	return true
}

// passedOver: a drain reads the DaemonSet of each pod that it leaves alone, one right after
// the other.
func (f *folder) passedOver(r *request) bool {
	if !r.get() || r.Resource != "daemonsets" {
		return false
	}
	a := f.recall(r, isDrain, tight, anyAction)
	if a == nil {
		return false
	}
	f.goOn(a, r)
	return true
}

// together: get of several resources lists one after the other.
func (f *folder) together(r *request) bool {
	if !r.list() || !r.paged() {
		return false
	}
	p := f.find(r, func(p *pending) bool {
		return p.List && p.Paged && len(p.Items) == 0 && p.Event.Verb == "get" && p.soon(r) &&
			p.Target.Resource != r.Resource && !slices.Contains(p.Others, r.Resource)
	})
	if p == nil {
		return false
	}
	p.Others = append(p.Others, r.Resource)
	p.extend(r)
	return true
}
