package audit

// detail: describe reads more about its object: replica sets, endpoints, leases, quotas.
func (f *folder) detail(r *request) bool {
	quotas := resourceIn(r.Resource, "resourcequotas", "limitranges")
	about := r.get() || f.topping(r) || r.selective() || quotas
	p := f.find(r, func(p *pending) bool {
		if quotas && p.Target.Resource != "namespaces" { // of which alone a describe lists them
			return false
		}
		return p.beside(r) || about && p.goesOn(r)
	})
	if p == nil {
		return false
	}
	if quotas {
		p.Describe = true
	}
	p.Beside = p.Beside && !p.beside(r) // it is listed once for each object
	p.extend(r)
	return true
}

// goesOn tells whether a describe or a top may go on with a request.
func (p *pending) goesOn(r *request) bool {
	switch {
	case p.Count <= 1 && !p.Describe:
		return false
	case p.Event.Verb == "top":
		return p.tops(r)
	}
	return p.near(r) || p.soon(r) && !r.get() // the next command begins with a get
}

// besides are what describe lists whole beside an object, of which it shows what belongs
// to the object: the pods that use a claim and, until kubectl 1.32 at least, the tokens of a
// ServiceAccount. The same list by a person would earn them a look that they did not take.
var besides = map[string]string{ //nolint:gochecknoglobals // a constant table
	"persistentvolumeclaims": "pods",
	"serviceaccounts":        "secrets",
}

// unthrottled is how many objects a kubectl describes before its client limits itself,
// where it sends two requests for each: ten come at once.
const unthrottled = 5

// beside tells whether a request is the list that describe makes beside p's object, right
// after it has read it.
func (p *pending) beside(r *request) bool {
	switch {
	case !r.list() || !r.paged() || r.selective() || r.APIGroup != "" || besides[p.Target.Resource] != r.Resource:
		return false
	case r.Namespace == "" || p.Target.Namespace != "" && p.Target.Namespace != r.Namespace:
		return false
	case !p.Beside && !r.query.has(paramContinue):
		return false
	}
	return p.near(r) || len(p.Items) >= unthrottled && p.within(r)
}
