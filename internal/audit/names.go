package audit

import (
	"bytes"
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"
)

const (
	// nameSlots bounds the names that are kept, and maxName the length of each.
	nameSlots = 1024
	maxName   = 128
	// maxAgain bounds what is compared with the line before.
	maxAgain = 1024
)

// nameTable makes strings of bytes, and the same string again for the same bytes: a log
// names the same verbs, resources, objects and programs over and over. It keeps none that
// JSON would write otherwise, so one that is in it stands for itself.
type nameTable struct {
	seed  maphash.Seed
	slots [nameSlots]string
}

// of is the string of some bytes.
func (n *nameTable) of(name []byte) string {
	slot := n.slot(name)
	if *slot == string(name) {
		return *slot
	}
	return n.keep(slot, name)
}

// slot is where a name stands, if it is there.
func (n *nameTable) slot(name []byte) *string {
	return &n.slots[maphash.Bytes(n.seed, name)%nameSlots]
}

func (n *nameTable) keep(slot *string, name []byte) string {
	s := string(name)
	if len(s) <= maxName && simple(name) {
		*slot = s
	}
	return s
}

// again reads a value that is nearly always what it was in the line before.
type again[T any] struct {
	raw   []byte // what it was read from; nothing else begins so, as it has an end
	value T
}

func (a *again[T]) read(c *cursor, into *T, read func(*T) bool) bool {
	if len(a.raw) > 0 && bytes.HasPrefix(c.data[c.at:], a.raw) {
		c.at += len(a.raw)
		*into = a.value
		return true
	}
	from := c.at
	if !read(into) {
		return false
	}
	if raw := c.data[from:c.at]; len(raw) <= maxAgain {
		a.raw, a.value = append(a.raw[:0], raw...), *into
	}
	return true
}

// client is who asked, with which program, from where.
type client struct {
	actor, agent string
	sources      []string
	name         string
	kubectl      bool
	command      string // of kubectl, where its name tells: rollout-status; "" where it does not
	tool         bool   // by its own account, one of the tool's clients
	forwarded    bool   // it went through a proxy on its own machine
}

// clients are the last few that were seen.
type clients struct {
	seen [8]client
	next int
}

func (k *clients) of(actor, agent string, sources []string) *client {
	for i := range k.seen {
		if c := &k.seen[i]; c.agent == agent && c.actor == actor && slices.Equal(c.sources, sources) {
			return c
		}
	}
	c := &k.seen[k.next]
	k.next = (k.next + 1) % len(k.seen)
	*c = client{
		actor: actor, agent: agent, sources: slices.Clone(sources),
		name:    actor + " " + agent + " " + strings.Join(sources, ","),
		kubectl: strings.HasPrefix(agent, "kubectl"), command: commandOf(agent), tool: agent == ToolAgent,
		forwarded: forwarded(sources),
	}
	return c
}

// forwarded tells a request that came through a proxy on the machine of who asked, as kubectl
// proxy is: such a proxy names its own client (X-Forwarded-For), and the API server writes that
// one's address before the proxy's.
func forwarded(sources []string) bool {
	if len(sources) < 2 {
		return false
	}
	client, err := netip.ParseAddr(sources[0])
	return err == nil && client.IsLoopback()
}

// commandOf is the command that a kubectl's name tells, as in the shell of a drill: client-go
// begins the user agent with the program's name ("kubectl-rollout-status/v1.37.2 (...)"). Anybody
// may give a program any name: it only tells apart what sends the same requests.
func commandOf(agent string) string {
	program, _, _ := strings.Cut(agent, "/")
	command, named := strings.CutPrefix(program, "kubectl-")
	if !named {
		return ""
	}
	return command
}
