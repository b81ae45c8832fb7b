//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A trainee who may repair metrics-server may make no way to the node of it, nor to other
// identities and Secrets: its pods run in kube-system, on the control plane. It is not
// parallel: its RoleBinding would be a difference in the cluster to a proof beside it.
func TestAnAddonIsNoWayToTheNode(t *testing.T) {
	const trainee = "trainee:addon-test"
	kubectl := func(args ...string) (string, error) {
		all := append([]string{"--kubeconfig", filepath.Join(home(), "clusters", *clusterName, "referee.kubeconfig"), "-n", "kube-system"}, args...)
		out, err := exec.Command("kubectl", all...).CombinedOutput()
		return string(out), err
	}
	const binding = "firedrill-addon-test"
	if out, err := kubectl("create", "rolebinding", binding, "--role=firedrill:addon-editor", "--user="+trainee); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := kubectl("delete", "rolebinding", binding); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	const pod = "/spec/template/spec"
	for name, tc := range map[string]struct{ patch, refused string }{
		"an argument":        {`{"op":"add","path":"` + pod + `/containers/0/args/-","value":"--v=2"}`, ""},
		"a replica":          {`{"op":"replace","path":"/spec/replicas","value":2}`, ""},
		"another identity":   {`{"op":"replace","path":"` + pod + `/serviceAccountName","value":"clusterrole-aggregation-controller"}`, "another service account"},
		"the node's files":   {`{"op":"add","path":"` + pod + `/volumes/-","value":{"name":"h","hostPath":{"path":"/etc/kubernetes"}}}`, "but emptyDir and configMap"},
		"a Secret's files":   {`{"op":"add","path":"` + pod + `/volumes/-","value":{"name":"s","secret":{"secretName":"any"}}}`, "but emptyDir and configMap"},
		"the node's network": {`{"op":"add","path":"` + pod + `/hostNetwork","value":true}`, "share the node's network"},
		"privileges":         {`{"op":"add","path":"` + pod + `/initContainers","value":[{"name":"i","image":"i","securityContext":{"privileged":true}}]}`, "more privileges"},
		"a port of the node": {`{"op":"add","path":"` + pod + `/containers/0/ports/-","value":{"name":"h","containerPort":9,"hostPort":10250}}`, "no port of the node"},
		"a Secret's value":   {`{"op":"add","path":"` + pod + `/containers/0/env","value":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"a","key":"b"}}}]}`, "no Secret"},
	} {
		out, err := kubectl("patch", "deployment", "metrics-server", "--type=json", "-p", "["+tc.patch+"]", "--dry-run=server", "--as="+trainee, "--as-group=firedrill:trainees", "--as-group=system:authenticated")
		switch {
		case tc.refused == "" && err != nil:
			t.Errorf("%s: %v\n%s", name, err, out)
		case tc.refused != "" && (err == nil || !strings.Contains(out, tc.refused)):
			t.Errorf("%s: want a refusal that says %q, got %v\n%s", name, tc.refused, err, out)
		}
	}
}

// TestARunsNamespaceIsNoWayOut: nothing that a trainee may make in a run's namespace takes
// the place of what is not theirs, nor catches what the referee asks.
func TestARunsNamespaceIsNoWayOut(t *testing.T) {
	const namespace = "guard-test"
	kubectl := func(stdin string, args ...string) (string, error) {
		cmd := exec.Command("kubectl", append([]string{"--kubeconfig", filepath.Join(home(), "clusters", *clusterName, "referee.kubeconfig")}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	made := `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"` + namespace + `","labels":{"firedrill.dev/run":"` + namespace + `"}}}`
	if out, err := kubectl(made, "apply", "-f", "-"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := kubectl("", "delete", "namespace", namespace); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	for try := 0; ; try++ { // pods are refused until it is there
		if _, err := kubectl("", "get", "serviceaccount", "default", "-n", namespace); err == nil {
			break
		}
		if try == 30 {
			t.Fatal("the namespace has no default service account after 30 s")
		}
		time.Sleep(time.Second)
	}
	pod := func(class string) string {
		return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"priorityClassName":"` + class + `","containers":[{"name":"c","image":"i"}]}}`
	}
	service := func(external string) string {
		return `{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{` + external + `"ports":[{"port":10250}]}}`
	}
	for name, tc := range map[string]struct{ object, refused string }{
		"a pod":                             {pod(""), ""},
		"a pod that preempts all others":    {pod("system-node-critical"), "priority class of the system"},
		"a pod that preempts most others":   {pod("system-cluster-critical"), "priority class of the system"},
		"a Service":                         {service(""), ""},
		"a Service with a node's address":   {service(`"externalIPs":["10.0.0.1"],`), "externalIPs"},
		"a Service that grows one, by hand": {service(`"type":"NodePort","externalIPs":["10.0.0.1"],`), "externalIPs"},
	} {
		out, err := kubectl(tc.object, "create", "-n", namespace, "--dry-run=server", "-f", "-")
		switch {
		case tc.refused == "" && err != nil:
			t.Errorf("%s: %v\n%s", name, err, out)
		case tc.refused != "" && (err == nil || !strings.Contains(out, tc.refused)):
			t.Errorf("%s: want a refusal that says %q, got %v\n%s", name, tc.refused, err, out)
		}
	}
}
