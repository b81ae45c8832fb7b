package audit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/timeline"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// lineBuilder writes audit lines by hand, for what no kubectl sends.
type lineBuilder struct {
	id, user, agent, verb, uri, stage, body string
	ref                                     objectRef
	code                                    int
	at                                      time.Duration // after noon
}

func (b lineBuilder) line() []byte {
	stage, code, user, agent := b.stage, b.code, b.user, b.agent
	if stage == "" {
		stage = "ResponseComplete"
	}
	if code == 0 {
		code = 200
	}
	if user == "" {
		user = UserPrefix + fixtureRun
	}
	if agent == "" {
		agent = "kubectl/v1.37.2 (linux/amd64)"
	}
	event := map[string]any{
		"apiVersion": "audit.k8s.io/v1", "level": "Request", "auditID": b.id, "stage": stage,
		"requestURI": b.uri, "verb": b.verb, "user": map[string]any{"username": user}, "sourceIPs": []string{"192.0.2.1"},
		"userAgent": agent, "objectRef": b.ref, "responseStatus": map[string]any{"code": code},
		"requestReceivedTimestamp": noon.Add(b.at), "stageTimestamp": noon.Add(b.at + time.Millisecond),
	}
	if b.id == "" {
		event["auditID"] = fmt.Sprintf("id-%s-%s-%d", b.verb, b.ref.Name, b.at)
	}
	if b.body != "" {
		event["requestObject"] = json.RawMessage(b.body)
	}
	line, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return append([]byte(`{"kind":"Event",`), line[1:]...) // in the API server's order
}

func pod(name string) objectRef {
	return objectRef{Resource: "pods", Namespace: fixtureRun, Name: name}
}

func deployment(name string) objectRef {
	return objectRef{Resource: "deployments", APIGroup: "apps", Namespace: fixtureRun, Name: name}
}

func node(name string) objectRef { return objectRef{Resource: "nodes", Name: name} }

func briefs(events []timeline.Event) []string {
	var texts []string
	for _, e := range events {
		texts = append(texts, e.Actor+": "+brief(e))
	}
	return texts
}

func TestWhoseActionsAreTold(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		line lineBuilder
		want []string
	}{
		"the trainee": {lineBuilder{verb: "get", ref: pod("a")}, []string{"trainee: get, pods, a"}},
		"the trainee with a tool's agent": {
			lineBuilder{verb: "get", ref: pod("a"), agent: "firedrill/v1"}, []string{"trainee: get, pods, a"},
		},
		"the trainee elsewhere": {
			lineBuilder{verb: "get", ref: objectRef{Resource: "pods", Namespace: "firedrill-system", Name: "referee"}, code: 403},
			[]string{"trainee: get, pods, referee (403)"},
		},
		"another run's trainee":            {lineBuilder{verb: "get", ref: pod("a"), user: UserPrefix + "other-abcde"}, nil},
		"a trainee whose run begins alike": {lineBuilder{verb: "get", ref: pod("a"), user: UserPrefix + fixtureRun + "-2"}, nil},
		"a controller":                     {lineBuilder{verb: "delete", ref: pod("a"), user: "system:serviceaccount:kube-system:job-controller"}, nil},
		"a name inside a body": {
			lineBuilder{verb: "create", user: "system:node:w", body: `{"user":{"username":"trainee:fixture-abcde"}}`, ref: pod("a")}, nil,
		},
		"the admin in the drill": {
			lineBuilder{verb: "patch", ref: deployment("checkout"), user: "kubernetes-admin"}, []string{"admin: patch, deployments, checkout"},
		},
		"the super admin in the drill": {
			lineBuilder{verb: "delete", ref: pod("a"), user: "kubernetes-super-admin"}, []string{"admin: delete, pods, a"},
		},
		"the admin on a node": {lineBuilder{verb: "get", ref: node("w"), user: "kubernetes-admin"}, []string{"admin: get, nodes, w"}},
		"the admin on the namespace": {
			lineBuilder{verb: "delete", user: "kubernetes-admin", ref: objectRef{Resource: "namespaces", Namespace: fixtureRun, Name: fixtureRun}},
			[]string{"admin: delete, namespaces, $NS"},
		},
		"the admin reads elsewhere": {
			lineBuilder{verb: "get", ref: objectRef{Resource: "pods", Namespace: "default", Name: "a"}, user: "kubernetes-admin"}, nil,
		},
		"the admin writes in another run": {
			lineBuilder{verb: "delete", ref: objectRef{Resource: "pods", Namespace: "other-abcde", Name: "a"}, user: "kubernetes-admin"}, nil,
		},
		"the admin gives rights": {
			lineBuilder{verb: "create", user: "kubernetes-admin", ref: objectRef{Resource: "clusterrolebindings", APIGroup: "rbac.authorization.k8s.io", Name: "mine"}},
			[]string{"admin: create, clusterrolebindings, mine"},
		},
		"the admin touches the referee": {
			lineBuilder{verb: "delete", user: "kubernetes-admin", ref: objectRef{Resource: "pods", Namespace: "firedrill-system", Name: "prober"}},
			[]string{"admin: delete, pods, prober"},
		},
		"the admin looks at all namespaces": {
			lineBuilder{verb: "list", ref: objectRef{Resource: "pods"}, uri: "/api/v1/pods", user: "kubernetes-admin"}, []string{"admin: get, pods {all namespaces}"},
		},
		"the admin looks at what has no namespace": {
			lineBuilder{verb: "list", ref: objectRef{Resource: "storageclasses"}, uri: "/apis/storage.k8s.io/v1/storageclasses", user: "kubernetes-admin"}, nil,
		},
		"the admin in a container of the referee's": {
			lineBuilder{
				verb: "get", user: "kubernetes-admin", ref: objectRef{Resource: "pods", Namespace: "firedrill-system", Name: "prober", Subresource: "exec"},
				uri: "/api/v1/namespaces/firedrill-system/pods/prober/exec?command=sh", code: 101, stage: "ResponseStarted",
			},
			[]string{"admin: exec, pods, prober {command: sh}"},
		},
		"the referee's kubeconfig in somebody's hands": {
			lineBuilder{verb: "patch", ref: deployment("checkout"), user: "firedrill:referee", agent: "kubectl/v1.37.0 (linux/amd64)"},
			[]string{"admin: patch, deployments, checkout"},
		},
		"the referee at work": {
			lineBuilder{verb: "delete", ref: pod("a"), user: "firedrill:referee", agent: "firedrill"}, nil,
		},
		"a kubectl called firedrill": {
			lineBuilder{verb: "delete", ref: pod("a"), user: "firedrill:referee", agent: "firedrill/v1.37.0 (linux/amd64) kubernetes/abc"},
			[]string{"admin: delete, pods, a"},
		},
		"a kubectl called firedrill that only looks": {
			lineBuilder{verb: "get", ref: pod("a"), user: "kubernetes-admin", agent: "firedrill/v1.37.0 (linux/amd64) kubernetes/abc"},
			[]string{"admin: get, pods, a"},
		},
		"a user named like the referee": {
			lineBuilder{verb: "delete", ref: pod("a"), user: "firedrill:referee-2", agent: "kubectl/v1.37.0 (linux/amd64)"}, nil,
		},
		"the admin under the tool's agent": {
			lineBuilder{verb: "delete", ref: pod("a"), user: "kubernetes-admin", agent: "firedrill"}, []string{"admin: delete, pods, a"},
		},
		"the admin in a container elsewhere": {
			lineBuilder{
				verb: "get", user: "kubernetes-admin", ref: objectRef{Resource: "pods", Namespace: "default", Name: "a", Subresource: "exec"},
				uri: "/api/v1/namespaces/default/pods/a/exec?command=sh", code: 101, stage: "ResponseStarted",
			},
			[]string{"admin: exec, pods, a {command: sh}"},
		},
		"the admin starts a pod elsewhere": {
			lineBuilder{verb: "create", ref: objectRef{Resource: "pods", Namespace: "default", Name: "a"}, user: "kubernetes-admin"},
			[]string{"admin: debug, pods, a"},
		},
		"the admin makes a place to act from": {
			lineBuilder{verb: "create", user: "kubernetes-admin", ref: objectRef{Resource: "namespaces", Namespace: "mine", Name: "mine"}},
			[]string{"admin: create, namespaces, mine"},
		},
		"the admin makes a place that bears a run's name": {
			lineBuilder{verb: "create", user: "kubernetes-admin", ref: objectRef{Resource: "namespaces", Namespace: "mine-abcde", Name: "mine-abcde"}},
			[]string{"admin: create, namespaces, mine-abcde"},
		},
		"the admin lifts another run's guard": {
			lineBuilder{verb: "patch", user: "kubernetes-admin", ref: objectRef{Resource: "namespaces", Namespace: "other-abcde", Name: "other-abcde"}, body: `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`},
			[]string{"admin: patch, namespaces, other-abcde {labels.pod-security.kubernetes.io/enforce=privileged}"},
		},
		"the admin removes another run": {
			lineBuilder{verb: "delete", user: "kubernetes-admin", ref: objectRef{Resource: "namespaces", Namespace: "other-abcde", Name: "other-abcde"}}, nil,
		},
		"the admin in a container of another run": {
			lineBuilder{
				verb: "get", user: "kubernetes-admin", ref: objectRef{Resource: "pods", Namespace: "other-abcde", Name: "a", Subresource: "exec"},
				uri: "/api/v1/namespaces/other-abcde/pods/a/exec?command=sh", code: 101, stage: "ResponseStarted",
			}, nil,
		},
		"the tool looks with the admin's identity": {lineBuilder{verb: "get", ref: node("w"), user: "kubernetes-admin", agent: "firedrill"}, nil},
		"somebody writes as if the tool": {
			lineBuilder{verb: "delete", ref: node("w"), user: "kubernetes-admin", agent: "firedrill"}, []string{"admin: delete, nodes, w"},
		},
		"health": {lineBuilder{verb: "get", uri: "/healthz"}, nil},
		"watch counts when it starts": {
			lineBuilder{verb: "watch", uri: "/api/v1/x?watch=true", ref: pod(""), stage: "ResponseStarted"}, []string{"trainee: get, pods {watch}"},
		},
		"watch's end does not": {lineBuilder{verb: "watch", uri: "/api/v1/x?watch=true", ref: pod("")}, nil},
		"log's end does not": {
			lineBuilder{verb: "get", ref: objectRef{Resource: "pods", Namespace: fixtureRun, Name: "a", Subresource: "log"}}, nil,
		},
		"a request received": {lineBuilder{verb: "get", ref: pod("a"), stage: "RequestReceived"}, nil},
		"curl writes a node": {
			lineBuilder{verb: "update", agent: "curl/8", ref: node("w"), body: `{"kind":"Node","spec":{"taints":[]}}`},
			[]string{"trainee: replace, nodes, w {taints removed}"},
		},
		"curl drops one of two taints": {
			lineBuilder{verb: "patch", agent: "curl/8", ref: node("w"), body: `{"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}}`},
			[]string{"trainee: patch, nodes, w {taints=a:NoSchedule}"},
		},
		"a taint removed by its place": {
			lineBuilder{verb: "patch", ref: node("w"), body: `[{"op":"remove","path":"/spec/taints/0"}]`},
			[]string{"trainee: patch, nodes, w {taints.0 removed}"},
		},
		"all deleted at once": {
			lineBuilder{verb: "deletecollection", ref: pod("")}, []string{"trainee: delete, pods"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := briefs(classifyAll(fixtureRun, [][]byte{tc.line.line()}))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestASessionOfTheAdminsIsAnAct: of the trainee's own nobody can say what it did.
func TestASessionOfTheAdminsIsAnAct(t *testing.T) {
	t.Parallel()
	for user, want := range map[string]bool{"kubernetes-admin": true, UserPrefix + fixtureRun: false} {
		ref := pod("a")
		ref.Subresource = "exec"
		line := lineBuilder{verb: "get", user: user, ref: ref, code: 101, stage: "ResponseStarted", uri: "/api/v1/namespaces/" + fixtureRun + "/pods/a/exec?command=sh"}
		got := classifyAll(fixtureRun, [][]byte{line.line()})
		if len(got) != 1 || got[0].Writes != want {
			t.Errorf("%s: %+v, want it to write: %v", user, got, want)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		line lineBuilder
		want string
	}{
		"read":    {lineBuilder{verb: "get", ref: pod("a")}, "got pod a"},
		"listed":  {lineBuilder{verb: "list", ref: pod(""), uri: "/x?limit=500"}, "listed pods"},
		"refused": {lineBuilder{verb: "get", ref: objectRef{Resource: "secrets", Namespace: "firedrill-system", Name: "s"}, code: 403}, "was refused: get secret s in firedrill-system (403)"},
		"missing": {lineBuilder{verb: "get", ref: pod("a"), code: 404}, "tried to get pod a: not found (404)"},
		"previous logs": {
			lineBuilder{verb: "get", stage: "ResponseStarted", uri: "/x?previous=true", ref: objectRef{Resource: "pods", Name: "a", Subresource: "log"}},
			"read the logs of the previous container of pod a (previous)",
		},
		"held eviction": {
			lineBuilder{verb: "create", code: 429, ref: objectRef{Resource: "pods", Name: "a", Subresource: "eviction"}},
			"was refused: evict pod a, a disruption budget holds it (429)",
		},
		"scaled": {
			lineBuilder{verb: "patch", ref: objectRef{Resource: "deployments", Name: "checkout", Subresource: "scale"}, body: `{"spec":{"replicas":0}}`},
			"scaled deployment checkout: replicas=0",
		},
		"uncordoned": {lineBuilder{verb: "patch", ref: node("w"), body: `{"spec":{"unschedulable":null}}`}, "uncordoned node w"},
		"network policies": {
			lineBuilder{verb: "delete", ref: objectRef{Resource: "networkpolicies", Name: "deny"}}, "deleted networkpolicy deny",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := classifyAll(fixtureRun, [][]byte{tc.line.line()})
			if len(events) != 1 || events[0].Text != tc.want {
				t.Errorf("got %+v, want %q", events, tc.want)
			}
		})
	}
}

// TestFolding shows what is put together and what is not.
func TestFolding(t *testing.T) {
	t.Parallel()
	get := func(at time.Duration) lineBuilder { return lineBuilder{verb: "get", ref: pod("a"), at: at} }
	events := lineBuilder{
		verb: "list", ref: objectRef{Resource: "events", Namespace: fixtureRun},
		uri: "/x?fieldSelector=involvedObject.name%3Da%2CinvolvedObject.uid%3D1&limit=500", at: 12 * time.Millisecond,
	}
	applied := func(name string, at time.Duration) lineBuilder {
		return lineBuilder{verb: "patch", ref: pod(name), uri: "/x?fieldManager=kubectl-client-side-apply", at: at}
	}
	other := lineBuilder{verb: "list", ref: pod(""), uri: "/x?limit=500", at: 9 * time.Millisecond}
	for name, tc := range map[string]struct {
		lines []lineBuilder
		want  []string
	}{
		"a describe":                     {[]lineBuilder{get(0), get(5 * time.Millisecond), events}, []string{"describe, pods, a"}},
		"a describe beside a watch loop": {[]lineBuilder{get(0), get(5 * time.Millisecond), other, events}, []string{"describe, pods, a", "get, pods"}},
		"two gets of a script":           {[]lineBuilder{get(0), get(100 * time.Millisecond)}, []string{"get, pods, a", "get, pods, a"}},
		"a get, then the describe of a pod": {
			[]lineBuilder{get(-200 * time.Millisecond), get(0), get(5 * time.Millisecond), events}, []string{"get, pods, a", "describe, pods, a"},
		},
		"a write's own read": {
			[]lineBuilder{get(0), {verb: "patch", ref: pod("a"), uri: "/x?fieldManager=kubectl-label", at: 200 * time.Millisecond}}, []string{"label, pods, a"},
		},
		"a write long after a read": {
			[]lineBuilder{get(0), {verb: "patch", ref: pod("a"), uri: "/x?fieldManager=kubectl-edit", at: 30 * time.Second}}, []string{"get, pods, a", "edit, pods, a"},
		},
		"a token of a ServiceAccount": {
			[]lineBuilder{{verb: "create", ref: objectRef{Resource: "serviceaccounts", Namespace: fixtureRun, Name: "a", Subresource: "token"}}},
			[]string{"create token, serviceaccounts, a"},
		},
		"an approval of a certificate": {
			[]lineBuilder{{verb: "update", ref: objectRef{APIGroup: "certificates.k8s.io", Resource: "certificatesigningrequests", Name: "a", Subresource: "approval"}}},
			[]string{"certificate, certificatesigningrequests, a"},
		},
		"two writes alike": {
			[]lineBuilder{
				{verb: "patch", ref: pod("a"), uri: "/x?fieldManager=kubectl-label", at: 1, body: `{"metadata":{"labels":{"a":"b"}}}`},
				{verb: "patch", ref: pod("a"), uri: "/x?fieldManager=kubectl-label", at: 2, body: `{"metadata":{"labels":{"a":"b"}}}`},
			},
			[]string{"label, pods, a {labels.a=b}", "label, pods, a {labels.a=b}"},
		},
		"a change that hides behind an apply": {
			[]lineBuilder{
				{verb: "patch", ref: deployment("d"), uri: "/x?fieldManager=kubectl", at: 1, body: `{"spec":{"replicas":2}}`},
				{verb: "patch", ref: deployment("d"), uri: "/x?fieldManager=kubectl-last-applied", at: 2, body: `{"spec":{"replicas":0}}`},
			},
			[]string{"apply, deployments, d {replicas=2}", "apply, deployments, d {replicas=0}"},
		},
		"an eviction held, asked again, then done": {
			[]lineBuilder{
				{verb: "create", code: 429, ref: objectRef{Resource: "pods", Name: "a", Subresource: "eviction"}, at: 1},
				{verb: "create", code: 429, ref: objectRef{Resource: "pods", Name: "a", Subresource: "eviction"}, at: 5 * time.Second},
				{verb: "create", code: 201, ref: objectRef{Resource: "pods", Name: "a", Subresource: "eviction"}, at: 10 * time.Second},
			},
			[]string{"evict, pods, a (429)", "evict, pods, a"},
		},
		"a list in pages": {
			[]lineBuilder{
				{verb: "list", ref: pod(""), uri: "/x?limit=500"},
				{verb: "list", ref: pod(""), uri: "/x?continue=a&limit=500", at: 300 * time.Millisecond},
				{verb: "list", ref: pod(""), uri: "/x?limit=500", at: 600 * time.Millisecond},
			},
			[]string{"get, pods", "get, pods"},
		},
		"the second page of something else": {
			[]lineBuilder{{verb: "list", ref: pod(""), uri: "/x?limit=500"}, {verb: "list", ref: deployment(""), uri: "/x?continue=a&limit=500", at: 300 * time.Millisecond}},
			[]string{"get, pods", "get, deployments"},
		},
		"a read that was put off": {
			[]lineBuilder{{verb: "list", ref: pod(""), code: 429, uri: "/x?limit=500"}, {verb: "list", ref: pod(""), uri: "/x?limit=500", at: 1100 * time.Millisecond}},
			[]string{"get, pods"},
		},
		"a read that was put off, and another": {
			[]lineBuilder{{verb: "list", ref: pod(""), code: 429, uri: "/x?limit=500"}, {verb: "list", ref: deployment(""), uri: "/x?limit=500", at: 1100 * time.Millisecond}},
			[]string{"get, pods (429)", "get, deployments"},
		},
		"an apply, then a get": {
			[]lineBuilder{asks("/openapi/v3", 0), get(300 * time.Millisecond), applied("a", 320*time.Millisecond), get(420 * time.Millisecond)},
			[]string{"apply, pods, a", "get, pods, a"},
		},
		"a creation, then a get": {
			[]lineBuilder{asks("/openapi/v3", 0), {verb: "create", ref: pod("a"), uri: "/x?fieldManager=kubectl-create", at: 300 * time.Millisecond}, get(400 * time.Millisecond)},
			[]string{"create, pods, a", "get, pods, a"},
		},
		"an apply that changes nothing, then a get": {
			[]lineBuilder{asks("/openapi/v3", 0), get(300 * time.Millisecond), get(400 * time.Millisecond)},
			[]string{"apply, pods, a {no change}", "get, pods, a"},
		},
		"an apply of three objects that changes one": {
			[]lineBuilder{
				asks("/openapi/v3", 0),
				{verb: "get", ref: pod("b"), at: 300 * time.Millisecond},
				get(310 * time.Millisecond),
				applied("a", 320*time.Millisecond),
				{verb: "get", ref: pod("c"), at: 330 * time.Millisecond},
			},
			[]string{"apply, pods, b {no change}", "apply, pods, a", "apply, pods, c {no change}"},
		},
		"a describe right after a schema": {
			[]lineBuilder{asks("/openapi/v3", -2*time.Second), get(0), get(5 * time.Millisecond), events}, []string{"describe, pods, a"},
		},
		"two questions of a script": {
			[]lineBuilder{
				{verb: "create", code: 201, ref: objectRef{Resource: "selfsubjectreviews"}}, {verb: "create", code: 404, ref: objectRef{Resource: "selfsubjectreviews"}, at: 100 * time.Millisecond},
			},
			[]string{"auth whoami, selfsubjectreviews", "auth whoami, selfsubjectreviews"},
		},
		"requests under one audit ID": {
			[]lineBuilder{
				{id: "chosen", verb: "delete", ref: pod("a"), at: 1 * time.Millisecond}, {id: "chosen", verb: "delete", ref: pod("b"), at: 2 * time.Millisecond},
			},
			[]string{"delete, pods, a", "delete, pods, b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines [][]byte
			for _, b := range tc.lines {
				lines = append(lines, b.line())
			}
			var got []string
			ids := map[string]bool{}
			for _, e := range sorted(classifyAll(fixtureRun, lines)) {
				got = append(got, brief(e))
				if ids[e.ID] {
					t.Errorf("the ID %s stands twice", e.ID)
				}
				ids[e.ID] = true
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	good := lineBuilder{verb: "delete", ref: pod("a")}.line()
	huge := lineBuilder{verb: "create", ref: objectRef{Resource: "configmaps", Namespace: fixtureRun, Name: "big"}, uri: "/x?fieldManager=kubectl-create", body: `{"data":{"x":"` + strings.Repeat("y", 2<<20) + `"}}`}.line()
	for name, tc := range map[string]struct {
		line []byte
		want []string
		bad  int
	}{
		"empty":               {nil, nil, 0},
		"not JSON":            {[]byte(`"user":{"username":"trainee:fixture-abcde" oops`), nil, 1},
		"truncated":           {good[:len(good)-20], nil, 1},
		"cut, then a new one": {append(append([]byte{}, good[:100]...), good...), []string{"trainee: delete, pods, a"}, 0},
		"no audit ID":         {[]byte(`{"user":{"username":"trainee:fixture-abcde"}}`), nil, 1},
		"two megabytes":       {huge, []string{"trainee: create, configmaps, big"}, 0},
		"a field of another type": {
			[]byte(`{"auditID":7,"user":{"username":"trainee:fixture-abcde"}}`), nil, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := NewClassifier(fixtureRun)
			got := briefs(append(c.Line(tc.line), c.Rest()...))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%.500s", diff)
			}
			if c.Stats().Bad != tc.bad {
				t.Errorf("counted %d bad lines, want %d", c.Stats().Bad, tc.bad)
			}
			for _, e := range append(c.Line(tc.line), c.Rest()...) {
				t.Errorf("repeated: %+v", e)
			}
		})
	}
}

// TestClocksThatDisagree: the API server's clock jumps back an hour, and this host's
// is a day behind; nothing waits for ever, and nothing is lost.
func TestClocksThatDisagree(t *testing.T) {
	t.Parallel()
	c := NewClassifier(fixtureRun)
	got := c.Line(lineBuilder{verb: "get", ref: pod("a")}.line())
	got = append(got, c.Line(lineBuilder{verb: "get", ref: pod("b"), at: -time.Hour}.line())...)
	if diff := cmp.Diff([]string{"trainee: get, pods, a"}, briefs(got)); diff != "" {
		t.Errorf("after the jump (-want +got):\n%s", diff)
	}
	host := noon.Add(-24 * time.Hour)
	if got := c.Flush(host); len(got) != 0 {
		t.Errorf("gave out at once: %v", briefs(got))
	}
	if got := c.Flush(host.Add(-time.Minute)); len(got) != 0 {
		t.Errorf("gave out when the host's clock went back: %v", briefs(got))
	}
	got = c.Flush(host.Add(-time.Minute + window + 1))
	if diff := cmp.Diff([]string{"trainee: get, pods, b"}, briefs(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c.Waiting() {
		t.Error("still waits")
	}
}

// TestMemoryIsBounded sends what fits nothing, for ever.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	c := NewClassifier(fixtureRun)
	told := 0
	for i := range 6000 {
		verb := []string{"get", "delete"}[i%2]
		told += len(c.Line(lineBuilder{verb: verb, ref: pod(fmt.Sprint("p", i)), at: time.Duration(i), agent: fmt.Sprint("a", i)}.line()))
	}
	told += len(c.Rest())
	if told != 6000 {
		t.Errorf("told %d of 6000", told)
	}
	if len(c.folder.Pending) > maxPending || len(c.folder.Recent) > maxRecent {
		t.Errorf("kept %d reads, %d actions", len(c.folder.Pending), len(c.folder.Recent))
	}
}

func TestRedaction(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"ls -l /etc/ssl/private":                   "ls -l /etc/ssl/private",
		"mysql -u root -p hunter2":                 "mysql -u *** -p ***",
		"psql --password=hunter2 shop":             "psql --password=*** shop",
		"curl -H Authorization:abc http://x":       "curl -H *** http://x",
		"curl http://bob:hunter2@db/x":             "curl http://***@db/x",
		"env API_TOKEN=abc MODE=fast run":          "env API_TOKEN=*** MODE=fast run",
		"login eyJhbGciOiJSUzI1NiIsImtpZCI6I.abc":  "login ***",
		"login 8f3b1c9d7e6a5f4b3c2d":               "login ***",
		"cat /var/run/secrets/kubernetes.io/token": "cat /var/run/secrets/kubernetes.io/token",
		"kill -9 1": "kill -9 1",
	} {
		if got := redactCommand(strings.Fields(command)); got != want {
			t.Errorf("%s\n got %s\nwant %s", command, got, want)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add(lineBuilder{verb: "patch", ref: deployment("d"), body: `{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"b","value":"c"}]}]}}}}`}.line())
	f.Add(lineBuilder{verb: "patch", ref: node("w"), body: `[{"op":"add","path":"/spec/taints/-","value":{"key":"a"}}]`}.line())
	f.Add(lineBuilder{verb: "get", uri: "/x?command=sh&command=-c&command=a+b", ref: objectRef{Resource: "pods", Name: "a", Subresource: "exec"}, stage: "ResponseStarted"}.line())
	f.Add(lineBuilder{verb: "list", uri: "/x?fieldSelector=involvedObject.name%3Da", ref: objectRef{Resource: "events"}}.line())
	f.Add(lineBuilder{verb: "delete", ref: pod("a"), body: `{"gracePeriodSeconds":0,"dryRun":["All"]}`}.line())
	f.Add([]byte(`{"kind":"Event","user":{"username":"trainee:fixture-abcde"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		c := NewClassifier(fixtureRun)
		events := c.Line(line)
		state, err := c.State()
		if err != nil {
			t.Fatal(err)
		}
		if err := NewClassifier(fixtureRun).Restore(state); err != nil {
			t.Fatal(err)
		}
		for _, e := range append(events, c.Rest()...) {
			if e.ID == "" || e.Text == "" || e.Time.IsZero() || len(e.Detail) > 512 || strings.ContainsAny(e.Text, "\n\x1b") {
				t.Errorf("bad event %+v", e)
			}
		}
	})
}

// BenchmarkNoise classifies lines of other users: what nearly all of a log is.
func BenchmarkNoise(b *testing.B) {
	benchmark(b, "system:serviceaccount:kube-system:deployment-controller")
}

// BenchmarkRelevant classifies lines of the trainee.
func BenchmarkRelevant(b *testing.B) { benchmark(b, UserPrefix+fixtureRun) }

func benchmark(b *testing.B, user string) {
	b.Helper()
	var lines [][]byte
	for i := range 10000 {
		lines = append(lines, lineBuilder{
			verb: "patch", user: user, uri: "/x?fieldManager=kubectl-patch", ref: deployment("checkout"), at: time.Duration(i) * time.Second,
			body: `{"spec":{"template":{"spec":{"containers":[{"name":"app","resources":{"limits":{"memory":"96Mi"}}}]}}},"pad":"` + strings.Repeat("x", 320) + `"}`,
		}.line())
	}
	b.SetBytes(int64(len(lines[0])))
	b.ReportAllocs()
	c := NewClassifier(fixtureRun)
	for i := 0; b.Loop(); i++ {
		if i%len(lines) == 0 {
			c = NewClassifier(fixtureRun)
		}
		c.Line(lines[i%len(lines)])
	}
}
