package scenarios_test

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/firedrill/firedrill/verifier"
)

// ofAutoscaler breaks what is kept of an autoscaler and of what it divides by.
func ofAutoscaler(c verifier.Checker) func(w *world) {
	switch g := c.(type) {
	case *verifier.HPAKept:
		return func(w *world) {
			w.must(w.client.AutoscalingV2().HorizontalPodAutoscalers(w.ns).Delete(w.Context(), g.Name, metav1.DeleteOptions{}))
		}
	case *verifier.HPARoom:
		return onAutoscaler(g.Name, func(s *autoscalingv2.HorizontalPodAutoscalerSpec) { s.MinReplicas, s.MaxReplicas = new(int32(7)), 16 })
	case *verifier.HPAMaxKept:
		return onAutoscaler(g.Name, func(s *autoscalingv2.HorizontalPodAutoscalerSpec) { s.MaxReplicas = 3 })
	case *verifier.HPAMaxWithin:
		return onAutoscaler(g.Name, func(s *autoscalingv2.HorizontalPodAutoscalerSpec) { s.MaxReplicas = 500 })
	case *verifier.HPATarget:
		return onAutoscaler(g.Name, func(s *autoscalingv2.HorizontalPodAutoscalerSpec) {
			s.Metrics[0].Resource.Target.AverageUtilization = new(int32(120))
		})
	case *verifier.RequestWithin:
		size := "150m"
		if g.AtLeast > 0 {
			size = "1m"
		}
		return onContainer(g.Name, func(c *corev1.Container) { c.Resources.Requests[corev1.ResourceCPU] = resource.MustParse(size) })
	}
	return nil
}

func onAutoscaler(name string, change func(*autoscalingv2.HorizontalPodAutoscalerSpec)) func(*world) {
	return func(w *world) {
		h, err := w.client.AutoscalingV2().HorizontalPodAutoscalers(w.ns).Get(w.Context(), name, metav1.GetOptions{})
		w.must(err)
		change(&h.Spec)
		_, err = w.client.AutoscalingV2().HorizontalPodAutoscalers(w.ns).Update(w.Context(), h, metav1.UpdateOptions{})
		w.must(err)
	}
}

// ofSuccessor breaks a guard of the pods behind a Service, as a workload that is written
// anew loses it, or takes a claim away.
func ofSuccessor(c verifier.Checker) func(w *world) {
	switch g := c.(type) {
	case *verifier.ClaimKept:
		return func(w *world) {
			w.must(w.client.CoreV1().PersistentVolumeClaims(w.ns).Delete(w.Context(), g.Name, metav1.DeleteOptions{}))
		}
	case *verifier.SuccessorKept:
		return func(w *world) { w.behind(g.Service, func(c *corev1.Container) { unguard(c, g) }) }
	}
	return nil
}

func unguard(c *corev1.Container, g *verifier.SuccessorKept) {
	switch g.Aspect {
	case "image":
		c.Image = "docker.io/library/busybox:1.37"
	case "memoryLimit":
		c.Resources.Limits = nil
	case "readiness":
		c.ReadinessProbe = nil
	case "clear":
		c.Env = append(c.Env, corev1.EnvVar{Name: g.Env, Value: "in-clear"})
	}
}

// behind puts the pods that a Service selects behind it, each with a container changed.
func (w *world) behind(service string, change func(*corev1.Container)) {
	w.Helper()
	s, err := w.client.CoreV1().Services(w.ns).Get(w.Context(), service, metav1.GetOptions{})
	w.must(err)
	pods, err := w.client.CoreV1().Pods(w.ns).List(w.Context(), metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: s.Spec.Selector})})
	w.must(err)
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: service, Namespace: w.ns, Labels: map[string]string{
		discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io",
	}}}
	for i := range pods.Items {
		p := &pods.Items[i]
		change(&p.Spec.Containers[0])
		_, err := w.client.CoreV1().Pods(w.ns).Update(w.Context(), p, metav1.UpdateOptions{})
		w.must(err)
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: p.Name, UID: p.UID}})
	}
	_, err = w.client.DiscoveryV1().EndpointSlices(w.ns).Create(w.Context(), slice, metav1.CreateOptions{})
	w.must(err)
}
