package audit

import (
	"testing"
	"time"
)

// TestDrains: what a drain reads of what it passes over, and of its next node, is part of it.
func TestDrains(t *testing.T) {
	t.Parallel()
	start := func() *steps { return &steps{} }
	cordon := func(s *steps, node string) *steps {
		return s.get("nodes", node).patch("nodes", node, "", `{"spec":{"unschedulable":true}}`)
	}
	podsOf := func(s *steps, node string) *steps {
		return s.then(lineBuilder{verb: "list", ref: objectRef{Resource: "pods"}, uri: "/x?fieldSelector=spec.nodeName%3D" + node + "&limit=500"})
	}
	evict := func(s *steps, name string) *steps {
		return s.then(lineBuilder{verb: "create", ref: mine("pods/eviction", name), uri: "/x", code: 201}).get("pods", name)
	}
	held := func(s *steps, name string) *steps {
		return s.then(lineBuilder{verb: "create", ref: mine("pods/eviction", name), uri: "/x", code: 429}).later(5 * time.Second)
	}
	look := func(s *steps, name string) *steps { return s.get("pods", name) }
	gone := func(s *steps, name string) *steps {
		return s.later(time.Second).then(lineBuilder{verb: "get", ref: mine("pods", name), uri: "/x", code: 404})
	}
	const (
		cordonA, cordonB = "cordon, nodes, a {unschedulable=true}", "cordon, nodes, b {unschedulable=true}"
		evictP, evictQ   = "evict, pods, p {drain of node a}", "evict, pods, q {drain of node b}"
	)
	checkSteps(t, map[string]stepsCase{
		"past DaemonSets": {
			gone(evict(podsOf(cordon(start(), "a"), "a").get("daemonsets", "x").get("daemonsets", "y"), "p"), "p"),
			[]string{cordonA, "drain, nodes, a", evictP},
		},
		"of a node that was cordoned before, past a DaemonSet": {
			podsOf(start().get("nodes", "a"), "a").get("daemonsets", "x"), []string{"drain, nodes, a"},
		},
		"and gives up": {
			podsOf(evict(podsOf(cordon(start(), "a"), "a").get("daemonsets", "x"), "p").later(5*time.Second), "a").get("daemonsets", "x"),
			[]string{cordonA, "drain, nodes, a", evictP},
		},
		"held by a budget": {
			held(held(held(podsOf(cordon(start(), "a"), "a"), "p"), "p"), "p"), []string{cordonA, "drain, nodes, a", evictP + " (429)"},
		},
		"held by a budget, looking before it asks again": {
			held(look(held(look(held(podsOf(cordon(start(), "a"), "a"), "p"), "p"), "p"), "p"), "p"), []string{cordonA, "drain, nodes, a", evictP + " (429)"},
		},
		"held by a budget for a while": {
			evict(look(held(podsOf(cordon(start(), "a"), "a"), "p"), "p"), "p"), []string{cordonA, "drain, nodes, a", evictP + " (429)", evictP},
		},
		"then a look at a DaemonSet": {
			evict(podsOf(cordon(start(), "a"), "a"), "p").later(200*time.Millisecond).get("daemonsets", "x"),
			[]string{cordonA, "drain, nodes, a", evictP, "get, daemonsets, x"},
		},
		"past something else": {
			podsOf(cordon(start(), "a"), "a").get("deployments", "x"), []string{cordonA, "drain, nodes, a", "get, deployments, x"},
		},
		"of two nodes": {
			gone(evict(podsOf(gone(evict(podsOf(cordon(cordon(start(), "a"), "b"), "a").get("daemonsets", "x"), "p"), "p"), "b").get("daemonsets", "x"), "q"), "q"),
			[]string{cordonA, cordonB, "drain, nodes, a", evictP, "drain, nodes, b", evictQ},
		},
		"of two nodes without a pod": {
			podsOf(podsOf(cordon(cordon(start(), "a"), "b"), "a"), "b"), []string{cordonA, cordonB, "drain, nodes, a", "drain, nodes, b"},
		},
		"then a look at another node's pods": {
			podsOf(gone(evict(podsOf(cordon(start(), "a"), "a"), "p"), "p").later(200*time.Millisecond), "b"),
			[]string{cordonA, "drain, nodes, a", evictP, "get, pods {all namespaces}"},
		},
	})
}
