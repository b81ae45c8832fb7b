package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
)

// node is the node that this process runs on. It knows itself by its name: when an
// engine starts its nodes again they change addresses with one another, and a pod is
// told its node's old one for a while.
type node struct {
	name      string
	podSubnet string // of all nodes' pods
	configDir string // where the container runtime looks for a CNI configuration
}

// reconcile makes this node's network what the cluster's nodes ask for. It goes on
// past an error, so that one node's bad address does not cut the others off.
func (n *node) reconcile(ctx context.Context, all []*corev1.Node) error {
	var errs []error
	for _, other := range all {
		address, pods, ok := network(other)
		switch {
		case !ok: // it has just joined; its next change brings us back
		case other.Name == n.name:
			// the configuration last: it makes the node Ready
			errs = append(errs, n.masquerade(ctx, pods), n.configure(address, pods))
		default:
			errs = append(errs, route(pods, address))
		}
	}
	return errors.Join(errs...)
}

// network returns a node's internal address and its pods' network, false as long
// as it lacks one of them.
func network(of *corev1.Node) (net.IP, *net.IPNet, bool) {
	_, pods, err := net.ParseCIDR(of.Spec.PodCIDR)
	if err != nil {
		return nil, nil, false
	}
	for _, address := range of.Status.Addresses {
		if ip := net.ParseIP(address.Address); address.Type == corev1.NodeInternalIP && ip != nil {
			return ip, pods, true
		}
	}
	return nil, nil, false
}

// networks tells which networks the nodes have, and where.
func networks(all []*corev1.Node) string {
	var lines []string
	for _, node := range all {
		address, pods, ok := network(node)
		lines = append(lines, fmt.Sprint(node.Name, address, pods, ok))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func route(to *net.IPNet, via net.IP) error {
	if err := netlink.RouteReplace(&netlink.Route{Dst: to, Gw: via}); err != nil {
		return fmt.Errorf("route to %s by %s: %w", to, via, err)
	}
	return nil
}

// masqueradeChain holds the rules for what leaves this node's pods.
const masqueradeChain = "NODECNI-MASQ"

// masquerade gives what goes from this node's pods to anything but a pod the
// node's address, as nothing outside knows the way back to a pod's.
func (n *node) masquerade(ctx context.Context, pods *net.IPNet) error {
	if iptables(ctx, "-n", "-L", masqueradeChain) != nil {
		if err := iptables(ctx, "-N", masqueradeChain); err != nil {
			return err
		}
	}
	rules := [][]string{
		{masqueradeChain, "-d", n.podSubnet, "-j", "RETURN"},
		{masqueradeChain, "-j", "MASQUERADE"},
		{"POSTROUTING", "-s", pods.String(), "-m", "addrtype", "!", "--dst-type", "LOCAL", "-j", masqueradeChain},
	}
	for _, rule := range rules {
		if iptables(ctx, append([]string{"-C"}, rule...)...) == nil {
			continue
		}
		if err := iptables(ctx, append([]string{"-A"}, rule...)...); err != nil {
			return err
		}
	}
	return nil
}

func iptables(ctx context.Context, args ...string) error {
	output, err := exec.CommandContext(ctx, "iptables", append([]string{"-w", "-t", "nat"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("iptables %v: %w: %s", args, err, bytes.TrimSpace(output))
	}
	return nil
}

// configure writes the CNI configuration, unless it is there. The runtime watches
// the folder and must never read half a file.
func (n *node) configure(address net.IP, pods *net.IPNet) error {
	mtu, err := mtuOf(address)
	if err != nil {
		return err
	}
	want, err := json.MarshalIndent(cniConfig(pods.String(), mtu), "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(n.configDir, "10-nodecni.conflist")
	if have, err := os.ReadFile(file); err == nil && bytes.Equal(have, want) {
		return nil
	}
	if err := os.WriteFile(file+".new", want, 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// mtuOf is that of the interface with the address. There is none while the API server
// still tells the address from before a restart.
func mtuOf(address net.IP) (int, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return 0, err
	}
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil {
			return 0, err
		}
		for _, a := range addresses {
			if ipNet, ok := a.(*net.IPNet); ok && ipNet.IP.Equal(address) {
				return i.MTU, nil
			}
		}
	}
	return 0, fmt.Errorf("no interface of this node has its address %s", address)
}

func cniConfig(podCIDR string, mtu int) map[string]any {
	return map[string]any{
		"cniVersion": "0.3.1",
		"name":       "nodecni",
		"plugins": []map[string]any{
			{
				"type": "ptp", "ipMasq": false, "mtu": mtu,
				"ipam": map[string]any{
					"type": "host-local",
					// gone after a restart of the node, as its pods are
					"dataDir": "/run/cni-ipam-state",
					"routes":  []map[string]any{{"dst": "0.0.0.0/0"}},
					"ranges":  [][]map[string]any{{{"subnet": podCIDR}}},
				},
			},
			// As kube-proxy here; without it the plugin starts iptables twice for each pod to find out.
			{"type": "portmap", "backend": "iptables", "capabilities": map[string]any{"portMappings": true}},
		},
	}
}
