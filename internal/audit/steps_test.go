package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// steps write the requests of a command, in the order in which kubectl sends them.
type steps struct {
	lines []lineBuilder
	at    time.Duration
}

// then adds a request, a few milliseconds after the one before.
func (s *steps) then(b lineBuilder) *steps {
	b.at = s.at
	s.at += 8 * time.Millisecond
	s.lines = append(s.lines, b)
	return s
}

// later lets time pass, as it does between two commands of a script.
func (s *steps) later(pause time.Duration) *steps {
	s.at += pause
	return s
}

func (s *steps) get(resource, name string) *steps {
	return s.then(lineBuilder{verb: "get", ref: mine(resource, name), uri: "/x"})
}

func (s *steps) list(resource, query string) *steps {
	return s.then(lineBuilder{verb: "list", ref: mine(resource, ""), uri: "/x?" + query})
}

func (s *steps) eventsOf(name string) *steps {
	return s.list("events", "fieldSelector=involvedObject.name%3D"+name+"%2CinvolvedObject.uid%3D1&limit=500")
}

func (s *steps) patch(resource, name, manager, body string) *steps {
	query := ""
	if manager != "" {
		query = "?fieldManager=" + manager
	}
	return s.then(lineBuilder{verb: "patch", ref: mine(resource, name), uri: "/x" + query, body: body})
}

// exec opens a session over a websocket: the pod is read before.
func (s *steps) exec(name, command string) *steps {
	ref := pod(name)
	ref.Subresource = "exec"
	query := "command=" + strings.ReplaceAll(command, " ", "&command=")
	return s.get("pods", name).then(lineBuilder{verb: "get", ref: ref, uri: "/x?" + query, code: 101, stage: "ResponseStarted"})
}

// mine is an object of the run; its group counts only where one is compared with itself.
func mine(resource, name string) objectRef {
	ref := objectRef{Resource: resource, Namespace: fixtureRun, Name: name}
	if sub := strings.SplitN(resource, "/", 2); len(sub) > 1 {
		ref.Resource, ref.Subresource = sub[0], sub[1]
	}
	if resourceIn(resource, "nodes", "persistentvolumes", "storageclasses") {
		ref.Namespace = ""
	}
	return ref
}

func (s *steps) told() []string {
	var lines [][]byte
	for _, b := range s.lines {
		lines = append(lines, b.line())
	}
	var got []string
	for _, e := range sorted(classifyAll(fixtureRun, lines)) {
		got = append(got, brief(e))
	}
	return got
}

type stepsCase struct {
	steps *steps
	want  []string
}

func checkSteps(t *testing.T, cases map[string]stepsCase) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, tc.steps.told()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func (s *steps) describe(resource, name string) *steps {
	return s.get(resource, name).get(resource, name)
}

// TestDescribesOfEveryKind: what describe reads beside its object is no look of its own.
func TestDescribesOfEveryKind(t *testing.T) {
	t.Parallel()
	const selected, pods = "labelSelector=app%3Da&limit=500", "limit=500"
	start := func() *steps { return &steps{} }
	claims := func(count int) *steps {
		s := start().list("persistentvolumeclaims", "limit=500")
		for i := range count {
			s.get("persistentvolumeclaims", string(rune('a'+i))).list("pods", pods)
		}
		return s
	}
	checkSteps(t, map[string]stepsCase{
		"a claim": {
			start().describe("persistentvolumeclaims", "a").list("pods", pods).eventsOf("a"), []string{"describe, persistentvolumeclaims, a"},
		},
		"a claim without its events": {
			start().describe("persistentvolumeclaims", "a").list("pods", pods), []string{"describe, persistentvolumeclaims, a"},
		},
		"a claim beside very many pods": {
			start().describe("persistentvolumeclaims", "a").list("pods", pods).list("pods", pods+"&continue=b").eventsOf("a"),
			[]string{"describe, persistentvolumeclaims, a"},
		},
		"all claims": {
			start().list("persistentvolumeclaims", "limit=500").get("persistentvolumeclaims", "a").list("pods", pods).
				get("persistentvolumeclaims", "b").list("pods", pods),
			[]string{"describe, persistentvolumeclaims {a, b}"},
		},
		"many claims": { // kubectl limits itself
			claims(5).later(200*time.Millisecond).get("persistentvolumeclaims", "z").later(200*time.Millisecond).list("pods", pods),
			[]string{"describe, persistentvolumeclaims {a, b, c, d, 2 more}"},
		},
		"all claims, then the pods": {
			claims(2).later(80*time.Millisecond).list("pods", pods), []string{"describe, persistentvolumeclaims {a, b}", "get, pods"},
		},
		"many claims, then the pods": {
			claims(5).later(80*time.Millisecond).list("pods", pods), []string{"describe, persistentvolumeclaims {a, b, c, d, 1 more}", "get, pods"},
		},
		"a claim by the beginning of its name": {
			start().then(lineBuilder{verb: "get", code: 404, ref: mine("persistentvolumeclaims", "a"), uri: "/x"}).
				list("persistentvolumeclaims", "limit=500").get("persistentvolumeclaims", "ab").list("pods", pods).eventsOf("ab"),
			[]string{"describe, persistentvolumeclaims, a"},
		},
		"a claim, then the pods": {
			start().describe("persistentvolumeclaims", "a").list("pods", pods).eventsOf("a").later(80*time.Millisecond).list("pods", pods),
			[]string{"describe, persistentvolumeclaims, a", "get, pods"},
		},
		"a claim, then the pods at once": { // the describe has listed them already
			start().describe("persistentvolumeclaims", "a").list("pods", pods).eventsOf("a").list("pods", pods),
			[]string{"describe, persistentvolumeclaims, a", "get, pods"},
		},
		"a get of a claim, then the pods": {
			start().get("persistentvolumeclaims", "a").later(80*time.Millisecond).list("pods", pods),
			[]string{"get, persistentvolumeclaims, a", "get, pods"},
		},
		"a claim, and pods elsewhere": {
			start().describe("persistentvolumeclaims", "a").
				then(lineBuilder{verb: "list", ref: objectRef{Resource: "pods", Namespace: "kube-system"}, uri: "/x?" + pods}),
			[]string{"describe, persistentvolumeclaims, a", "get, pods"},
		},
		"a service account": {
			start().describe("serviceaccounts", "a").list("secrets", "limit=500").eventsOf("a"), []string{"describe, serviceaccounts, a"},
		},
		"a service account whose secrets are refused": {
			start().describe("serviceaccounts", "a").
				then(lineBuilder{verb: "list", code: 403, ref: mine("secrets", ""), uri: "/x?limit=500"}).eventsOf("a"),
			[]string{"describe, serviceaccounts, a"},
		},
		"a service account by kubectl 1.37, then the secrets": {
			start().describe("serviceaccounts", "a").eventsOf("a").later(80*time.Millisecond).list("secrets", "limit=500"),
			[]string{"describe, serviceaccounts, a", "get, secrets"},
		},
		"a service account, then the secrets": {
			start().describe("serviceaccounts", "a").list("secrets", "limit=500").eventsOf("a").later(80*time.Millisecond).list("secrets", "limit=500"),
			[]string{"describe, serviceaccounts, a", "get, secrets"},
		},
		"a pod, then the secrets at once": {
			start().describe("pods", "a").list("secrets", "limit=500").eventsOf("a"), []string{"describe, pods, a", "get, secrets"},
		},
		"an autoscaler": {
			start().describe("horizontalpodautoscalers", "a").eventsOf("a"), []string{"describe, horizontalpodautoscalers, a"},
		},
		"an ingress": {
			start().describe("ingresses", "a").eventsOf("a").list("endpointslices", "labelSelector=kubernetes.io%2Fservice-name%3Db").get("services", "b").
				list("endpointslices", "labelSelector=kubernetes.io%2Fservice-name%3Dc").get("services", "c"),
			[]string{"describe, ingresses, a"},
		},
		"an ingress by kubectl 1.27": {
			start().describe("ingresses", "a").eventsOf("a").get("endpoints", "b").get("services", "b").get("endpoints", "b").get("services", "b"),
			[]string{"describe, ingresses, a"},
		},
		"a volume":        {start().describe("persistentvolumes", "a").eventsOf("a"), []string{"describe, persistentvolumes, a"}},
		"a storage class": {start().describe("storageclasses", "a").eventsOf("a"), []string{"describe, storageclasses, a"}},
		"a job":           {start().describe("jobs", "a").eventsOf("a"), []string{"describe, jobs, a"}},
		"a cron job":      {start().describe("cronjobs", "a").eventsOf("a"), []string{"describe, cronjobs, a"}},
		"a daemon set": {
			start().describe("daemonsets", "a").list("pods", selected).eventsOf("a"), []string{"describe, daemonsets, a"},
		},
		"a replica set": {
			start().describe("replicasets", "a").list("pods", selected).eventsOf("a"), []string{"describe, replicasets, a"},
		},
		"endpoints in slices": {start().describe("endpointslices", "a").eventsOf("a"), []string{"describe, endpointslices, a"}},
		"a network policy":    {start().describe("networkpolicies", "a"), []string{"describe, networkpolicies, a"}},
		"a quota":             {start().describe("resourcequotas", "a"), []string{"describe, resourcequotas, a"}},
		"all quotas": {
			start().list("resourcequotas", "limit=500").get("resourcequotas", "a").get("resourcequotas", "b"),
			[]string{"describe, resourcequotas {a, b}"},
		},
		"a pod, then the quotas": {
			start().describe("pods", "a").eventsOf("a").later(80*time.Millisecond).list("resourcequotas", "limit=500"),
			[]string{"describe, pods, a", "get, resourcequotas"},
		},
		"a namespace": {
			start().describe("namespaces", fixtureRun).list("resourcequotas", "limit=500").list("limitranges", "limit=500"),
			[]string{"describe, namespaces, $NS"},
		},
	})
}

// TestWritesOfMany: what is written to is listed first, and nobody has looked at it.
func TestWritesOfMany(t *testing.T) {
	t.Parallel()
	const (
		restart = `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-11-30T07:00:00Z"}}}}}`
		image   = `{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"shop:v2"}]}}}}`
		team    = `{"metadata":{"labels":{"team":"a"}}}`
		three   = `{"spec":{"replicas":3}}`
		taint   = `{"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}}`
		cordon  = `{"spec":{"unschedulable":true}}`
		ref     = `{"spec":{"template":{"spec":{"containers":[{"env":[{"name":"PASSWORD","valueFrom":{"secretKeyRef":{"key":"password","name":"db"}}}],"name":"app"}]}}}}`
		all     = "limit=500"
	)
	start := func() *steps { return &steps{} }
	roll := func(s *steps, name, body string) *steps { return s.patch("deployments", name, "kubectl-rollout", body) }
	scale := func(s *steps, name string) *steps { return s.patch("deployments/scale", name, "", three) }
	checkSteps(t, map[string]stepsCase{
		"restart": {
			roll(roll(start().list("deployments", ""), "a", restart), "b", restart),
			[]string{"rollout restart, deployments, a", "rollout restart, deployments, b"},
		},
		"restart of two kinds": {
			roll(start().list("deployments", "").list("statefulsets", ""), "a", restart).patch("statefulsets", "b", "kubectl-rollout", restart),
			[]string{"rollout restart, deployments, a", "rollout restart, statefulsets, b"},
		},
		"restart after a look": {
			roll(start().list("deployments", all).later(100*time.Millisecond).list("deployments", ""), "a", restart),
			[]string{"get, deployments", "rollout restart, deployments, a"},
		},
		"restart of one after a look": {
			roll(start().list("deployments", all).later(100*time.Millisecond).get("deployments", "a"), "a", restart),
			[]string{"get, deployments", "rollout restart, deployments, a"},
		},
		"pause": {
			roll(start().list("deployments", ""), "a", `{"spec":{"paused":true}}`), []string{"rollout pause, deployments, a"},
		},
		"resume": {
			roll(start().list("deployments", ""), "a", `{"spec":{"paused":null}}`), []string{"rollout resume, deployments, a"},
		},
		"undo": {
			start().list("deployments", "").get("deployments", "a").list("replicasets", "labelSelector=app%3Da").
				patch("deployments", "a", "", `[{"op":"replace","path":"/spec/template","value":{"spec":{"containers":[{"name":"app","image":"shop:v1"}]}}}]`),
			[]string{"rollout undo, deployments, a {image=shop:v1}"},
		},
		"undo on a busy machine": {
			start().list("deployments", "").later(60*time.Millisecond).get("deployments", "a").list("replicasets", "labelSelector=app%3Da").
				patch("deployments", "a", "", `[{"op":"replace","path":"/spec/template","value":{"spec":{"containers":[{"name":"app","image":"shop:v1"}]}}}]`),
			[]string{"rollout undo, deployments, a {image=shop:v1}"},
		},
		"set": {
			start().list("deployments", "").patch("deployments", "a", "kubectl-set", image).patch("deployments", "b", "kubectl-set", image),
			[]string{"set, deployments, a {image=shop:v2}", "set, deployments, b {image=shop:v2}"},
		},
		"set by a selector": {
			start().list("deployments", "labelSelector=app%3Da").patch("deployments", "a", "kubectl-set", image), []string{"set, deployments, a {image=shop:v2}"},
		},
		"scale": {
			scale(scale(start().list("deployments", ""), "a"), "b"), []string{"scale, deployments, a {replicas=3}", "scale, deployments, b {replicas=3}"},
		},
		"scale by what they are": {
			start().list("deployments", "labelSelector=app%3Da").get("deployments/scale", "a").
				then(lineBuilder{verb: "update", ref: mine("deployments/scale", "a"), uri: "/x", body: three}),
			[]string{"scale, deployments, a {replicas=3}"},
		},
		"label": {
			start().list("pods", "labelSelector=app%3Da").patch("pods", "a", "kubectl-label", team).patch("pods", "b", "kubectl-label", team),
			[]string{"label, pods, a {labels.team=a}", "label, pods, b {labels.team=a}"},
		},
		"label in every namespace": {
			start().then(lineBuilder{verb: "list", ref: objectRef{Resource: "pods"}, uri: "/x"}).patch("pods", "a", "kubectl-label", team),
			[]string{"label, pods, a {labels.team=a}"},
		},
		"label after a look": {
			start().list("pods", "labelSelector=app%3Da&limit=500").later(100*time.Millisecond).list("pods", "labelSelector=app%3Da").patch("pods", "a", "kubectl-label", team),
			[]string{"get, pods {selector app=a}", "label, pods, a {labels.team=a}"},
		},
		"annotate": {
			start().list("pods", "").patch("pods", "a", "kubectl-annotate", `{"metadata":{"annotations":{"note":"b"}}}`), []string{"annotate, pods, a {annotations.note=***}"},
		},
		"taint": {
			start().list("nodes", "").patch("nodes", "a", "kubectl-taint", taint).patch("nodes", "b", "kubectl-taint", taint),
			[]string{"taint, nodes, a {taints=a:NoSchedule}", "taint, nodes, b {taints=a:NoSchedule}"},
		},
		"cordon": { // which lists in pages, as a person's get does
			start().list("nodes", "labelSelector=a&limit=500").patch("nodes", "a", "", cordon).patch("nodes", "b", "", cordon),
			[]string{"cordon, nodes, a {unschedulable=true}", "cordon, nodes, b {unschedulable=true}"},
		},
		"cordon of one after a look": {
			start().list("nodes", all).later(80*time.Millisecond).get("nodes", "a").patch("nodes", "a", "", cordon),
			[]string{"get, nodes", "cordon, nodes, a {unschedulable=true}"},
		},
		"another program's list": {
			start().list("deployments", "").patch("deployments", "a", "helm", three), []string{"get, deployments", "patch, deployments, a {replicas=3}"},
		},
		"a list of something else": {
			start().list("replicasets", "").patch("pods", "a", "kubectl-label", team), []string{"get, replicasets", "label, pods, a {labels.team=a}"},
		},
		"set from a secret": {
			start().get("secrets", "db").get("deployments", "a").patch("deployments", "a", "kubectl-set", ref),
			[]string{"set, deployments, a {env PASSWORD=***}"},
		},
		"set of many from a secret": {
			start().get("secrets", "db").list("deployments", "").patch("deployments", "a", "kubectl-set", ref).patch("deployments", "b", "kubectl-set", ref),
			[]string{"set, deployments, a {env PASSWORD=***}", "set, deployments, b {env PASSWORD=***}"},
		},
		"set from a secret after a look at it": {
			start().get("secrets", "db").later(80*time.Millisecond).get("secrets", "db").get("deployments", "a").patch("deployments", "a", "kubectl-set", ref),
			[]string{"get, secrets, db", "set, deployments, a {env PASSWORD=***}"},
		},
		"set from a secret that was looked at long before": {
			start().get("secrets", "db").later(80*time.Millisecond).get("deployments", "a").patch("deployments", "a", "kubectl-set", ref),
			[]string{"get, secrets, db", "set, deployments, a {env PASSWORD=***}"},
		},
		"set beside a look at a secret": {
			start().get("secrets", "db").get("deployments", "a").patch("deployments", "a", "kubectl-set", image),
			[]string{"get, secrets, db", "set, deployments, a {image=shop:v2}"},
		},
		"set from a secret beside a look at another": {
			start().get("secrets", "tls").get("deployments", "a").patch("deployments", "a", "kubectl-set", ref),
			[]string{"get, secrets, tls", "set, deployments, a {env PASSWORD=***}"},
		},
	})
}

// TestCopiesIntoAPod: cp looks first whether its destination is a folder.
func TestCopiesIntoAPod(t *testing.T) {
	t.Parallel()
	start := func() *steps { return &steps{} }
	const (
		upload   = "tar -xmf - -C /tmp"
		test     = "test -d /tmp/a"
		testTold = "exec, pods, a {command: test -d /tmp/a}"
		copyTold = "cp, pods, a {command: tar -xmf - -C /tmp}"
	)
	spdy := func(s *steps, command string) *steps {
		return s.exec("a", command).then(lineBuilder{
			verb: "create", ref: mine("pods/exec", "a"), uri: s.lines[len(s.lines)-1].uri, code: 101, stage: "ResponseStarted",
		})
	}
	refused := func(s *steps, command string) *steps {
		query := "command=" + strings.ReplaceAll(command, " ", "&command=")
		return s.get("pods", "a").then(lineBuilder{verb: "create", code: 403, stage: "ResponseStarted", ref: mine("pods/exec", "a"), uri: "/x?" + query})
	}
	checkSteps(t, map[string]stepsCase{
		"a copy":            {start().exec("a", test).later(400*time.Millisecond).exec("a", upload), []string{copyTold}},
		"two copies":        {start().exec("a", test).exec("a", upload).later(100*time.Millisecond).exec("a", test).exec("a", upload), []string{copyTold, copyTold}},
		"the test took 2 s": {start().exec("a", test).later(2*time.Second).exec("a", upload), []string{copyTold}},
		"without its owner": {
			start().exec("a", test).exec("a", "tar --no-same-permissions --no-same-owner -xmf - -C /tmp"),
			[]string{"cp, pods, a {command: tar --no-same-permissions --no-same-owner -xmf - -C /tmp}"},
		},
		"over SPDY where websockets do not pass": {
			spdy(spdy(start(), test).later(300*time.Millisecond), upload), []string{copyTold},
		},
		"refused": {
			refused(refused(start(), test), upload), []string{"cp, pods, a {command: tar -xmf - -C /tmp} (403)"},
		},
		"out of a pod":        {start().exec("a", "tar cf - /etc/hosts"), []string{"cp, pods, a {command: tar cf - /etc/hosts}"}},
		"a test by hand":      {start().exec("a", test), []string{testTold}},
		"a test of two paths": {start().exec("a", "test -d /tmp -o /srv").exec("a", upload), []string{"exec, pods, a {command: test -d /tmp -o /srv}", copyTold}},
		"a test by hand, much later a copy": {
			start().exec("a", test).later(4*time.Second).exec("a", upload), []string{testTold, copyTold},
		},
		"a test by hand, then a copy": {
			start().exec("a", "test -d /srv").later(100*time.Millisecond).exec("a", test).exec("a", upload),
			[]string{"exec, pods, a {command: test -d /srv}", copyTold},
		},
		"a test, then a copy into another pod": {
			start().exec("b", test).later(100*time.Millisecond).exec("a", upload), []string{"exec, pods, b {command: test -d /tmp/a}", copyTold},
		},
		"a test, then a copy out of the pod": {
			start().exec("a", test).exec("a", "tar cf - /tmp/a"), []string{testTold, "cp, pods, a {command: tar cf - /tmp/a}"},
		},
		"a test, then other commands": {
			start().exec("a", test).later(100*time.Millisecond).exec("a", "ls").later(100*time.Millisecond).describe("pods", "a").eventsOf("a"),
			[]string{testTold, "exec, pods, a {command: ls}", "describe, pods, a"},
		},
		"another tar": {start().exec("a", "tar --list -f /tmp/a"), []string{"exec, pods, a {command: tar --list -f /tmp/a}"}},
		"only flags":  {start().exec("a", "tar --no-same-owner --no-same-permissions"), []string{"exec, pods, a {command: tar --no-same-owner --no-same-permissions}"}},
	})
}
