package verifier

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

// everything is one object of each kind that a baseline knows.
func everything() []runtime.Object {
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, Namespace: shopNS, UID: "uid"}
	}
	selector := &metav1.LabelSelector{MatchLabels: shopLabels()}
	return append(shop(), node(), node(func(n *corev1.Node) { n.Name = "worker2" }),
		&appsv1.StatefulSet{ObjectMeta: meta("db"), Spec: appsv1.StatefulSetSpec{Selector: selector, Template: shopTemplate()}},
		&appsv1.DaemonSet{ObjectMeta: meta("agent"), Spec: appsv1.DaemonSetSpec{Selector: selector, Template: shopTemplate()}},
		&policyv1.PodDisruptionBudget{ObjectMeta: meta("pdb"), Spec: policyv1.PodDisruptionBudgetSpec{Selector: selector}},
		&autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: meta("hpa"), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: 4}},
		&networkingv1.NetworkPolicy{ObjectMeta: meta("deny")},
		&corev1.PersistentVolumeClaim{ObjectMeta: meta("data"), Spec: corev1.PersistentVolumeClaimSpec{VolumeName: "pv-1"}},
		&corev1.ResourceQuota{ObjectMeta: meta("quota"), Spec: corev1.ResourceQuotaSpec{Hard: limit("1Gi")}},
		&corev1.LimitRange{ObjectMeta: meta("range")},
		&corev1.ConfigMap{ObjectMeta: meta("config"), Data: map[string]string{"url": "http://cart"}},
		&corev1.Secret{ObjectMeta: meta("key"), Data: map[string][]byte{"password": []byte("hunter2")}},
	)
}

func TestBaselineSurvivesItsFile(t *testing.T) {
	t.Parallel()
	taken := baselineOf(t, everything()...)
	data, err := json.Marshal(taken)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "http://cart"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the baseline gives %q away", secret)
		}
	}
	read := new(Baseline)
	if err := json.Unmarshal(data, read); err != nil {
		t.Fatal(err)
	}
	if diff := taken.Diff(read); len(diff) > 0 {
		t.Errorf("read back: %v", diff)
	}
	// Every safeguard must judge alike by the one that was read back.
	on := target(everything()...)
	on.Baseline = read
	ref := workloadRef{Name: "checkout"}
	for _, check := range []Checker{
		&WorkloadKept{ref}, &ReplicasKept{workloadRef: ref}, &LimitWithin{limitRef{workloadRef: ref, Container: "web"}, 1},
		&ImageKept{ref}, &ProbesKept{workloadRef: ref, Factor: 1}, &ServiceKept{Name: "checkout"}, &PDBKept{"pdb"}, &NodeKept{nodeRef{"worker"}},
	} {
		expect(t, check, on, true, "")
	}
}

func TestBaselineDiff(t *testing.T) {
	t.Parallel()
	if diff := baselineOf(t, everything()...).Diff(baselineOf(t, everything()...)); diff != nil {
		t.Errorf("nothing changed: %v", diff)
	}
	cases := map[string]struct {
		now  []runtime.Object
		want []string
	}{
		"scaled": {with(func(d *appsv1.Deployment) { *d.Spec.Replicas = 0 }), []string{"Deployment/checkout: replicas: 2 -> 0"}},
		"limit": {with(func(d *appsv1.Deployment) { web(d).Resources.Limits = nil }), []string{
			"Deployment/checkout: containers.web.limits.memory: 64Mi was removed", "Deployment/checkout: template: ",
		}},
		"gone":        {shop()[:4], []string{"Service/checkout is gone"}},
		"new":         {append(shop(), node()), []string{"Node/worker is new"}},
		"new and old": {append(shop()[:4], service(func(s *corev1.Service) { s.Spec.Ports[0].Port = 1000000 })), []string{"Service/checkout: ports.0: http TCP 80 -> 8080 -> http TCP 1000000 -> 8080"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := baselineOf(t, shop()...).Diff(baselineOf(t, c.now...))
			for i := range min(len(got), len(c.want)) {
				if strings.HasSuffix(c.want[i], " ") {
					got[i] = got[i][:min(len(got[i]), len(c.want[i]))] // a digest follows
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("content", func(t *testing.T) {
		t.Parallel()
		changed := everything()
		for _, o := range changed {
			if s, ok := o.(*corev1.Secret); ok {
				s.Data["password"] = []byte("hunter3")
			}
		}
		got := baselineOf(t, everything()...).Diff(baselineOf(t, changed...))
		if len(got) != 1 || !strings.HasPrefix(got[0], "Secret/key: sha256: ") || strings.Contains(got[0], "hunter") {
			t.Errorf("%v", got)
		}
	})
}

func TestTakeBaselineOfNodes(t *testing.T) {
	t.Parallel()
	client := fake.NewClientset(everything()...)
	b, err := TakeBaseline(t.Context(), client, shopNS, "worker2")
	if err != nil || len(b.Nodes) != 1 || b.Nodes["worker2"].UID == "" {
		t.Errorf("%+v, %v", b.Nodes, err)
	}
	if _, err := TakeBaseline(t.Context(), client, shopNS, "worker9"); err == nil || !strings.Contains(err.Error(), "worker9") {
		t.Errorf("a node that is not there: %v", err)
	}
	if _, err := TakeBaseline(t.Context(), away(target()).Client, shopNS); err == nil {
		t.Error("a baseline of an API server that is away")
	}
}
