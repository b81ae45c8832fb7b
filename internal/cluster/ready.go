package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

// readiness is firedrill's own idea of a cluster that drills can start on: kind's
// own wait looks at control planes only, and returns without an error on timeout.
type readiness struct {
	client kubernetes.Interface
	nodes  int        // how many must be Ready
	owner  *state     // whose mark it must bear; nil while it has none yet
	leases leaseWatch // zero: a fresh cluster, whose conditions cannot be stale
}

// waitReady polls until the cluster is ready. After the given time it returns the
// last thing seen, not "timed out".
func (m *Manager) waitReady(ctx context.Context, check *readiness, within time.Duration) error {
	limit, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	last := errors.New("it was not looked at")
	err := wait.PollUntilContextCancel(limit, m.limits.poll, true, func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, m.limits.request)
		defer cancel()
		err := check.observe(ctx)
		var foreign *ForeignError
		if errors.As(err, &foreign) {
			return false, err
		}
		if err != nil && limit.Err() == nil {
			last = err
		}
		return err == nil, nil
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case limit.Err() != nil:
		return fmt.Errorf("not ready within %s: %w", within, last)
	}
	return err
}

// observe looks once, and returns the first thing that is missing.
func (r *readiness) observe(ctx context.Context) error {
	if r.owner != nil {
		if err := verifyOwner(ctx, r.client, r.owner); err != nil {
			return err
		}
	}
	if err := r.observeNodes(ctx); err != nil {
		return err
	}
	dns, err := r.client.AppsV1().Deployments("kube-system").Get(ctx, "coredns", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("look at CoreDNS: %w", err)
	}
	if !available(dns) {
		return fmt.Errorf("CoreDNS is not available: %d of %d pods are ready", dns.Status.AvailableReplicas, dns.Status.Replicas)
	}
	for _, namespace := range []string{"default", "kube-system", Namespace} {
		if _, err := r.client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{}); err != nil {
			return fmt.Errorf("look at the default ServiceAccount of namespace %s: %w", namespace, err)
		}
	}
	return nil
}

func (r *readiness) observeNodes(ctx context.Context) error {
	nodes, err := r.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list the nodes: %w", err)
	}
	if len(nodes.Items) != r.nodes {
		return fmt.Errorf("%d of %d nodes have joined", len(nodes.Items), r.nodes)
	}
	for _, node := range nodes.Items {
		if err := nodeReady(node); err != nil {
			return err
		}
	}
	if err := r.observeAddresses(ctx, nodes.Items); err != nil {
		return err
	}
	return r.leases.observe(ctx, r.client, nodes.Items)
}

// observeAddresses makes sure that each node's pods have addresses of the node's own
// network. Nodes that were started again may have each other's addresses, and a network
// plugin that tells them apart by these gives two nodes one network: the nodes and the
// pods are Ready, and half of the connections never come to be.
func (r *readiness) observeAddresses(ctx context.Context, nodes []corev1.Node) error {
	networks := map[string]netip.Prefix{}
	for _, node := range nodes {
		if network, err := netip.ParsePrefix(node.Spec.PodCIDR); err == nil {
			networks[node.Name] = network
		}
	}
	pods, err := r.client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return fmt.Errorf("list the pods: %w", err)
	}
	for _, pod := range pods.Items {
		network, known := networks[pod.Spec.NodeName]
		if !known || pod.Spec.HostNetwork || pod.Status.Phase != corev1.PodRunning {
			continue
		}
		if address, err := netip.ParseAddr(pod.Status.PodIP); err == nil && !network.Contains(address) {
			return fmt.Errorf("pod %s of namespace %s has the address %s, which is not of its node's network %s (%s)",
				pod.Name, pod.Namespace, address, network, pod.Spec.NodeName)
		}
	}
	return nil
}

func nodeReady(node corev1.Node) error {
	for _, condition := range node.Status.Conditions {
		if condition.Type != corev1.NodeReady {
			continue
		}
		if condition.Status == corev1.ConditionTrue {
			return nil
		}
		return fmt.Errorf("node %s is not Ready: %s: %s", node.Name, condition.Reason, condition.Message)
	}
	return fmt.Errorf("node %s has not reported whether it is Ready", node.Name)
}

func available(deployment *appsv1.Deployment) bool {
	if deployment.Status.ObservedGeneration < deployment.Generation {
		return false
	}
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentAvailable {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// leaseFresh is the age up to which a node's lease counts as being renewed: the
// kubelet renews it every 4 s (manifests/kind/kubelet.yaml).
const leaseFresh = 30 * time.Second

// leaseWatch tells whether the nodes' kubelets are alive. After a restart of the
// engine the API server shows the nodes' conditions from before, for up to 20 s.
type leaseWatch struct {
	now   func() time.Time // nil: leases are not looked at
	first map[string]time.Time
}

// observe accepts a lease that is fresh by this host's clock, or that was renewed
// between two looks: the engine's virtual machine may have another clock.
func (l *leaseWatch) observe(ctx context.Context, client kubernetes.Interface, nodes []corev1.Node) error {
	if l.now == nil {
		return nil
	}
	leases, err := client.CoordinationV1().Leases(corev1.NamespaceNodeLease).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list the nodes' leases: %w", err)
	}
	renewed := map[string]time.Time{}
	for _, lease := range leases.Items {
		if lease.Spec.RenewTime != nil {
			renewed[lease.Name] = lease.Spec.RenewTime.Time
		}
	}
	if l.first == nil {
		l.first = renewed
	}
	for _, node := range nodes {
		at, ok := renewed[node.Name]
		if !ok || (l.now().Sub(at) > leaseFresh && at.Equal(l.first[node.Name])) {
			return fmt.Errorf("the kubelet of node %s does not renew its lease", node.Name)
		}
	}
	return nil
}
