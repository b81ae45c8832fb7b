package audit

import (
	"hash/maphash"
	"slices"
	"strings"
)

const (
	// nameSlots bounds the names that are kept, and maxName the length of each.
	nameSlots = 1024
	maxName   = 128
)

// nameTable makes strings of bytes, and the same string again for the same bytes: a log
// names the same verbs, resources, objects and programs over and over.
type nameTable struct {
	seed  maphash.Seed
	slots [nameSlots]string
}

func (n *nameTable) of(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	if len(text) > maxName {
		return string(text)
	}
	slot := &n.slots[maphash.Bytes(n.seed, text)%nameSlots]
	if *slot != string(text) {
		*slot = string(text)
	}
	return *slot
}

// client is who asked, with which program, from where.
type client struct {
	actor, agent string
	sources      []string
	name         string
	kubectl      bool
	tool         bool // by its own account, one of the tool's clients
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
		kubectl: strings.HasPrefix(agent, "kubectl"), tool: strings.HasPrefix(agent, ToolAgent),
	}
	return c
}
