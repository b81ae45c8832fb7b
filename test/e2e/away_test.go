//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// How long the API server is away in these tests, and a whole control plane.
const (
	away   = time.Minute
	asleep = 20 * time.Second
)

// TestAlone holds what no other test's drill can run beside: the cluster is taken away from
// one drill, and waited for most of the time. What is done meanwhile is about another cluster.
func TestAlone(t *testing.T) {
	t.Run("Away", func(t *testing.T) {
		t.Parallel()
		clusterAway(t)
	})
	t.Run("OtherCluster", func(t *testing.T) {
		t.Parallel()
		t.Run("UpInterrupted", upInterrupted)
		t.Run("ForeignClusterIsRefused", foreignClusterIsRefused)
	})
}

// clusterAway takes the cluster away from one drill, in three ways one after the other.
func clusterAway(t *testing.T) {
	t.Helper()
	d := begin(t, "oomkilled", "limit-cut")
	for _, step := range []struct {
		name string
		test func(*testing.T, *drill)
	}{
		{"the API server, and the users are recorded", usersAreRecorded},
		{"the nodes, and they come back", nodesRestarted},
		{"the control plane, in the middle of a hold", controlPlaneAway},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.test(t, d.in(t)) }) {
			return
		}
	}
}

// What the users met while the API server was away is kept on the node and read
// afterwards: not a request of theirs is missing.
func usersAreRecorded(t *testing.T, d *drill) {
	t.Helper()
	t.Cleanup(func() { apiServer(t, "CONT") })
	apiServer(t, "STOP")
	from := time.Now()
	time.Sleep(away)
	to := time.Now()
	apiServer(t, "CONT")
	type row struct {
		At   time.Time
		Sent int
	}
	var seen []row
	eventually(t, time.Minute, "the users of the outage", func() (bool, string) {
		var told struct {
			Users struct {
				Streams []struct {
					Missing int
					Series  []row
				}
			}
		}
		text := firedrill.must(t, "report", d.started.Run, "-o", "json")
		if err := json.Unmarshal([]byte(text), &told); err != nil {
			t.Fatal(err)
		}
		if len(told.Users.Streams) == 0 {
			return false, "no streams"
		}
		seen = told.Users.Streams[0].Series
		missing := told.Users.Streams[0].Missing // those under way, too, while they last
		return missing == 0 && len(seen) > 0 && seen[len(seen)-1].At.After(to), fmt.Sprintf("%d rows, %d requests missing", len(seen), missing)
	})
	silent := 0
	for at := from.Truncate(time.Second).Add(time.Second); at.Before(to.Add(-time.Second)); at = at.Add(time.Second) {
		if !slices.ContainsFunc(seen, func(r row) bool { return r.At.Equal(at) && r.Sent > 0 }) {
			silent++
		}
	}
	if silent > 0 {
		t.Errorf("%d seconds without a request while the API server was away from %v to %v: %v", silent, from, to, seen)
	}
}

// Nodes that stop and come back, as with an engine that is restarted, end no run and
// lose no action.
func nodesRestarted(t *testing.T, d *drill) {
	t.Helper()
	d.kubectl("get", "serviceaccounts") // nobody had the time to read of it before the stop
	nodes := d.started.Nodes
	if out, err := exec.Command(engine(t), append([]string{"stop", "--time", "1"}, nodes...)...).CombinedOutput(); err != nil {
		t.Fatalf("docker stop: %v\n%s", err, out)
	}
	if s := d.status(); s.Recovered || s.Decided {
		t.Errorf("a verdict while the cluster was away: %+v", s)
	}
	// In another order than they were made in: they get each other's addresses.
	for _, node := range slices.Backward(slices.Sorted(slices.Values(nodes))) {
		if out, err := exec.Command(engine(t), "start", node).CombinedOutput(); err != nil {
			t.Fatalf("docker start: %v\n%s", err, out)
		}
	}
	firedrill.must(t, "up", "--workers", workers)
	eventually(t, 3*time.Minute, "the checks observed again", func() (bool, string) {
		s := d.status()
		return s.Phase == "active" && s.Trouble == "", s.Phase + ": " + s.Trouble + ": " + s.Verdict
	})
	ownAddresses(t, nodes)
	d.kubectl("get", "configmaps")
	eventually(t, time.Minute, "the actions around the restart told once", func() (bool, string) {
		return d.actsOn("serviceaccounts") == 1 && d.actsOn("configmaps") == 1, d.verbs()
	})
}

// ownAddresses makes sure that every node gives its pods addresses of its own network.
func ownAddresses(t *testing.T, nodes []string) {
	t.Helper()
	networks := map[string]string{}
	for _, node := range nodes {
		network := admin(t, "get", "node", node, "-o", "jsonpath={.spec.podCIDR}")
		if other, taken := networks[network]; network == "" || taken {
			t.Fatalf("the network of %s is %q, and that of %s", node, network, other)
		}
		networks[network] = node
		eventually(t, time.Minute, "the network plugin of "+node+" gives addresses of "+network, func() (bool, string) {
			out, err := exec.Command(engine(t), "exec", node, "sh", "-c", "cat /etc/cni/net.d/*.conflist").CombinedOutput()
			return err == nil && strings.Contains(string(out), `"`+network+`"`), string(out)
		})
	}
}

// A control plane that is away in the middle of a hold gives no verdict that nobody saw,
// stops the clock, and loses no action.
func controlPlaneAway(t *testing.T, d *drill) {
	t.Helper()
	d.script(filepath.Join("..", "..", "scenarios", "oomkilled", "solutions", "raise-limit.sh"))
	eventually(t, 3*time.Minute, "the hold", func() (bool, string) {
		s := d.status()
		return s.Hold.Phase == "holding", s.Hold.Phase + ": " + s.Verdict
	})
	d.kubectl("get", "replicasets") // nobody had the time to read of it before the pause
	controlPlane(t, "pause")
	paused := time.Now()
	time.Sleep(asleep)
	if s := d.status(); s.Recovered || s.Decided {
		t.Errorf("a verdict while the control plane was away: %+v", s)
	}
	controlPlane(t, "unpause")
	back := time.Now()
	d.recovers()
	r := d.report()
	if at := r.Times.Recovered.At; at == nil || at.Before(back.Add(-time.Second)) {
		t.Errorf("recovered at %v: the hold that was broken off at %v counted", at, paused)
	}
	var told struct {
		Gaps []struct{ From, To time.Time }
	}
	if err := json.Unmarshal([]byte(firedrill.must(t, "report", d.started.Run, "-o", "json")), &told); err != nil {
		t.Fatal(err)
	}
	if n := len(told.Gaps); n == 0 || told.Gaps[n-1].To.Sub(told.Gaps[n-1].From) < asleep-5*time.Second || told.Gaps[n-1].To.Before(paused) {
		t.Errorf("gaps: %+v, want a last one of about %s off the clock", told.Gaps, asleep)
	}
	if n := d.actsOn("replicasets"); n != 1 {
		t.Errorf("the action before the pause is told %d times: %s", n, d.verbs())
	}
}

// apiServer sends a signal to the API server, in the control plane's container.
func apiServer(t *testing.T, signal string) {
	t.Helper()
	out, err := exec.Command(engine(t), "exec", *clusterName+"-control-plane",
		"sh", "-c", "kill -"+signal+" $(pidof kube-apiserver)").CombinedOutput()
	if err != nil {
		t.Errorf("kill -%s of the API server: %v\n%s", signal, err, out)
	}
}

// controlPlane pauses or unpauses the control plane's container.
func controlPlane(t *testing.T, verb string) {
	t.Helper()
	if out, err := exec.Command(engine(t), verb, *clusterName+"-control-plane").CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", verb, err, out)
	}
}
