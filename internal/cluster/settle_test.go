package cluster

import (
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestGetVerifiesTheOwner(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, id, want string }{
		{"another ID", "other", `its ID is "other"`},
		{"no mark", "", "it has no ConfigMap"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 1)
			mustUp(t, f, Options{})
			f.client = newClient(readyObjects(1)...)
			if tc.id != "" {
				mark := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: OwnerConfigMap, Namespace: Namespace}, Data: map[string]string{OwnerKey: tc.id}}
				if err := f.client.Tracker().Add(mark); err != nil {
					t.Fatal(err)
				}
			}
			var foreign *ForeignError
			if _, err := f.Get(t.Context(), DefaultName); !errors.As(err, &foreign) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Get = %v, want a *ForeignError: %s", err, tc.want)
			}
			if _, _, err := f.Up(t.Context(), Options{Recreate: true}); !errors.As(err, &foreign) {
				t.Errorf("Up = %v, want a *ForeignError", err)
			}
		})
	}
}

func TestStaleLeases(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	mustUp(t, f, Options{})
	later := time.Now().Add(time.Hour) // this host's clock runs ahead of the engine's
	f.now = func() time.Time { return later }
	check := readiness{client: f.client, nodes: 1, leases: leaseWatch{now: f.now}}
	if err := check.observe(t.Context()); err == nil || !strings.Contains(err.Error(), "does not renew its lease") {
		t.Errorf("a lease of an hour ago = %v", err)
	}
	leases := f.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	lease, err := leases.Get(t.Context(), "node-a", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	renewed := metav1.NewMicroTime(lease.Spec.RenewTime.Add(4 * time.Second))
	lease.Spec.RenewTime = &renewed
	if _, err := leases.Update(t.Context(), lease, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := check.observe(t.Context()); err != nil {
		t.Errorf("a lease renewed between two looks = %v", err)
	}
}

// Nodes that were started again, with a network plugin that knows them by their addresses, may
// give their pods the network of another node.
func TestAddressesOfAnotherNode(t *testing.T) {
	t.Parallel()
	node := func(name, network string) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{PodCIDR: network}}
	}
	tests := map[string]struct {
		address string
		change  func(*corev1.Pod)
		wrong   bool
	}{
		"of its own node":       {address: "10.244.2.7"},
		"of another node":       {address: "10.244.1.7", wrong: true},
		"none yet":              {address: ""},
		"of the node itself":    {address: "172.18.0.3", change: func(p *corev1.Pod) { p.Spec.HostNetwork = true }},
		"of a pod that is over": {address: "10.244.1.7", change: func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }},
		"of no node":            {address: "10.244.1.7", change: func(p *corev1.Pod) { p.Spec.NodeName = "" }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"},
				Spec:       corev1.PodSpec{NodeName: "node-b"},
				Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: tc.address},
			}
			if tc.change != nil {
				tc.change(pod)
			}
			check := readiness{client: newClient(pod)}
			err := check.observeAddresses(t.Context(), []corev1.Node{*node("node-a", "10.244.1.0/24"), *node("node-b", "10.244.2.0/24")})
			if (err != nil) != tc.wrong || err != nil && !strings.Contains(err.Error(), "10.244.2.0/24 (node-b)") {
				t.Errorf("observeAddresses = %v", err)
			}
		})
	}
}
