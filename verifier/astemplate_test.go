package verifier

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Pods that were changed in place, or made by hand and adopted, are not what the next rollout makes.
func TestPodsAreLikeTheirTemplate(t *testing.T) {
	t.Parallel()
	amount := func(what corev1.ResourceName, q string) corev1.ResourceList {
		return corev1.ResourceList{what: resource.MustParse(q)}
	}
	given := &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Name: "defaults", Namespace: shopNS},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type: corev1.LimitTypeContainer, Default: amount("cpu", "1"), DefaultRequest: amount("cpu", "100m"),
		}}},
	}
	change := func(of func(*corev1.Container)) func(*corev1.Pod) {
		return func(p *corev1.Pod) { of(&p.Spec.Containers[0]) }
	}
	admitted := func(p *corev1.Pod) {
		c := &p.Spec.Containers[0]
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "kube-api-access-x7k2p", MountPath: tokenPath})
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "kube-api-access-x7k2p"})
		p.Spec.ServiceAccountName, p.Spec.NodeName = "default", "w1"
	}
	for name, c := range map[string]struct {
		pod    func(*corev1.Pod)
		beside []runtime.Object
		differ string // "": it is alike
	}{
		"as it was admitted":     {admitted, nil, ""},
		"another image":          {change(func(c *corev1.Container) { c.Image = "registry.example/shop/checkout:v0" }), nil, "image of container web"},
		"another limit":          {change(func(c *corev1.Container) { c.Resources.Limits = amount("memory", "128Mi") }), nil, "memory limit of container web"},
		"no limit":               {change(func(c *corev1.Container) { c.Resources.Limits = nil }), nil, "memory limit of container web"},
		"the same, written so":   {change(func(c *corev1.Container) { c.Resources.Limits = amount("memory", "65536Ki") }), nil, ""},
		"its limit as a request": {change(func(c *corev1.Container) { c.Resources.Requests = amount("memory", "64Mi") }), nil, ""},
		"another request":        {change(func(c *corev1.Container) { c.Resources.Requests = amount("memory", "32Mi") }), nil, "memory request of container web"},
		"a request for nothing":  {change(func(c *corev1.Container) { c.Resources.Requests = amount("cpu", "100m") }), nil, "cpu request of container web"},
		"by a LimitRange":        {change(func(c *corev1.Container) { c.Resources.Requests = amount("cpu", "100m") }), []runtime.Object{given}, ""},
		"beside a LimitRange":    {change(func(c *corev1.Container) { c.Resources.Requests = amount("cpu", "50m") }), []runtime.Object{given}, "cpu request of container web"},
		"another probe":          {change(func(c *corev1.Container) { c.ReadinessProbe = nil }), nil, "readinessProbe of container web"},
		"another variable":       {change(func(c *corev1.Container) { c.Env = []corev1.EnvVar{{Name: "A", Value: "b"}} }), nil, "env of container web"},
		"another hook": {change(func(c *corev1.Container) {
			c.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 9}}}
		}), nil, "lifecycle of container web"},
		"a mount over the token": {change(func(c *corev1.Container) {
			c.VolumeMounts = []corev1.VolumeMount{{Name: "own", MountPath: tokenPath}}
		}), nil, "volumeMounts of container web"},
		"a container more":       {func(p *corev1.Pod) { p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "helper"}) }, nil, "list of containers"},
		"an init container more": {func(p *corev1.Pod) { p.Spec.InitContainers = []corev1.Container{{Name: "helper"}} }, nil, "list of containers"},
		"one to debug":           {func(p *corev1.Pod) { p.Spec.EphemeralContainers = []corev1.EphemeralContainer{{}} }, nil, ""},
		"one that failed":        {func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed; p.Spec.Containers[0].Image = "x" }, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(append([]runtime.Object{deployment(), replicaSet(), pod("checkout-1"), pod("checkout-2", c.pod)}, c.beside...)...)
			want := "2 of 2 replicas"
			if c.differ != "" {
				want = "pod checkout-2 has another " + c.differ + " than its template"
			}
			expect(t, &RolloutComplete{workloadRef{Name: "checkout"}}, on, c.differ == "", want)
		})
	}
	mounts := deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Volumes = []corev1.Volume{secretIn("true-one")} })
	for name, c := range map[string]struct {
		pod    func(*corev1.PodSpec)
		differ string
	}{
		"the same volume": {func(s *corev1.PodSpec) {
			s.Volumes = []corev1.Volume{{Name: "kube-api-access-x7k2p"}, secretIn("true-one")}
		}, ""},
		"another Secret":             {func(s *corev1.PodSpec) { s.Volumes = []corev1.Volume{secretIn("made-up")} }, "a volume creds"},
		"no volume":                  {func(*corev1.PodSpec) {}, "a volume creds"},
		"a claim in its place":       {func(s *corev1.PodSpec) { s.Volumes = []corev1.Volume{onClaim("creds", "creds-checkout-1")} }, ""},
		"another claim in its place": {func(s *corev1.PodSpec) { s.Volumes = []corev1.Volume{onClaim("creds", "mine")} }, "a volume creds"},
		"names made up": {func(s *corev1.PodSpec) {
			s.Volumes = []corev1.Volume{secretIn("true-one")}
			s.HostAliases = []corev1.HostAlias{{IP: "10.0.0.1", Hostnames: []string{"ledger"}}}
		}, "hostAliases"},
		"another resolver": {func(s *corev1.PodSpec) {
			s.Volumes = []corev1.Volume{secretIn("true-one")}
			s.DNSPolicy = corev1.DNSNone
		}, "DNS settings"},
	} {
		adopted := pod("checkout-1", func(p *corev1.Pod) { c.pod(&p.Spec) })
		want := "2 of 2 replicas"
		if c.differ != "" {
			want = "pod checkout-1 has " + c.differ + " other than its template's"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, &RolloutComplete{workloadRef{Name: "checkout"}}, target(mounts.DeepCopy(), adopted), c.differ == "", want)
		})
	}
	other := target(dbSet(), dbPod("db-0", func(p *corev1.Pod) { p.Spec.Containers[0].Image = "postgres:9" }), dbBackends("db-0"))
	expect(t, &StatefulSetServes{serviceRef{"db"}}, other, false, "has another image of container postgres than its template")
	blind := away(target(given))
	if _, err := blind.givenByLimitRange(t.Context(), "cpu", resource.MustParse("1")); err == nil {
		t.Error("a LimitRange that nobody could read gave nothing, and no error")
	}
}

func secretIn(name string) corev1.Volume {
	return corev1.Volume{Name: "creds", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: name}}}
}

// Whoever replaces pods by hand has a newest template that does not run by itself: then the
// pods are held against it one by one.
func TestRolloutByHand(t *testing.T) {
	t.Parallel()
	two := int32(2)
	for name, by := range map[string]appsv1.StatefulSetUpdateStrategy{
		"on deletion": {Type: appsv1.OnDeleteStatefulSetStrategyType},
		"a partition": {Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: &two}},
	} {
		set := func(s *appsv1.StatefulSet) { s.Spec.UpdateStrategy, s.Status.UpdatedReplicas = by, 0 }
		check := &RolloutComplete{workloadRef{kindStatefulSet, "db"}}
		expect(t, check, target(dbSet(set), dbPod("db-0")), true, "1 of 1 replicas")
		old := dbPod("db-0", func(p *corev1.Pod) { p.Spec.Containers[0].Image = "postgres:9" })
		expect(t, check, target(dbSet(set), old), false, "another image")

		on := target(dbSet(set), dbPod("db-0"), dbBackends("db-0"), dbService("db"))
		did, err := (&RolloutRestart{serviceRef{"db"}}).Perturb(t.Context(), on)
		if _, left := on.Client.CoreV1().Pods(shopNS).Get(t.Context(), "db-0", metav1.GetOptions{}); err != nil || left == nil {
			t.Errorf("%s: %q, %v, and the pod is still there", name, did, err)
		}
	}
	agents := func(s *appsv1.DaemonSet) *workload {
		w, err := ofDaemonSet(s)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	set := &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Selector: &metav1.LabelSelector{}}, Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: 3}}
	if w := agents(set); w.updated != 0 {
		t.Errorf("%d updated, want 0", w.updated)
	}
	set.Spec.UpdateStrategy.Type = appsv1.OnDeleteDaemonSetStrategyType
	if w := agents(set); w.updated != 3 {
		t.Errorf("%d updated of a DaemonSet whose pods are replaced by hand, want 3", w.updated)
	}
}
