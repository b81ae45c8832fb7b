package verifier

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/fake"
)

// TestServiceKeptByNumberOrName: a target port may be written by its name or its number, as
// long as both are the same port of the pods behind the Service.
func TestServiceKeptByNumberOrName(t *testing.T) {
	t.Parallel()
	ports := func(name string, number int32) *appsv1.Deployment {
		return deployment(func(d *appsv1.Deployment) {
			web(d).Ports = []corev1.ContainerPort{{Name: name, ContainerPort: number}, {Name: "admin", ContainerPort: 9090}}
		})
	}
	to := func(target intstr.IntOrString) *corev1.Service {
		return service(func(s *corev1.Service) { s.Spec.Ports[0].TargetPort = target })
	}
	another := func(number int32) *appsv1.Deployment {
		return deployment(func(d *appsv1.Deployment) {
			d.Name, d.UID = "checkout-canary", "canary"
			web(d).Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: number}}
		})
	}
	name, number := intstr.FromString, intstr.FromInt32
	named := []runtime.Object{ports("http", 8080), to(name("http"))}
	numbered := []runtime.Object{ports("http", 8080), to(number(8080))}
	cases := map[string]struct {
		was, now []runtime.Object
		passed   bool
	}{
		"the number of the name":         {named, []runtime.Object{ports("http", 8080), to(number(8080))}, true},
		"the name of the number":         {numbered, []runtime.Object{ports("http", 8080), to(name("http"))}, true},
		"port and target renamed alike":  {named, []runtime.Object{ports("web", 8080), to(name("web"))}, true},
		"another number":                 {named, []runtime.Object{ports("http", 8080), to(number(9090))}, false},
		"another port's name":            {named, []runtime.Object{ports("http", 8080), to(name("admin"))}, false},
		"a name that no pod knows":       {named, []runtime.Object{ports("http", 8080), to(name("web"))}, false},
		"a name that moved":              {numbered, []runtime.Object{ports("http", 9090), to(name("http"))}, false},
		"no workload that knows it":      {named, []runtime.Object{to(number(8080))}, false},
		"another Service port as well":   {named, []runtime.Object{ports("http", 8080), service(func(s *corev1.Service) { s.Spec.Ports[0].Port = 81 })}, false},
		"of two workloads one elsewhere": {append([]runtime.Object{another(8888)}, named...), append([]runtime.Object{another(8888)}, numbered...), false},
		"of two workloads, both there":   {append([]runtime.Object{another(8080)}, named...), append([]runtime.Object{another(8080)}, numbered...), true},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			on := target(c.now...)
			on.Baseline = baselineOf(t, c.was...)
			before := on.Baseline.Services["checkout"].Ports[0]
			want := "as before"
			if !c.passed {
				want = "has the ports"
			}
			expect(t, &ServiceKept{Name: "checkout"}, on, c.passed, want)
			if after := on.Baseline.Services["checkout"].Ports[0]; after != before {
				t.Errorf("the baseline was changed from %q to %q", before, after)
			}
		})
	}
	on := target(numbered...)
	on.Baseline = baselineOf(t, named...)
	on.Client.(*fake.Clientset).PrependReactor("get", "deployments", refuse)
	expect(t, &ServiceKept{Name: "checkout"}, on, false, "error: connection refused")
}
