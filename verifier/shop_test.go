package verifier

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/fake"
)

// The shop is a healthy namespace: Deployment checkout with two pods behind Service
// checkout. Tests change a part of it and look what a check says.
const shopNS = "shop"

func shopLabels() map[string]string { return map[string]string{"app": "checkout"} }

func shopTemplate() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: shopLabels()},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "web", Image: "registry.example/shop/checkout:v1",
			Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")}},
			ReadinessProbe: &corev1.Probe{
				ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromInt32(8080)}},
				PeriodSeconds: 5, FailureThreshold: 3,
			},
		}}},
	}
}

func deployment(changes ...func(*appsv1.Deployment)) *appsv1.Deployment {
	two := int32(2)
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "checkout", Namespace: shopNS, UID: "dep", Generation: 3},
		Spec:       appsv1.DeploymentSpec{Replicas: &two, Selector: &metav1.LabelSelector{MatchLabels: shopLabels()}, Template: shopTemplate()},
		Status: appsv1.DeploymentStatus{
			ObservedGeneration: 3, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 2, AvailableReplicas: 2,
		},
	}
	for _, c := range changes {
		c(d)
	}
	return d
}

func replicaSet() *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
		Name: "checkout-7f9c", Namespace: shopNS, UID: "rs", Labels: shopLabels(),
		OwnerReferences: []metav1.OwnerReference{controlledBy("Deployment", "checkout", "dep")},
	}}
}

func controlledBy(kind, name string, uid types.UID) metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{APIVersion: "apps/v1", Kind: kind, Name: name, UID: uid, Controller: &yes}
}

func pod(name string, changes ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: shopNS, UID: types.UID("uid-" + name), Labels: shopLabels(),
			CreationTimestamp: metav1.NewTime(epoch.Add(-time.Hour)),
			OwnerReferences:   []metav1.OwnerReference{controlledBy("ReplicaSet", "checkout-7f9c", "rs")},
		},
		Spec: shopTemplate().Spec,
		Status: corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			ContainerStatuses: []corev1.ContainerStatus{{
				Name: "web", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(epoch.Add(-time.Hour))}},
			}},
		},
	}
	p.Spec.NodeName = "worker"
	for _, c := range changes {
		c(p)
	}
	return p
}

// onPod changes the status of a pod's container.
func onPod(change func(*corev1.ContainerStatus)) func(*corev1.Pod) {
	return func(p *corev1.Pod) { change(&p.Status.ContainerStatuses[0]) }
}

// oomKilled is a container that was killed at a moment, and runs again.
func oomKilled(when time.Time) func(*corev1.ContainerStatus) {
	return func(c *corev1.ContainerStatus) {
		c.RestartCount++
		c.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
			Reason: "OOMKilled", ExitCode: 137, FinishedAt: metav1.NewTime(when.Truncate(time.Second)),
		}
	}
}

func leaving(p *corev1.Pod) {
	now := metav1.NewTime(epoch)
	p.DeletionTimestamp, p.Finalizers = &now, []string{"test/keep"}
}

func service(changes ...func(*corev1.Service)) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "checkout", Namespace: shopNS, UID: "svc"},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, Selector: shopLabels(),
			Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080), Protocol: corev1.ProtocolTCP}},
		},
	}
	for _, c := range changes {
		c(s)
	}
	return s
}

// shop is the healthy namespace's objects.
func shop() []runtime.Object {
	return []runtime.Object{deployment(), replicaSet(), pod("checkout-1"), pod("checkout-2"), service()}
}

// target is a cluster that holds the objects, looked at at epoch.
func target(objects ...runtime.Object) *Target {
	return &Target{
		Client: fake.NewClientset(objects...), Namespace: shopNS,
		Now: func() time.Time { return epoch },
	}
}

// baselineOf is the baseline of a cluster that holds the objects.
func baselineOf(t *testing.T, objects ...runtime.Object) *Baseline {
	t.Helper()
	b, err := TakeBaseline(t.Context(), fake.NewClientset(objects...), shopNS)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// expect looks once. A want that starts with "error: " is an error's text; any other is a
// part of the reason.
func expect(t *testing.T, c Checker, on *Target, passed bool, want string) {
	t.Helper()
	got, err := c.Observe(context.WithoutCancel(t.Context()), on)
	if text, isError := strings.CutPrefix(want, "error: "); isError {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v, error %v, want error %q", got, err, text)
		}
		return
	}
	if err != nil {
		t.Fatalf("could not observe: %v", err)
	}
	if got.Passed != passed || !strings.Contains(got.Reason, want) {
		t.Errorf("passed %v because %q, want %v because %q (evidence: %s)", got.Passed, got.Reason, passed, want, got.Evidence)
	}
	if got.Reason == "" {
		t.Error("an observation without a reason")
	}
}

// away makes every request fail, as when the API server is away.
func away(on *Target) *Target {
	client := fake.NewClientset()
	client.PrependReactor("*", "*", refuse)
	on.Client = client
	return on
}
