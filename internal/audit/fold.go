package audit

import (
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

const (
	// maxPending bounds the reads that wait; the oldest is given out early.
	maxPending = 64
	// maxItems bounds the names kept of one describe.
	maxItems = 64
)

// pending is a read that may turn out to be the beginning of something else: every
// kubectl command begins by reading what it acts on.
type pending struct {
	Target   objectRef      `json:"target"`
	Client   string         `json:"client"`
	Command  string         `json:"command,omitempty"` // of kubectl, where its name tells
	Event    timeline.Event `json:"event"`             // what is told when nothing else comes
	Last     time.Time      `json:"last"`              // when its last request was answered
	List     bool           `json:"list,omitempty"`
	Paged    bool           `json:"paged,omitempty"`
	Count    int            `json:"count"`              // how often the same object was read
	Describe bool           `json:"describe,omitempty"` // its events were read too
	History  bool           `json:"history,omitempty"`  // its revisions were read
	Items    []string       `json:"items,omitempty"`    // read one by one after a list
	Others   []string       `json:"others,omitempty"`   // resources listed by the same command
	Pods     bool           `json:"pods,omitempty"`     // its pods were looked up: logs deployment/x
	About    bool           `json:"about,omitempty"`    // it asks of the API itself
	Slow     bool           `json:"slow,omitempty"`     // the next step may take a while: the schema was fetched
	Beside   bool           `json:"beside,omitempty"`   // what a describe lists beside its object may come next
	Held     bool           `json:"held,omitempty"`     // no read: a session that may be the first step of a cp

	idle time.Time // Flush's clock when it was first seen to wait
}

// folder puts the requests of one command together again. Reads wait for a short
// time; what writes is never held back.
type folder struct {
	Pending []*pending `json:"pending,omitempty"` // oldest first
	Recent  []*recent  `json:"recent,omitempty"`  // oldest first

	newest newest     // of Recent
	spare  []*pending // given out, to be used again
}

// take adds a request and returns the events that are certain by it.
func (f *folder) take(r *request) []timeline.Event {
	if r.proxied {
		return joined(f.proxy(r), f.asked(r))
	}
	return f.asked(r)
}

// asked is take for what a request asks for itself.
func (f *folder) asked(r *request) []timeline.Event {
	if r.Resource == "" {
		return f.discovery(r)
	}
	f.beganWork(r)
	switch {
	case r.asks():
		return f.ask(r)
	case longRunning[r.Subresource]:
		return f.session(r)
	case r.writes():
		return f.write(r)
	case r.verb == "watch":
		return f.watch(r)
	}
	return f.read(r)
}

// expire gives out what waited longer than the window, by the requests' own clock.
func (f *folder) expire(clock time.Time) []timeline.Event {
	return f.release(func(p *pending) bool { return clock.Sub(p.Last) > p.window() })
}

// flush gives out what waited longer than the window by the caller's clock.
func (f *folder) flush(now time.Time) []timeline.Event {
	return f.release(func(p *pending) bool {
		if p.idle.IsZero() || now.Before(p.idle) {
			p.idle = now
		}
		return now.Sub(p.idle) > p.window()
	})
}

// rest gives out everything.
func (f *folder) rest() []timeline.Event {
	return f.release(func(*pending) bool { return true })
}

func (f *folder) release(over func(*pending) bool) []timeline.Event {
	var events []timeline.Event
	f.Pending = slices.DeleteFunc(f.Pending, func(p *pending) bool {
		if !over(p) {
			return false
		}
		if e, ok := p.event(); ok {
			events = append(events, e)
		}
		f.spare = append(f.spare, p)
		return true
	})
	return events
}

// unused is the place of a read that was given out, or a new one.
func (f *folder) unused() *pending {
	last := len(f.spare) - 1
	if last < 0 {
		return new(pending)
	}
	p := f.spare[last]
	f.spare = f.spare[:last]
	return p
}

// wait adds a read that waits.
func (f *folder) wait(r *request) []timeline.Event {
	p := f.unused()
	*p = pending{
		Target: r.objectRef, Client: r.client, Command: r.command, Event: newEvent(r, "get"), Last: r.done,
		List: r.list(), Paged: r.paged(), Count: 1, Slow: r.code == 429,
	}
	f.Pending = append(f.Pending, p)
	if len(f.Pending) <= maxPending {
		return nil
	}
	oldest := f.Pending[0]
	f.Pending[0] = nil
	f.Pending = f.Pending[1:]
	if e, ok := oldest.event(); ok {
		return []timeline.Event{e}
	}
	return nil
}

// extend makes a request part of a read that waits.
func (p *pending) extend(r *request) {
	p.Last, p.idle = later(p.Last, r.done), time.Time{}
}

// find returns the newest waiting read of a request's client that fits.
func (f *folder) find(r *request, fits func(*pending) bool) *pending {
	for _, p := range slices.Backward(f.Pending) {
		if p.Client == r.client && !p.Held && fits(p) {
			return p
		}
	}
	return nil
}

// consume takes away the newest waiting read that fits: it was the first step of the
// request. It returns nil when there is none.
func (f *folder) consume(r *request, fits func(*pending) bool) *pending {
	p := f.find(r, fits)
	if p != nil {
		f.Pending = slices.DeleteFunc(f.Pending, func(q *pending) bool { return p == q })
	}
	return p
}

// window is how long the read waits.
func (p *pending) window() time.Duration {
	if p.Slow {
		return slowly
	}
	return window
}

// near tells whether a request follows the read so closely that the same process must
// have sent it.
func (p *pending) near(r *request) bool { return between(p.Last, r) <= tight }

// soon is near, where a mistake would do no harm.
func (p *pending) soon(r *request) bool { return between(p.Last, r) <= loose }

// between is the time from an answer to a request; requests sent side by side count
// as following at once.
func between(last time.Time, r *request) time.Duration { return max(0, r.received.Sub(last)) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
