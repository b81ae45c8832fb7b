package verifier

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const kubeletDefault = `{"kubeletconfig": {"authentication": {"anonymous": {"enabled": false}, "webhook": {"enabled": true}},
	"authorization": {"mode": "Webhook"}, "authorizationExtra": "x", "evictionHard": {"memory.available": "100Mi"},
	"clusterDNS": ["10.96.0.10"], "syncFrequency": "1m0s"}}`

// kubelet is an API server with one node, whose kubelet answers as told.
type kubelet struct {
	node   *corev1.Node
	code   int
	config string
}

func (k kubelet) client(t *testing.T) kubernetes.Interface {
	t.Helper()
	answer := func(w http.ResponseWriter, code int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		if text, ok := body.(string); ok {
			_, _ = w.Write([]byte(text))
			return
		}
		_ = json.NewEncoder(w).Encode(body)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/proxy/configz"):
			answer(w, k.code, k.config)
		case strings.Contains(r.URL.Path, "/leases/"):
			answer(w, http.StatusOK, lease(0))
		case k.node == nil:
			answer(w, http.StatusNotFound, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`)
		default:
			answer(w, http.StatusOK, k.node)
		}
	}))
	t.Cleanup(server.Close)
	client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestKubeletConfigKept(t *testing.T) {
	t.Parallel()
	check := &KubeletConfigKept{nodeRef{"worker"}, []string{"authentication", "authorization", "evictionHard", "clusterDNS"}, []string{"readOnlyPort"}}
	with := func(old, now string) kubelet {
		return kubelet{node(), http.StatusOK, strings.Replace(kubeletDefault, old, now, 1)}
	}
	down := kubelet{node(), http.StatusServiceUnavailable, "dial tcp: connection refused"}
	cases := map[string]struct {
		now    kubelet
		units  fakeNodes
		passed bool
		want   string
	}{
		"as before":                   {with("", ""), systemd(running, running), true, "configured as it was"},
		"another field was changed":   {with("1m0s", "2m0s"), systemd(running, running), true, "configured as it was"},
		"a field of a similar name":   {with(`"x"`, `"y"`), systemd(running, running), true, "configured as it was"},
		"open to anybody":             {with(`"enabled": false`, `"enabled": true`), systemd(running, running), false, "authentication.anonymous.enabled was false, is true"},
		"a second, open port":         {with(`"syncFrequency"`, `"readOnlyPort": 10255, "syncFrequency"`), systemd(running, running), false, "readOnlyPort was not set, is 10255"},
		"webhook off":                 {with(`"webhook": {"enabled": true}`, `"webhook": {"enabled": false}`), systemd(running, running), false, "authentication.webhook.enabled was true, is false"},
		"everybody may do everything": {with(`"mode": "Webhook"`, `"mode": "AlwaysAllow"`), systemd(running, running), false, "authorization.mode was Webhook, is AlwaysAllow"},
		"threshold gone":              {with(`"memory.available": "100Mi"`, ""), systemd(running, running), false, "evictionHard.memory.available was 100Mi, is not set"},
		"threshold added":             {with(`"memory.available"`, `"pid.available": "1", "memory.available"`), systemd(running, running), false, "evictionHard.pid.available was not set, is 1"},
		"section gone":                {with(`"clusterDNS": ["10.96.0.10"], `, ""), systemd(running, running), false, "clusterDNS.0 was 10.96.0.10, is not set"},
		"API server refused":          {kubelet{node(), http.StatusUnauthorized, "Unauthorized"}, systemd(running, running), false, "does not accept the API server"},
		"API server not allowed":      {kubelet{node(), http.StatusForbidden, "Forbidden"}, systemd(running, running), false, "does not accept the API server"},
		"no answer while it is well":  {down, systemd(running, running), false, "error: ask the kubelet of node worker"},
		"an answer that says nothing": {kubelet{node(), http.StatusOK, "{}"}, systemd(running, running), false, "error: no kubeletconfig"},
		"not an answer":               {kubelet{node(), http.StatusOK, "<html>"}, systemd(running, running), false, "error: gave no configuration"},
		"crash-looping":               {down, systemd("activating enabled", running), true, "nothing to compare"},
		"not ready":                   {kubelet{node(silent), http.StatusServiceUnavailable, ""}, systemd(running, running), true, "nothing to compare"},
		"deleted":                     {kubelet{code: http.StatusOK, config: kubeletDefault}, systemd(running, running), true, "there is no node"},
		"units cannot be asked": {with("", ""), func(string, ...string) (string, error) {
			return "", errors.New("no such container")
		}, false, "error: no such container"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target()
			on.Client, on.Nodes, on.Baseline = c.now.client(t), c.units, new(Baseline)
			plan := Plan{Safeguards: []Guard{{Name: "kept", Checker: check}}}
			if err := on.Baseline.TakeFor(t.Context(), &Target{Client: with("", "").client(t)}, plan); err != nil {
				t.Fatal(err)
			}
			expect(t, check, on, c.passed, c.want)
		})
	}
}

func TestKubeletConfigKeptNeedsItsBaseline(t *testing.T) {
	t.Parallel()
	check := &KubeletConfigKept{nodeRef{"worker"}, []string{"authentication"}, nil}
	expect(t, check, target(), false, "error: no baseline")
	on := target()
	on.Baseline = new(Baseline)
	expect(t, check, on, false, "error: the baseline has no configuration")
	plan := Plan{Checks: []Step{{ID: "kept", Checker: &KubeletConfigKept{nodeRef{"worker"}, []string{"evictionSoft"}, nil}}}}
	client := kubelet{node(), http.StatusOK, kubeletDefault}.client(t)
	if err := on.Baseline.TakeFor(t.Context(), &Target{Client: client}, plan); err == nil || !strings.Contains(err.Error(), "no field evictionSoft") {
		t.Errorf("a field that nobody has: %v", err)
	}
	plan.Checks[0].Checker = &KubeletConfigKept{nodeRef{"worker"}, []string{"authentication"}, []string{"clusterDNS"}}
	if err := on.Baseline.TakeFor(t.Context(), &Target{Client: client}, plan); err == nil || !strings.Contains(err.Error(), "has the field clusterDNS set") {
		t.Errorf("a field that is set: %v", err)
	}
	if (&KubeletConfigKept{}).Validate() == nil {
		t.Error("a safeguard that compares nothing was taken")
	}
}
