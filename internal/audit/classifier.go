package audit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"regexp"
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/timeline"
)

// Actors of timeline events.
const (
	ActorTrainee = "trainee"
	ActorAdmin   = "admin" // a bypass: the cluster's admin or the referee, used by something that is not the tool
)

const (
	// UserPrefix and the run's ID make the name of a trainee's identity.
	UserPrefix = "trainee:"
	// ToolAgent is the user agent of the tool's own clients, whole: client-go makes one of its
	// own of a program's name, so a kubectl that is called firedrill is "firedrill/v1.37.0 (...)".
	// What the referee changes, and what "firedrill up" looks at with the admin's identity, is
	// told from a bypass by this. A write with the admin's identity is always shown.
	ToolAgent = "firedrill"

	adminUser      = "kubernetes-admin"
	superAdminUser = "kubernetes-super-admin"
	refereeUser    = "firedrill:referee" // cluster.RefereeUser
)

const (
	// window is how long a read waits for what it may turn out to be part of.
	window = time.Second
	// slowly is the window once kubectl has fetched the API's schema, which takes it
	// long to read.
	slowly = 3 * time.Second
	// tight is the most that passes between two requests of one kubectl process, where
	// nothing but the time tells that from two commands. Measured: up to 35 ms within
	// a process, from 75 ms between two processes of a shell script, on two busy cores.
	tight = 50 * time.Millisecond
	// loose is the same where a mistake would do no harm, or is unlikely.
	loose = 3 * tight
	// backwards is how far the API server's clock may jump back before what waits is
	// given out.
	backwards = 5 * time.Second
)

var (
	// userKey and userName are how the API server writes who asked, before and behind the
	// bracket. Nothing that a client sends can look like it before the real one: quotes in
	// strings are escaped.
	userKey  = []byte(`"user":`)      //nolint:gochecknoglobals // constant
	userName = []byte(`"username":"`) //nolint:gochecknoglobals // constant
	// admins begin the names kubernetes-admin and kubernetes-super-admin.
	admins = []byte("kubernetes-") //nolint:gochecknoglobals // constant
	// referee is how the user field of the referee's lines goes on, toolAgent the user agent's
	// field of the tool's.
	referee   = []byte(refereeUser + `"`)                 //nolint:gochecknoglobals // constant
	toolAgent = []byte(`"userAgent":"` + ToolAgent + `"`) //nolint:gochecknoglobals // constant
)

// Stats counts what a Classifier has seen.
type Stats struct {
	Lines    int // all
	Relevant int // of the trainee or the admin
	Bad      int // of them, not readable
}

// Classifier makes timeline events of audit lines, for one run. What it returns
// depends only on the lines and their own times; Flush's clock says when to stop
// waiting. It is not safe for concurrent use. Memory is bounded.
type Classifier struct {
	run     string
	trainee []byte // how the user field of the trainee's lines goes on
	stats   Stats
	reader  reader
	folder  folder
	seen    seenLines
	clock   time.Time // newest time of a request
}

// NewClassifier returns a classifier of the actions of the trainee of the given run,
// whose namespace has the run's name.
func NewClassifier(run string) *Classifier {
	return &Classifier{
		run:     run,
		trainee: []byte(UserPrefix + run + `"`),
		reader:  newReader(),
		seen:    seenLines{seed: maphash.MakeSeed()},
	}
}

// Line takes one line of the log, in order, and returns the events it completes.
// What is not about the run, not readable or a repetition gives none.
func (c *Classifier) Line(line []byte) []timeline.Event {
	c.stats.Lines++
	actor := c.actor(line)
	if actor == "" || c.seen.add(line) {
		return nil
	}
	c.stats.Relevant++
	rec, err := c.reader.decode(line)
	if err != nil {
		c.stats.Bad++
		return nil
	}
	if !rec.final() || !c.owns(rec, actor) {
		return nil
	}
	r := c.reader.newRequest(rec, actor)
	if actor == ActorAdmin && !c.concerns(r) {
		return nil
	}
	var events []timeline.Event
	if r.received.Before(c.clock.Add(-backwards)) {
		events, c.clock = c.folder.rest(), r.received
	}
	if r.received.After(c.clock) {
		c.clock = r.received
	}
	events = joined(events, c.folder.expire(c.clock))
	return joined(events, c.folder.take(r))
}

// joined is append, without a copy where there is nothing to append to.
func joined(events, more []timeline.Event) []timeline.Event {
	if len(events) == 0 {
		return more
	}
	return append(events, more...)
}

// actor is the fast path: most lines of a log are nobody's business, and are dropped
// before any decoding.
func (c *Classifier) actor(line []byte) string {
	for {
		at := bytes.IndexByte(line, '{') // rarer than what is before it
		if at < 0 {
			return ""
		}
		before := line[:at]
		line = line[at+1:]
		if !bytes.HasSuffix(before, userKey) || !bytes.HasPrefix(line, userName) {
			continue
		}
		switch name := line[len(userName):]; {
		case bytes.HasPrefix(name, c.trainee):
			return ActorTrainee
		case bytes.HasPrefix(name, admins):
			return ActorAdmin
		case bytes.HasPrefix(name, referee) && !bytes.Contains(name, toolAgent):
			return ActorAdmin
		}
	}
}

// owns verifies what the fast path guessed: the name may stand elsewhere in a line.
func (c *Classifier) owns(rec *record, actor string) bool {
	if actor == ActorTrainee {
		return rec.User.Username == UserPrefix+c.run
	}
	if rec.User.Username == refereeUser {
		return rec.UserAgent != ToolAgent
	}
	return rec.User.Username == adminUser || rec.User.Username == superAdminUser
}

// concerns tells whether what a bypass did touches the run: its namespace, a node, a
// list of all namespaces, or an act anywhere but in another run's namespace: a privileged
// pod of any namespace reaches the node it runs on.
func (c *Classifier) concerns(r *request) bool {
	switch {
	case r.tool && !r.acts():
		return false
	case r.Namespace == c.run, r.Resource == "nodes", r.list() && r.Namespace == "" && r.Resource != "" && namespaced(r):
		return true
	case r.Resource == "namespaces":
		// To make one that bears a run's name, or to relabel one, is a way to hide in it.
		return r.Name == c.run || r.writes() && (r.verb != "delete" || !namedAsRun.MatchString(r.Name))
	}
	return r.acts() && !namedAsRun.MatchString(r.Namespace)
}

// namedAsRun matches the names of runs, and so of their namespaces, as session.NewID
// makes them.
var namedAsRun = regexp.MustCompile(`-[a-kmnp-z2-9]{5}$`)

// acts tells whether a request does something: it writes, or opens a session in a container,
// which is a get when it goes over a websocket.
func (r *request) acts() bool {
	return r.writes() || resourceIn(r.Subresource, "exec", "attach")
}

// Flush returns the events that have waited long enough for more of their kind. It is
// to be called every few hundred milliseconds. Only differences between the times it
// is given count, so this host's clock and the API server's may disagree.
func (c *Classifier) Flush(now time.Time) []timeline.Event { return sorted(c.folder.flush(now)) }

// Rest returns everything that still waits: no more lines will come.
func (c *Classifier) Rest() []timeline.Event { return sorted(c.folder.rest()) }

// Waiting tells whether Flush may have something to return later.
func (c *Classifier) Waiting() bool { return len(c.folder.Pending) > 0 }

// Stats returns what was seen so far.
func (c *Classifier) Stats() Stats { return c.stats }

// classifierState is what a Classifier carries from one line to the next.
type classifierState struct {
	Clock  time.Time `json:"clock"`
	Folder *folder   `json:"folder"`
}

// State returns what the classifier carries from one line to the next, for Restore.
func (c *Classifier) State() (json.RawMessage, error) {
	data, err := json.Marshal(classifierState{Clock: c.clock, Folder: &c.folder})
	if err != nil {
		return nil, fmt.Errorf("save the audit classifier: %w", err)
	}
	return data, nil
}

// Restore takes up a State: the next line goes on from there.
func (c *Classifier) Restore(state json.RawMessage) error {
	if len(state) == 0 {
		return nil
	}
	saved := classifierState{Folder: &folder{}}
	if err := json.Unmarshal(state, &saved); err != nil {
		return fmt.Errorf("restore the audit classifier: %w", err)
	}
	if saved.Folder == nil {
		saved.Folder = &folder{}
	}
	c.clock, c.folder = saved.Clock, *saved.Folder
	c.folder.restored()
	return nil
}

func sorted(events []timeline.Event) []timeline.Event {
	slices.SortStableFunc(events, func(a, b timeline.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	return events
}
