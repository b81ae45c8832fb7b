package verifier

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// gather makes a map by name of a list's items; nil for an empty list, so that a baseline
// read back from its file equals the one that was written.
func gather[T, S any](items []T, name func(*T) string, state func(*T) (S, error)) (map[string]S, error) {
	var all map[string]S
	for i := range items {
		s, err := state(&items[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name(&items[i]), err)
		}
		if all == nil {
			all = map[string]S{}
		}
		all[name(&items[i])] = s
	}
	return all, nil
}

func (b *Baseline) addWorkload(kind string, w *workload, err error) error {
	if err != nil {
		return err
	}
	sum, err := digest(w.template)
	if err != nil {
		return err
	}
	s := WorkloadState{
		UID: w.uid, Replicas: w.wanted, Paused: w.paused, Selector: w.labels, Template: sum,
		TemplateLabels: maps.Clone(w.template.Labels), Containers: map[string]ContainerState{},
	}
	for _, c := range w.template.Spec.InitContainers {
		s.Containers[c.Name] = containerState(c, true)
	}
	for _, c := range w.template.Spec.Containers {
		s.Containers[c.Name] = containerState(c, false)
	}
	if b.Workloads == nil {
		b.Workloads = map[string]WorkloadState{}
	}
	b.Workloads[kind+"/"+w.meta.Name] = s
	return nil
}

func containerState(c corev1.Container, init bool) ContainerState {
	return ContainerState{
		Init: init, Image: c.Image, PullPolicy: c.ImagePullPolicy, Requests: c.Resources.Requests, Limits: c.Resources.Limits,
		Liveness: c.LivenessProbe, Readiness: c.ReadinessProbe, Startup: c.StartupProbe,
		Ports: portsByName(c.Ports),
	}
}

func (b *Baseline) takeDeployments(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.AppsV1().Deployments(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range list.Items {
		w, err := ofDeployment(&list.Items[i])
		if err := b.addWorkload(kindDeployment, w, err); err != nil {
			return err
		}
	}
	return nil
}

func (b *Baseline) takeStatefulSets(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.AppsV1().StatefulSets(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range list.Items {
		w, err := ofStatefulSet(&list.Items[i])
		if err := b.addWorkload(kindStatefulSet, w, err); err != nil {
			return err
		}
	}
	return nil
}

func (b *Baseline) takeDaemonSets(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.AppsV1().DaemonSets(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range list.Items {
		w, err := ofDaemonSet(&list.Items[i])
		if err := b.addWorkload(kindDaemonSet, w, err); err != nil {
			return err
		}
	}
	return nil
}

func (b *Baseline) takeServices(ctx context.Context, client kubernetes.Interface) error {
	slices, err := client.DiscoveryV1().EndpointSlices(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	list, err := client.CoreV1().Services(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	b.Services, err = gather(list.Items, func(s *corev1.Service) string { return s.Name },
		func(s *corev1.Service) (ServiceState, error) { return serviceState(s, slices.Items), nil })
	return err
}

func serviceState(s *corev1.Service, all []discoveryv1.EndpointSlice) ServiceState {
	state := ServiceState{
		UID: s.UID, Type: s.Spec.Type, Selector: maps.Clone(s.Spec.Selector),
		ExternalName: s.Spec.ExternalName, PublishNotReady: s.Spec.PublishNotReadyAddresses,
	}
	if state.Type == "" {
		state.Type = corev1.ServiceTypeClusterIP
	}
	for _, p := range s.Spec.Ports {
		protocol := p.Protocol
		if protocol == "" {
			protocol = corev1.ProtocolTCP
		}
		state.Ports = append(state.Ports, fmt.Sprintf("%s %s %d", p.Name, protocol, p.Port)+targetSign+p.TargetPort.String())
	}
	slices.Sort(state.Ports)
	for _, e := range all {
		// kube-proxy follows every slice that bears the Service's name, whoever made it.
		if e.Labels[discoveryv1.LabelServiceName] == s.Name && e.Labels[discoveryv1.LabelManagedBy] != endpointSliceController {
			state.HandMadeBackends = append(state.HandMadeBackends, e.Name)
		}
	}
	slices.Sort(state.HandMadeBackends)
	return state
}

// endpointSliceController is the value that kube-controller-manager's EndpointSlice
// controller puts under endpointslice.kubernetes.io/managed-by.
const endpointSliceController = "endpointslice-controller.k8s.io"

func (b *Baseline) takeNodes(ctx context.Context, client kubernetes.Interface, names []string) error {
	list, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list the nodes: %w", err)
	}
	b.Nodes = map[string]NodeState{}
	for _, n := range list.Items {
		if len(names) > 0 && !slices.Contains(names, n.Name) {
			continue
		}
		if n.Annotations == nil {
			n.Annotations = map[string]string{}
		}
		s := NodeState{
			UID: n.UID, Labels: maps.Clone(n.Labels), Annotations: maps.Clone(n.Annotations), Unschedulable: n.Spec.Unschedulable,
			PodCIDRs: slices.Clone(n.Spec.PodCIDRs), ProviderID: n.Spec.ProviderID,
		}
		for i := range n.Spec.Taints {
			s.Taints = append(s.Taints, n.Spec.Taints[i].ToString())
		}
		slices.Sort(s.Taints)
		b.Nodes[n.Name] = s
	}
	for _, name := range names {
		if _, found := b.Nodes[name]; !found {
			return fmt.Errorf("there is no node %s to take a baseline of", name)
		}
	}
	return nil
}
