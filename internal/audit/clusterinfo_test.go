package audit

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestClusterInfo(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	list := func(resource, query string, at time.Duration) lineBuilder {
		return lineBuilder{
			verb: "list", uri: "/" + resource + query, ref: objectRef{Resource: resource}, at: at, id: resource + query + at.String(),
		}
	}
	log := func(at time.Duration) lineBuilder {
		ref := pod("a")
		ref.Subresource = "log"
		return lineBuilder{verb: "get", uri: "/log?container=app", ref: ref, at: at, id: "log" + at.String(), stage: "ResponseStarted"}
	}
	other := func(b lineBuilder) lineBuilder { b.agent = "k9s/v0.50.0"; return b }
	const services = "?labelSelector=kubernetes.io%2Fcluster-service%3Dtrue"
	for name, tc := range map[string]struct {
		lines []lineBuilder
		want  []string
	}{
		"info":             {[]lineBuilder{list("services", services, 0)}, []string{"trainee: cluster-info"}},
		"the same by get":  {[]lineBuilder{list("services", services+"&limit=500", 0)}, []string{"trainee: get, services {all namespaces, selector kubernetes.io/cluster-service=true}"}},
		"another program":  {[]lineBuilder{other(list("nodes", "", 0)), other(list("events", "", 10*ms))}, []string{"trainee: get, nodes", "trainee: events, events"}},
		"two commands":     {[]lineBuilder{list("nodes", "?limit=500", 0), list("events", "?limit=500", 200*ms)}, []string{"trainee: get, nodes", "trainee: events, events"}},
		"much later":       {[]lineBuilder{list("nodes", "", 0), list("events", "", 500*ms)}, []string{"trainee: get, nodes", "trainee: events, events"}},
		"all namespaces":   {[]lineBuilder{list("nodes", "", 0), list("namespaces", "", 10*ms), list("events", "", 20*ms)}, []string{"trainee: cluster-info {dump}"}},
		"what is no part":  {[]lineBuilder{list("nodes", "", 0), list("events", "", 10*ms), list("secrets", "", 20*ms)}, []string{"trainee: cluster-info {dump}", "trainee: get, secrets {all namespaces}"}},
		"the next command": {[]lineBuilder{list("nodes", "", 0), list("events", "", 10*ms), list("pods", "?limit=500", 100*ms)}, []string{"trainee: cluster-info {dump}", "trainee: get, pods {all namespaces}"}},
		"long logs":        {[]lineBuilder{list("nodes", "", 0), list("events", "", 10*ms), log(2000 * ms), list("events", "", 4000*ms)}, []string{"trainee: cluster-info {dump}", "trainee: logs, pods, a {container=app}"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines [][]byte
			for _, b := range tc.lines {
				lines = append(lines, b.line())
			}
			if diff := cmp.Diff(tc.want, briefs(classifyAll(fixtureRun, lines))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSentencesOfClusterInfo(t *testing.T) {
	t.Parallel()
	denied := lineBuilder{verb: "list", uri: "/services?labelSelector=kubernetes.io%2Fcluster-service%3Dtrue", ref: objectRef{Resource: "services"}, code: 403}
	events := classifyAll(fixtureRun, [][]byte{denied.line()})
	if len(events) != 1 || events[0].Text != "was refused: look at the cluster as a whole (403)" {
		t.Errorf("got %+v", events)
	}
}
