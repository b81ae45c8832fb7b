package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func clusterNode(podCIDR string, addresses ...corev1.NodeAddress) *corev1.Node {
	return &corev1.Node{
		Spec:   corev1.NodeSpec{PodCIDR: podCIDR},
		Status: corev1.NodeStatus{Addresses: addresses},
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	host := corev1.NodeAddress{Type: corev1.NodeHostName, Address: "worker"}
	internal := corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: "172.18.1.3"}
	tests := map[string]struct {
		node *corev1.Node
		want bool
	}{
		"a node at work":       {clusterNode("10.244.1.0/24", host, internal), true},
		"no pod network yet":   {clusterNode("", internal), false},
		"no address yet":       {clusterNode("10.244.1.0/24", host), false},
		"an address not an IP": {clusterNode("10.244.1.0/24", corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: "x"}), false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, pods, ok := network(tc.node)
			if ok != tc.want {
				t.Fatalf("network: ok = %t, want %t", ok, tc.want)
			}
			if ok && (address.String() != "172.18.1.3" || pods.String() != "10.244.1.0/24") {
				t.Errorf("network = %s, %s", address, pods)
			}
		})
	}
}

func TestConfigureWritesOnce(t *testing.T) {
	t.Parallel()
	n := &node{name: "worker", configDir: t.TempDir()}
	loopback, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	address := net.IPv4(127, 0, 0, 1)
	_, pods, err := net.ParseCIDR("10.244.1.0/24")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.configure(address, pods); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(n.configDir, "10-nodecni.conflist")
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"subnet": "10.244.1.0/24"`, fmt.Sprintf(`"mtu": %d`, loopback.MTU)} {
		if !strings.Contains(string(written), want) {
			t.Errorf("no %s in\n%s", want, written)
		}
	}
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.configure(address, pods); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) {
		t.Error("an unchanged configuration was written again: the runtime reloads for nothing")
	}
}

// After a restart the API server tells a node's old address for a while.
func TestConfigureWaitsForTheAddress(t *testing.T) {
	t.Parallel()
	n := &node{name: "worker", configDir: t.TempDir()}
	_, pods, err := net.ParseCIDR("10.244.1.0/24")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.configure(net.ParseIP("192.0.2.77"), pods); err == nil {
		t.Error("configured with an address that no interface has")
	}
	if written, err := os.ReadDir(n.configDir); err != nil || len(written) > 0 {
		t.Errorf("%v, %v", written, err)
	}
}

// A pass is made when a network changes, and not for a sign of life.
func TestNetworks(t *testing.T) {
	t.Parallel()
	at := func(address string) corev1.NodeAddress {
		return corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: address}
	}
	a, b := clusterNode("10.244.1.0/24", at("172.18.0.2")), clusterNode("10.244.2.0/24", at("172.18.0.3"))
	a.Name, b.Name = "a", "b"
	before := networks([]*corev1.Node{a, b})
	alive := a.DeepCopy()
	alive.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady}}
	if networks([]*corev1.Node{b, alive}) != before {
		t.Error("a sign of life, or another order, changes the networks")
	}
	moved, other, joining := a.DeepCopy(), a.DeepCopy(), a.DeepCopy()
	moved.Status.Addresses[0].Address = "172.18.0.4"
	other.Spec.PodCIDR = "10.244.3.0/24"
	joining.Spec.PodCIDR = ""
	for name, list := range map[string][]*corev1.Node{
		"another address": {moved, b}, "another network": {other, b}, "no network": {joining, b}, "one less": {b},
	} {
		if networks(list) == before {
			t.Errorf("%s changes nothing", name)
		}
	}
}
