package audit

import (
	"math/bits"
	"time"
)

// maxRecent bounds the actions whose after-effects are still recognised.
const maxRecent = 256

// recent is an action that was given out already, whose command may still be
// waiting for its effect.
type recent struct {
	Target objectRef `json:"target"`
	Client string    `json:"client"`
	Verb   string    `json:"verb"`
	Key    string    `json:"key,omitempty"` // what makes a repetition the same
	Code   int       `json:"code,omitempty"`
	Last   time.Time `json:"last"`

	kind kind // of Verb
}

// kind is a set of verbs that are looked for together.
type kind uint16

const (
	isEvict kind = 1 << iota
	isDelete
	isRun
	isDebug
	isDrain
	isCordon
	isApply
	isSchema
	isWait
	isSession
	isQuestion
	isDump
	isOther
	kinds = iota
	isAny = 1<<kinds - 1
)

func kindOf(verb string) kind {
	switch verb {
	case "evict":
		return isEvict
	case "delete":
		return isDelete
	case "run":
		return isRun
	case "debug":
		return isDebug
	case "drain":
		return isDrain
	case "cordon":
		return isCordon
	case "apply":
		return isApply
	case schemaVerb:
		return isSchema
	case "wait", "rollout status":
		return isWait
	case "logs", "exec", "cp", "attach", "port-forward", "proxy":
		return isSession
	case "auth can-i", "auth whoami":
		return isQuestion
	case dumpVerb:
		return isDump
	}
	return isOther
}

// newest is when the last action of each kind was answered, or later: it says at once
// that there is none to look for.
type newest [kinds]time.Time

func (n *newest) note(a *recent) {
	at := &n[bits.TrailingZeros16(uint16(a.kind))]
	*at = later(*at, a.Last)
}

// since tells whether there may be an action of one of some kinds since then.
func (n *newest) since(of kind, then time.Time) bool {
	for ; of != 0; of &= of - 1 {
		if !n[bits.TrailingZeros16(uint16(of))].Before(then) {
			return true
		}
	}
	return false
}

// remember keeps an action whose command may go on.
func (f *folder) remember(r *request, verb, key string) {
	a := new(recent)
	if len(f.Recent) >= maxRecent {
		a, f.Recent[0] = f.Recent[0], nil // the oldest one's place
		f.Recent = f.Recent[1:]
	}
	*a = recent{Target: r.objectRef, Client: r.client, Verb: verb, Key: key, Code: r.code, Last: r.done, kind: kindOf(verb)}
	f.Recent = append(f.Recent, a)
	f.newest.note(a)
}

// goOn notes that an action's command was still at work.
func (f *folder) goOn(a *recent, r *request) {
	a.Last = later(a.Last, r.done)
	f.newest.note(a)
}

// recall returns the newest action of a request's client that is of one of some kinds,
// fits and is not older than within.
func (f *folder) recall(r *request, of kind, within time.Duration, fits func(*recent) bool) *recent {
	then := r.received.Add(-within)
	if !f.newest.since(of, then) {
		return nil
	}
	for at := len(f.Recent) - 1; at >= 0; at-- {
		if a := f.Recent[at]; a.kind&of != 0 && a.Client == r.client && !a.Last.Before(then) && fits(a) {
			return a
		}
	}
	return nil
}

func anyAction(*recent) bool { return true }

// restored makes what is not kept of the actions that are.
func (f *folder) restored() {
	f.Recent = f.Recent[max(0, len(f.Recent)-maxRecent):]
	f.newest = newest{}
	for _, a := range f.Recent {
		a.kind = kindOf(a.Verb)
		f.newest.note(a)
	}
}
