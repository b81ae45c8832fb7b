package audit

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestThroughKubectlProxy: whoever opens a proxy is told once, beside what is asked through it.
func TestThroughKubectlProxy(t *testing.T) {
	t.Parallel()
	through := func(addresses string, l lineBuilder) []byte {
		l.agent = "curl/8.5.0"
		return bytes.Replace(l.line(), []byte(`["192.0.2.1"]`), []byte(`[`+addresses+`,"192.0.2.1"]`), 1)
	}
	get := func(name string, at time.Duration) lineBuilder {
		return lineBuilder{verb: "get", ref: pod(name), uri: "/api/v1/namespaces/" + fixtureRun + "/pods/" + name, at: at}
	}
	lines := [][]byte{
		through(`"203.0.113.7"`, get("far", 0)), // another proxy before the API server
		through(`"127.0.0.1"`, lineBuilder{verb: "get", uri: "/version", at: 10 * time.Second}),
		through(`"127.0.0.1"`, get("a", 20*time.Second)),
		through(`"::1"`, get("b", 30*time.Second)),
		through(`"127.0.0.1"`, get("c", 9*time.Minute)),
		through(`"127.0.0.1"`, get("d", 18*time.Minute)),
		through(`"127.0.0.1"`, get("e", 29*time.Minute)),
		get("f", 30*time.Minute).line(),
	}
	want := []string{
		"get, pods, far", "proxy {API server}", "get, pods, a", "proxy {API server}", "get, pods, b", // ::1: another one
		"get, pods, c", "get, pods, d", "proxy {API server}", "get, pods, e", "get, pods, f",
	}
	events := sorted(classifyAll(fixtureRun, lines))
	if diff := cmp.Diff("trainee: "+strings.Join(want, "\ntrainee: "), strings.Join(briefs(events), "\n")); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if got := events[1].Text; got != "opened a proxy to the API server" || events[1].Writes {
		t.Errorf("told as %q, writes %v", got, events[1].Writes)
	}
}

// TestANameTellsTheCommand: what sends the same requests is told apart by the name of kubectl.
func TestANameTellsTheCommand(t *testing.T) {
	t.Parallel()
	ref := objectRef{Resource: "deployments", APIGroup: "apps", Namespace: fixtureRun, Name: "a"}
	get := lineBuilder{verb: "get", ref: ref, uri: "/apis/apps/v1/namespaces/" + fixtureRun + "/deployments/a"}
	watch := lineBuilder{
		verb: "watch", ref: objectRef{Resource: "deployments", APIGroup: "apps", Namespace: fixtureRun}, stage: "ResponseStarted", at: 5 * time.Millisecond,
		uri: "/apis/apps/v1/namespaces/" + fixtureRun + "/deployments?allowWatchBookmarks=true&fieldSelector=metadata.name%3Da&watch=true",
	}
	patch := lineBuilder{verb: "patch", ref: ref, uri: "/apis/apps/v1/namespaces/" + fixtureRun + "/deployments/a?fieldManager=kubectl-edit", body: `{"spec":{"replicas":2}}`, at: 9 * time.Second}
	for agent, want := range map[string]struct {
		lines []lineBuilder
		told  []string
	}{
		"kubectl":                  {[]lineBuilder{get, watch}, []string{"rollout status, deployments, a"}},
		"kubectl-rollout-status":   {[]lineBuilder{get, watch}, []string{"rollout status, deployments, a"}},
		"kubectl-wait":             {[]lineBuilder{get, watch}, []string{"wait, deployments, a"}},
		"kubectl-set-env":          {[]lineBuilder{get}, []string{"set, deployments, a {no change}"}},
		"kubectl-edit":             {[]lineBuilder{get, patch}, []string{"edit, deployments, a {opened}", "edit, deployments, a {replicas=2}"}},
		"kubectl-certificate-deny": {[]lineBuilder{get}, []string{"certificate, deployments, a {deny}"}},
		"kubectl-delete":           {[]lineBuilder{get}, []string{"get, deployments, a"}},
		"kubectl-made-up":          {[]lineBuilder{get}, []string{"get, deployments, a"}},
		"helm-kubectl-wait":        {[]lineBuilder{get}, []string{"get, deployments, a"}},
	} {
		var lines [][]byte
		for _, l := range want.lines {
			l.agent = agent + "/v1.37.2 (linux/amd64)"
			lines = append(lines, l.line())
		}
		events := sorted(classifyAll(fixtureRun, lines))
		if diff := cmp.Diff("trainee: "+strings.Join(want.told, "\ntrainee: "), strings.Join(briefs(events), "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", agent, diff)
		}
		for _, e := range events {
			if e.Writes != (e.Detail == "replicas=2") {
				t.Errorf("%s: %s: writes %v", agent, e.Text, e.Writes)
			}
		}
	}
}
