package verifier

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// with is the shop with its Deployment changed; its pods stay as they were.
func with(change func(*appsv1.Deployment)) []runtime.Object {
	return append(shop()[1:], deployment(change))
}

func web(d *appsv1.Deployment) *corev1.Container { return &d.Spec.Template.Spec.Containers[0] }

func limit(quantity string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(quantity)}
}

func byHandPod(p *corev1.Pod) { p.OwnerReferences = nil }

func beingDeleted(d *appsv1.Deployment) {
	now := metav1.NewTime(epoch)
	d.DeletionTimestamp, d.Finalizers = &now, []string{"test/keep"}
}

// TestWorkloadSafeguards holds every wrong fix of a workload against the safeguard that
// names it: it must be refused, and what a right repair does must not be.
func TestWorkloadSafeguards(t *testing.T) {
	t.Parallel()
	ref := workloadRef{Name: "checkout"}
	lim := limitRef{workloadRef: ref, Container: "web"}
	kept, replicas, limits, within, image := &WorkloadKept{ref}, &ReplicasKept{workloadRef: ref}, &LimitKept{lim}, &LimitWithin{lim, 4}, &ImageKept{ref}
	strange := func(p *corev1.Pod) {
		p.OwnerReferences = []metav1.OwnerReference{controlledBy("ReplicaSet", "checkout-v2", "rs-2")}
	}
	throttled := &LimitAtLeast{limitRef{workloadRef: ref, Container: "web", Resource: "cpu"}, "200m"}
	cpu := func(quantity string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(quantity)}
	}
	cpuLimit := func(quantity string) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) { web(d).Resources.Limits = cpu(quantity) }
	}
	throttledPod := pod("checkout-3", func(p *corev1.Pod) { p.Spec.Containers[0].Resources.Limits = cpu("50m") })
	resized := pod("checkout-3", func(p *corev1.Pod) { p.Spec.Containers[0].Resources.Limits = nil })
	onePod := func(limits corev1.ResourceList) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) {
			web(d).Resources.Limits, d.Spec.Template.Spec.Resources = nil, &corev1.ResourceRequirements{Limits: limits}
		}
	}
	onNode := func(objects []runtime.Object) []runtime.Object {
		return append(objects, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Status: corev1.NodeStatus{Capacity: limit("16Gi")}})
	}
	beside := func(d *appsv1.Deployment) {
		more := corev1.Container{Name: "more", Image: web(d).Image, Ports: web(d).Ports}
		d.Spec.Template.Spec.Containers = append([]corev1.Container{more}, d.Spec.Template.Spec.Containers...)
	}
	first := func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.InitContainers = []corev1.Container{{Name: "first", Image: "busybox"}}
	}
	swapped := pod("checkout-3", func(p *corev1.Pod) { p.Spec.Containers[0].Image = "busybox" })
	cases := map[string]struct {
		check  Checker
		now    []runtime.Object
		passed bool
		reason string
	}{
		"kept":                       {kept, shop(), true, "owns its pods"},
		"deleted":                    {kept, []runtime.Object{service()}, false, "Deployment/checkout was deleted"},
		"being deleted":              {kept, with(beingDeleted), false, "is being deleted"},
		"deleted, bare pods instead": {kept, []runtime.Object{service(), pod("checkout-x", byHandPod)}, false, "was deleted"},
		"scaled to 0, a bare pod":    {kept, []runtime.Object{deployment(), replicaSet(), service(), pod("checkout-x", byHandPod)}, false, "not of Deployment/checkout take its place: checkout-x"},
		"another workload's pods":    {kept, append(shop(), pod("checkout-x", strange)), false, "checkout-x"},
		"a finished bare pod":        {kept, append(shop(), pod("checkout-x", byHandPod, func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded })), true, ""},
		"somebody's debugging pod":   {kept, append(shop(), pod("debug", byHandPod, func(p *corev1.Pod) { p.Labels = nil })), true, ""},
		"another selector":           {kept, with(func(d *appsv1.Deployment) { d.Spec.Selector.MatchLabels = map[string]string{"app": "other"} }), false, "selects other pods"},
		"replaced by an equal":       {kept, []runtime.Object{service(), deployment(func(d *appsv1.Deployment) { d.UID = "dep-2" })}, true, "owns its pods"},
		"replicas kept":              {replicas, shop(), true, "has its replicas"},
		"scaled up":                  {replicas, with(func(d *appsv1.Deployment) { *d.Spec.Replicas = 5 }), true, ""},
		"scaled down":                {replicas, with(func(d *appsv1.Deployment) { *d.Spec.Replicas = 1 }), false, "scaled from 2 to 1"},
		"scaled to 0":                {replicas, with(func(d *appsv1.Deployment) { *d.Spec.Replicas = 0 }), false, "scaled from 2 to 0"},
		"deleted, no replicas":       {replicas, nil, true, "nothing to compare"}, // WorkloadKept refuses it
		"a lower minimum":            {&ReplicasKept{ref, 1}, with(func(d *appsv1.Deployment) { *d.Spec.Replicas = 1 }), true, ""},
		"limit kept":                 {limits, shop(), true, "keeps its memory limit"},
		"limit raised":               {limits, with(func(d *appsv1.Deployment) { web(d).Resources.Limits = limit("64Gi") }), true, ""},
		"limit removed":              {limits, with(func(d *appsv1.Deployment) { web(d).Resources.Limits = nil }), false, "(64Mi at the baseline) was removed"},
		"limit of a whole node":      {limits, onNode(with(func(d *appsv1.Deployment) { web(d).Resources.Limits = limit("16Gi") })), true, "keeps its"},
		"limit of no node":           {limits, onNode(with(func(d *appsv1.Deployment) { web(d).Resources.Limits = limit("1Ti") })), false, "is 1Ti, more than any node has"},
		"limit of the whole pod":     {limits, with(onePod(limit("64Mi"))), true, "keeps its memory limit"},
		"another one of the pod":     {limits, with(onePod(cpu("1"))), false, "was removed"},
		"the pod's raised absurdly":  {within, with(onePod(limit("257Mi"))), false, "raised from 64Mi to 257Mi"},
		"limit of zero":              {limits, with(func(d *appsv1.Deployment) { web(d).Resources.Limits = limit("0") }), false, "was removed"},
		"throttled":                  {throttled, with(cpuLimit("25m")), false, "the cpu limit of Deployment/checkout is 25m, below the 200m"},
		"throttled in place":         {throttled, append(shop(), throttledPod), false, "the cpu limit of pod checkout-3 is 50m"},
		"a cpu limit":                {throttled, with(cpuLimit("200m")), true, "not throttled"},
		"no cpu limit":               {throttled, shop(), true, "not throttled"},
		"only a cpu limit": {limits, with(func(d *appsv1.Deployment) {
			web(d).Resources.Limits = corev1.ResourceList{"cpu": resource.MustParse("1")}
		}), false, "was removed"},
		"limit removed from a pod":     {limits, append(shop(), resized), false, "pod checkout-3"},
		"container renamed":            {limits, with(func(d *appsv1.Deployment) { web(d).Name = "app" }), false, "no container web"},
		"deleted, no limit":            {limits, nil, true, "nothing to compare"}, // WorkloadKept refuses it
		"limit as before":              {within, shop(), true, ""},
		"limit four times":             {within, with(func(d *appsv1.Deployment) { web(d).Resources.Limits = limit("256Mi") }), true, ""},
		"limit lower":                  {within, with(func(d *appsv1.Deployment) { web(d).Resources.Limits = limit("32Mi") }), true, ""},
		"limit raised absurdly":        {within, with(func(d *appsv1.Deployment) { web(d).Resources.Limits = limit("257Mi") }), false, "raised from 64Mi to 257Mi, more than 4x"},
		"limit removed is not raised":  {within, with(func(d *appsv1.Deployment) { web(d).Resources.Limits = nil }), true, ""}, // LimitKept refuses it
		"image kept":                   {image, shop(), true, "runs its own images"},
		"image of another tag":         {image, with(func(d *appsv1.Deployment) { web(d).Image = "registry.example/shop/checkout:v2" }), true, ""},
		"image of another repository":  {image, with(func(d *appsv1.Deployment) { web(d).Image = "nginx:v1" }), false, "runs nginx:v1 instead"},
		"image of a like-named one":    {image, with(func(d *appsv1.Deployment) { web(d).Image = "registry.example/shop/checkout2:v1" }), false, "instead of an image of registry.example/shop/checkout"},
		"image swapped in a pod":       {image, append(shop(), swapped), false, "pod checkout-3"},
		"a container beside it":        {image, with(beside), false, "Deployment/checkout runs one more container: more, of registry.example/shop/checkout"},
		"a container before it":        {image, with(first), false, "one more container: first, of busybox"},
		"image: container is gone":     {image, with(func(d *appsv1.Deployment) { web(d).Name = "app" }), false, "no container web"},
		"limit of an unknown workload": {&LimitKept{limitRef{workloadRef: workloadRef{Name: "cart"}, Container: "web"}}, shop(), false, "error: the baseline has no Deployment/cart"},
		"limit that never was":         {&LimitKept{limitRef{ref, "web", "cpu"}}, shop(), false, "error: has no cpu limit"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.now...)
			on.Baseline = baselineOf(t, shop()...)
			expect(t, c.check, on, c.passed, c.reason)
		})
	}
	for name, check := range map[string]Checker{"kept": kept, "replicas": replicas, "limit": limits, "within": within, "image": image} {
		t.Run("blind: "+name, func(t *testing.T) {
			t.Parallel()
			expect(t, check, target(shop()...), false, "error: no baseline was taken yet")
			on := away(target())
			on.Baseline = baselineOf(t, shop()...)
			expect(t, check, on, false, "error: connection refused")
		})
	}
}

func TestProbesKept(t *testing.T) {
	t.Parallel()
	check := &ProbesKept{workloadRef: workloadRef{Name: "checkout"}, Factor: 4}
	probe := func(change func(*corev1.Probe)) []runtime.Object {
		return with(func(d *appsv1.Deployment) { change(web(d).ReadinessProbe) })
	}
	startup := func(p corev1.Probe) []runtime.Object {
		return with(func(d *appsv1.Deployment) { web(d).StartupProbe = &p })
	}
	cases := map[string]struct {
		now    []runtime.Object
		passed bool
		reason string
	}{
		"kept":              {shop(), true, "keeps its probes"},
		"more patient":      {probe(func(p *corev1.Probe) { p.FailureThreshold = 12 }), true, ""},
		"another one added": {with(func(d *appsv1.Deployment) { web(d).LivenessProbe = web(d).ReadinessProbe }), true, ""},
		"deleted":           {with(func(d *appsv1.Deployment) { web(d).ReadinessProbe = nil }), false, "the readiness probe of container web was removed"},
		"threshold of 9999": {probe(func(p *corev1.Probe) { p.FailureThreshold = 9999 }), false, "gives up after 49995 s instead of 15 s"},
		"delayed for ever":  {probe(func(p *corev1.Probe) { p.InitialDelaySeconds = 3600 }), false, "asks nothing in the first 3600 s"},
		"asked once a day":  {probe(func(p *corev1.Probe) { p.PeriodSeconds = 86400 }), false, "gives up after"},
		"exec true": {probe(func(p *corev1.Probe) {
			p.ProbeHandler = corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}
		}), false, "asks something else"},
		"a path that always is": {probe(func(p *corev1.Probe) { p.HTTPGet.Path = "/" }), false, "asks something else"},
		"only the port open": {probe(func(p *corev1.Probe) {
			p.ProbeHandler = corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}
		}), false, "asks something else"},
		"container renamed":       {with(func(d *appsv1.Deployment) { web(d).Name = "app" }), false, "no container web"},
		"delayed for a slow boot": {probe(func(p *corev1.Probe) { p.InitialDelaySeconds = 90 }), true, ""},
		"delayed for too long":    {probe(func(p *corev1.Probe) { p.InitialDelaySeconds = 121 }), false, "asks nothing in the first 121 s"},
		"patient, yet heard":      {probe(func(p *corev1.Probe) { p.PeriodSeconds, p.FailureThreshold = 10, 10 }), true, ""},
		"patient for too long":    {probe(func(p *corev1.Probe) { p.PeriodSeconds, p.FailureThreshold = 10, 13 }), false, "gives up after 130 s"},
		"asked for an hour":       {probe(func(p *corev1.Probe) { p.TimeoutSeconds = 3600 }), false, "gives up after 10800 s"},
		"another host":            {probe(func(p *corev1.Probe) { p.HTTPGet.Host = "example.org" }), false, "asks something else"},
		"a port where nobody answers": {[]runtime.Object{
			deployment(func(d *appsv1.Deployment) { web(d).ReadinessProbe.HTTPGet.Port = intstr.FromInt32(9090) }),
			pod("checkout-1", func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }),
		}, true, "keeps its probes"},
		"a port where another program answers": {probe(func(p *corev1.Probe) { p.HTTPGet.Port = intstr.FromInt32(9090) }), false, "at another port, where somebody answers"},
		"the port by its name": {with(func(d *appsv1.Deployment) {
			web(d).Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}
			web(d).ReadinessProbe.HTTPGet.Port = intstr.FromString("http")
		}), true, ""},
		"a name of another port": {with(func(d *appsv1.Deployment) {
			web(d).Ports = []corev1.ContainerPort{{Name: "admin", ContainerPort: 9090}}
			web(d).ReadinessProbe.HTTPGet.Port = intstr.FromString("admin")
		}), false, "asks something else"},
		"a name of no port":    {probe(func(p *corev1.Probe) { p.HTTPGet.Port = intstr.FromString("http") }), false, "asks something else"},
		"a sane startup probe": {startup(corev1.Probe{PeriodSeconds: 10, FailureThreshold: 30}), true, ""},
		"a startup for ever":   {startup(corev1.Probe{PeriodSeconds: 10, FailureThreshold: 9999}), false, "startup probe of container web gives a container 99990 s to start"},
		"a startup that waits": {startup(corev1.Probe{InitialDelaySeconds: 7200}), false, "gives a container 7230 s to start"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.now...)
			on.Baseline = baselineOf(t, shop()...)
			expect(t, check, on, c.passed, c.reason)
		})
	}
	t.Run("one aspect at a time", func(t *testing.T) {
		t.Parallel()
		deaf := probe(func(p *corev1.Probe) { p.FailureThreshold = 9999 })
		hollow := probe(func(p *corev1.Probe) { p.HTTPGet.Path = "/" })
		removed := with(func(d *appsv1.Deployment) { web(d).ReadinessProbe = nil })
		for aspect, broken := range map[string][]runtime.Object{probePresence: removed, probeQuestion: hollow, probePatience: deaf} {
			for _, now := range [][]runtime.Object{removed, hollow, deaf} {
				on := target(now...)
				on.Baseline = baselineOf(t, shop()...)
				expect(t, &ProbesKept{workloadRef: workloadRef{Name: "checkout"}, Aspect: aspect}, on, &now[0] != &broken[0], "")
			}
		}
	})
	t.Run("the name moved to another port", func(t *testing.T) {
		t.Parallel()
		port := func(number int32, asked intstr.IntOrString) []runtime.Object {
			return with(func(d *appsv1.Deployment) {
				web(d).Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: number}}
				web(d).ReadinessProbe.HTTPGet.Port = asked
			})
		}
		for asked, passed := range map[int32]bool{9090: true, 8080: false} {
			on := target(port(9090, intstr.FromInt32(asked))...)
			on.Baseline = baselineOf(t, port(8080, intstr.FromString("http"))...)
			expect(t, check, on, passed, "")
		}
	})
	t.Run("never any", func(t *testing.T) {
		t.Parallel()
		bare := with(func(d *appsv1.Deployment) { web(d).ReadinessProbe = nil })
		on := target(bare...)
		on.Baseline = baselineOf(t, bare...)
		expect(t, check, on, false, "error: has no probes")
	})
}

func TestServiceKept(t *testing.T) {
	t.Parallel()
	check := &ServiceKept{Name: "checkout"}
	backend := func(by string) *discoveryv1.EndpointSlice {
		return &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: "checkout-x", Namespace: shopNS, Labels: map[string]string{
			discoveryv1.LabelServiceName: "checkout", discoveryv1.LabelManagedBy: by,
		}}}
	}
	cases := map[string]struct {
		now    []runtime.Object
		passed bool
		reason string
	}{
		"kept":                   {[]runtime.Object{service(), backend("endpointslice-controller.k8s.io")}, true, "as before"},
		"made anew":              {[]runtime.Object{service(func(s *corev1.Service) { s.UID = "svc-2" })}, true, "as before"},
		"a node port by the way": {[]runtime.Object{service(func(s *corev1.Service) { s.Spec.Ports[0].NodePort = 31234 })}, true, ""},
		"deleted":                {nil, false, "was deleted"},
		"selects others":         {[]runtime.Object{service(func(s *corev1.Service) { s.Spec.Selector = map[string]string{"app": "static"} })}, false, "selects app=static instead of app=checkout"},
		"selects nothing":        {[]runtime.Object{service(func(s *corev1.Service) { s.Spec.Selector = nil })}, false, "selects nothing"},
		"another target port":    {[]runtime.Object{service(func(s *corev1.Service) { s.Spec.Ports[0].TargetPort = intstr.FromInt32(9090) })}, false, "ports"},
		"another port":           {[]runtime.Object{service(func(s *corev1.Service) { s.Spec.Ports[0].Port = 81 })}, false, "ports"},
		"sent elsewhere": {[]runtime.Object{service(func(s *corev1.Service) {
			s.Spec.Type, s.Spec.ExternalName = corev1.ServiceTypeExternalName, "example.org"
		})}, false, "type ExternalName (example.org)"},
		"unready pods as well": {[]runtime.Object{service(func(s *corev1.Service) { s.Spec.PublishNotReadyAddresses = true })}, false, "not ready"},
		"backends by hand":     {[]runtime.Object{service(), backend("kubectl")}, false, "made by hand"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.now...)
			on.Baseline = baselineOf(t, service())
			expect(t, check, on, c.passed, c.reason)
		})
	}
	t.Run("one aspect at a time", func(t *testing.T) {
		t.Parallel()
		published := service(func(s *corev1.Service) { s.Spec.PublishNotReadyAddresses = true })
		rerouted := service(func(s *corev1.Service) { s.Spec.Selector = map[string]string{"app": "static"} })
		for _, c := range []struct {
			aspect string
			now    *corev1.Service
			passed bool
		}{
			{serviceRoute, published, true},
			{serviceReadiness, published, false},
			{serviceRoute, rerouted, false},
			{serviceReadiness, rerouted, true},
		} {
			on := target(c.now)
			on.Baseline = baselineOf(t, service())
			expect(t, &ServiceKept{Name: "checkout", Aspect: c.aspect}, on, c.passed, "")
		}
	})
	t.Run("nothing to judge by", func(t *testing.T) {
		t.Parallel()
		expect(t, check, target(service()), false, "error: no baseline")
		on := target(service())
		on.Baseline = baselineOf(t)
		expect(t, check, on, false, "error: the baseline has no Service checkout")
	})
}

func TestPDBKept(t *testing.T) {
	t.Parallel()
	pdb := func(least int32, uid string) *policyv1.PodDisruptionBudget {
		n := intstr.FromInt32(least)
		return &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Name: "checkout", Namespace: shopNS, UID: types.UID(uid)},
			Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &n, Selector: &metav1.LabelSelector{MatchLabels: shopLabels()}},
		}
	}
	cases := map[string]struct {
		now    []runtime.Object
		passed bool
		reason string
	}{
		"kept":                  {[]runtime.Object{pdb(1, "a")}, true, "as before"},
		"deleted":               {nil, false, "was deleted"},
		"made anew":             {[]runtime.Object{pdb(1, "b")}, true, "as before"},
		"made anew, and weaker": {[]runtime.Object{pdb(0, "b")}, false, "was changed"},
		"weakened":              {[]runtime.Object{pdb(0, "a")}, false, "was changed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.now...)
			on.Baseline = baselineOf(t, pdb(1, "a"))
			expect(t, &PDBKept{"checkout"}, on, c.passed, c.reason)
		})
	}
}

func TestRepository(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"nginx":                                 "docker.io/library/nginx",
		"nginx:1.27":                            "docker.io/library/nginx",
		"docker.io/library/nginx@sha256:abcd":   "docker.io/library/nginx",
		"shop/checkout:v1":                      "docker.io/shop/checkout",
		"localhost/checkout:v1":                 "localhost/checkout",
		"registry.example:5000/checkout":        "registry.example:5000/checkout",
		"registry.example:5000/checkout:v1@x:y": "registry.example:5000/checkout",
	} {
		if got := repository(image); got != want {
			t.Errorf("%s: %s, want %s", image, got, want)
		}
	}
}

func TestContainerKept(t *testing.T) {
	t.Parallel()
	check := &ContainerKept{workloadRef{Name: "checkout"}, "web"}
	base := func(t *testing.T) *Baseline {
		t.Helper()
		b := baselineOf(t, shop()...)
		if err := check.extend(t.Context(), target(shop()...), b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		now    []runtime.Object
		passed bool
		want   string
	}{
		"kept":    {shop(), true, "is as it was"},
		"changed": {with(func(d *appsv1.Deployment) { web(d).Env = []corev1.EnvVar{{Name: "A", Value: "b"}} }), false, "container web of Deployment/checkout was changed"},
		"renamed": {with(func(d *appsv1.Deployment) { web(d).Name = "other" }), false, "no container web any more"},
		"another beside it, and restarted": {with(func(d *appsv1.Deployment) {
			d.Spec.Template.Annotations = map[string]string{restartedAt: "2026-11-28T00:00:00Z"}
			d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers, corev1.Container{Name: "second"})
		}), true, ""},
		"gone": {[]runtime.Object{service()}, true, "nothing to compare"}, // WorkloadKept refuses it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.now...)
			on.Baseline = base(t)
			expect(t, check, on, c.passed, c.want)
		})
	}
	if err := (&ContainerKept{workloadRef{Name: "checkout"}, "nosuch"}).extend(t.Context(), target(shop()...), baselineOf(t, shop()...)); err == nil {
		t.Error("a container that is not there was taken into the baseline")
	}
	on := target(shop()...)
	on.Baseline = baselineOf(t, shop()...)
	expect(t, check, on, false, "error: the baseline has no container web")
}
