package verifier

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// A port that a repair calls by its number, or by another name, everywhere, is the same port.
func TestPodPort(t *testing.T) {
	t.Parallel()
	ports := func(ports ...corev1.ContainerPort) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Containers[0].Ports = ports }
	}
	known := &Baseline{Workloads: map[string]WorkloadState{
		"Deployment/cart":     {TemplateLabels: map[string]string{"app": "cart"}, Containers: map[string]ContainerState{"web": {Ports: map[string]int32{"http": 1}}}},
		"Deployment/checkout": {TemplateLabels: shopLabels(), Containers: map[string]ContainerState{"web": {Ports: map[string]int32{"http": 8080}}}},
		"Deployment/nobody":   {Containers: map[string]ContainerState{"web": {Ports: map[string]int32{"http": 2}}}},
	}}
	for name, c := range map[string]struct {
		change   func(*corev1.Pod)
		baseline *Baseline
		asked    string
		want     string // "": none
	}{
		"a number":                {ports(), nil, "9000", "9000"},
		"its name":                {ports(corev1.ContainerPort{Name: "metrics", ContainerPort: 9}, corev1.ContainerPort{Name: "http", ContainerPort: 8081}), known, "http", "8081"},
		"without a name":          {ports(corev1.ContainerPort{ContainerPort: 8081}), known, "http", "8081"},
		"by another name":         {ports(corev1.ContainerPort{Name: "web", ContainerPort: 8081}), nil, "http", "8081"},
		"one of two":              {ports(corev1.ContainerPort{ContainerPort: 8081}, corev1.ContainerPort{ContainerPort: 9}), known, "http", "8080"},
		"none declared":           {ports(), known, "http", "8080"},
		"none declared, or known": {ports(), nil, "http", ""},
		"another workload's pod":  {func(p *corev1.Pod) { p.Labels = map[string]string{"app": "other"} }, known, "http", ""},
	} {
		got, err := (&Target{Baseline: c.baseline}).podPort(pod("a", c.change), c.asked)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}
