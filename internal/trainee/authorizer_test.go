package trainee

import (
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/firedrill/firedrill/manifests"
)

const (
	testRun       = "shop-x7k2q"
	testNamespace = "shop-x7k2q"
)

// access is one question to the authorizer.
type access struct {
	verb, group, resource, namespace, name string
}

// allows answers it from the rendered roles as the API server's RBAC authorizer does:
// a cluster-wide binding, or one in the request's namespace, to a role with a rule
// that matches verb, group, resource and name.
func (r *rules) allows(a access) bool {
	var refs []rbacv1.RoleRef
	for _, b := range r.clusterRoleBindings {
		refs = append(refs, b.RoleRef)
	}
	for _, b := range r.roleBindings {
		if b.Namespace == a.namespace {
			refs = append(refs, b.RoleRef)
		}
	}
	for _, role := range r.clusterRoles {
		if !slices.ContainsFunc(refs, func(ref rbacv1.RoleRef) bool { return ref.Name == role.Name }) {
			continue
		}
		for _, rule := range role.Rules {
			if slices.Contains(rule.Verbs, a.verb) && slices.Contains(rule.APIGroups, a.group) &&
				slices.Contains(rule.Resources, a.resource) &&
				(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, a.name)) {
				return true
			}
		}
	}
	return false
}

func renderTest(t *testing.T, workers ...string) *rules {
	t.Helper()
	r, err := render(manifests.TraineeRBAC, testRun, testNamespace, workers)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRights(t *testing.T) {
	t.Parallel()
	const here, system, referee, other = testNamespace, "kube-system", "firedrill-system", "shop-other"
	r := renderTest(t, "worker", "worker2")
	tests := map[string]struct {
		want     bool
		accesses []access
	}{
		"an on-call engineer's work in the drill's namespace": {true, []access{
			{"list", "", "pods", here, ""},
			{"get", "", "pods/log", here, "p"},
			{"create", "", "pods/exec", here, "p"},
			{"get", "", "pods/exec", here, "p"},
			{"create", "", "pods/portforward", here, "p"},
			{"patch", "", "pods/ephemeralcontainers", here, "p"},
			{"create", "", "pods/eviction", here, "p"},
			{"patch", "apps", "deployments", here, "d"},
			{"update", "apps", "deployments/scale", here, "d"},
			{"delete", "apps", "statefulsets", here, "s"},
			{"list", "apps", "controllerrevisions", here, ""},
			{"create", "", "secrets", here, "s"},
			{"get", "", "configmaps", here, "c"},
			{"delete", "policy", "poddisruptionbudgets", here, "p"},
			{"patch", "autoscaling", "horizontalpodautoscalers", here, "h"},
			{"create", "networking.k8s.io", "networkpolicies", here, "n"},
			{"delete", "", "persistentvolumeclaims", here, "c"},
			{"list", "discovery.k8s.io", "endpointslices", here, ""},
			{"list", "", "events", here, ""},
			{"list", "", "resourcequotas", here, ""},
			{"list", "metrics.k8s.io", "pods", here, ""},
			{"list", "rbac.authorization.k8s.io", "rolebindings", here, ""},
		}},
		"nodes: read, cordon, taint, even the wrong fix": {true, []access{
			{"list", "", "nodes", "", ""},
			{"get", "", "nodes", "", "control-plane"},
			{"patch", "", "nodes", "", "worker"},
			{"update", "", "nodes", "", "worker2"},
			{"delete", "", "nodes", "", "worker"},
			{"list", "metrics.k8s.io", "nodes", "", ""},
			{"get", "coordination.k8s.io", "leases", "kube-node-lease", "worker"},
			{"list", "", "events", "default", ""},
			{"list", "", "events", "", ""},
		}},
		"drain": {true, []access{
			{"list", "", "pods", "", ""},
			{"get", "apps", "daemonsets", system, "kube-proxy"},
			{"create", "", "pods/eviction", system, "coredns"},
			{"get", "", "pods", system, "coredns"},
			{"create", "", "pods/eviction", "local-path-storage", "p"},
			{"get", "", "pods", "local-path-storage", "p"},
		}},
		"storage and the cluster's services, to look at": {true, []access{
			{"list", "", "persistentvolumes", "", ""},
			{"list", "storage.k8s.io", "storageclasses", "", ""},
			{"list", "", "namespaces", "", ""},
			{"get", "", "pods/log", system, "coredns"},
			{"get", "", "configmaps", system, "coredns"},
			{"list", "", "services", system, ""},
		}},
		"the referee's namespace": {false, []access{
			{"get", "", "configmaps", referee, "firedrill-owner"},
			{"list", "", "configmaps", referee, ""},
			{"list", "", "secrets", referee, ""},
			{"get", "", "pods", referee, "p"},
			{"get", "", "pods/log", referee, "p"},
			{"create", "", "pods/exec", referee, "p"},
			{"get", "", "pods/exec", referee, "p"},
			{"delete", "", "pods", referee, "p"},
			{"create", "", "pods/eviction", referee, "p"},
			{"create", "", "pods/portforward", referee, "p"},
			{"patch", "apps", "deployments", referee, "d"},
		}},
		"other runs and the control plane": {false, []access{
			{"get", "", "secrets", other, "s"},
			{"patch", "apps", "deployments", other, "d"},
			{"delete", "", "pods", other, "p"},
			{"patch", "", "nodes", "", "control-plane"},
			{"delete", "", "nodes", "", "control-plane"},
			{"create", "", "nodes", "", ""},
			{"deletecollection", "", "nodes", "", ""},
			{"delete", "", "namespaces", "", here},
			{"patch", "", "namespaces", "", here},
		}},
		"secrets and shells of the cluster's services": {false, []access{
			{"get", "", "secrets", system, "s"},
			{"list", "", "secrets", "", ""},
			{"create", "", "pods/exec", system, "p"},
			{"create", "", "pods", system, ""},
			{"delete", "", "pods", system, "p"},
			{"patch", "apps", "deployments", system, "coredns"},
			{"update", "", "configmaps", system, "coredns"},
		}},
		"becoming more than an on-call engineer": {false, []access{
			{"impersonate", "", "users", "", "kubernetes-admin"},
			{"impersonate", "", "serviceaccounts", here, "default"},
			{"create", "", "serviceaccounts/token", here, "default"},
			{"update", "certificates.k8s.io", "certificatesigningrequests/approval", "", "c"},
			{"create", "certificates.k8s.io", "certificatesigningrequests", "", ""},
			{"create", "rbac.authorization.k8s.io", "rolebindings", here, ""},
			{"escalate", "rbac.authorization.k8s.io", "clusterroles", "", "c"},
			{"bind", "rbac.authorization.k8s.io", "clusterroles", "", "c"},
			{"get", "", "nodes/proxy", "", "worker"},
			{"patch", "", "nodes/status", "", "worker"},
			{"get", "", "services/proxy", here, "s"},
			{"create", "admissionregistration.k8s.io", "validatingwebhookconfigurations", "", ""},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, a := range tt.accesses {
				if got := r.allows(a); got != tt.want {
					t.Errorf("%+v: allowed is %t, want %t", a, got, tt.want)
				}
			}
		})
	}
}

// No rule may hold a wildcard: it would allow what nobody listed.
func TestRightsAreListed(t *testing.T) {
	t.Parallel()
	for _, role := range renderTest(t, "worker").clusterRoles {
		for _, rule := range role.Rules {
			for _, list := range [][]string{rule.Verbs, rule.APIGroups, rule.Resources} {
				if slices.Contains(list, "*") || len(list) == 0 {
					t.Errorf("%s: rule %v is not explicit", role.Name, rule)
				}
			}
		}
	}
}

func TestRenderRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, manifest := range map[string]string{
		"field": "kind: ClusterRole\nrules: [{resourceName: [a]}]\n",
		"kind":  "kind: Secret\n",
		"text":  "kind: [\n",
	} {
		if _, err := render(manifest, testRun, testNamespace, nil); err == nil {
			t.Errorf("%s: a manifest with an unknown %s was taken", name, name)
		}
	}
}
