package drill

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/firedrill/firedrill/verifier"
)

func addonDeployment(args ...string) *appsv1.Deployment {
	one := int32(1)
	labels := map[string]string{"k8s-app": "metrics-server"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "metrics-server", Namespace: "kube-system"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "metrics-server", Args: args}}},
			},
		},
		Status: appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1},
	}
}

func revision(name string, replicas int32) *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "kube-system", UID: types.UID(name), Labels: map[string]string{"k8s-app": "metrics-server"}},
		Spec:       appsv1.ReplicaSetSpec{Replicas: &replicas},
		Status:     appsv1.ReplicaSetStatus{Replicas: replicas},
	}
}

func TestAddonIsRestored(t *testing.T) {
	t.Parallel()
	healthy := addonDeployment("--good")
	client := fake.NewClientset(healthy, revision("first", 1))
	base := new(verifier.Baseline)
	if err := base.TakeAddon(t.Context(), client, "metrics-server"); err != nil {
		t.Fatal(err)
	}
	// what a fault and a trainee leave: other arguments, the host's network, a revision more
	changed := addonDeployment("--bad")
	changed.Spec.Template.Spec.HostNetwork = true
	client = fake.NewClientset(changed, revision("first", 1), revision("second", 0))
	e := &Engine{Deps: Deps{Client: client}}
	if err := e.restoreAddonTo(t.Context(), base.Addon); err != nil {
		t.Fatal(err)
	}
	live, err := client.AppsV1().Deployments("kube-system").Get(t.Context(), "metrics-server", metav1.GetOptions{})
	if err != nil || live.Spec.Template.Spec.HostNetwork || live.Spec.Template.Spec.Containers[0].Args[0] != "--good" {
		t.Errorf("after the end: %+v, %v", live, err)
	}
	sets, err := client.AppsV1().ReplicaSets("kube-system").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(sets.Items) != 1 || sets.Items[0].Name != "first" {
		t.Errorf("revisions after the end: %+v, %v; want the first one", sets.Items, err)
	}
}

func TestAddonRights(t *testing.T) {
	t.Parallel()
	client := fake.NewClientset()
	for _, addon := range []string{"", "metrics-server"} {
		e := &Engine{Deps: Deps{Client: client}, run: &Run{Created: Created{Run: run, Addon: addon}}}
		for range 2 { // a referee may be killed after either
			if err := e.openAddon(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		bound, err := client.RbacV1().RoleBindings("kube-system").List(t.Context(), metav1.ListOptions{LabelSelector: LabelRun + "=" + run})
		if err != nil || (len(bound.Items) == 1) != (addon != "") {
			t.Errorf("addon %q: %d bindings, %v", addon, len(bound.Items), err)
		}
		for _, b := range bound.Items {
			if b.Subjects[0].Name != "trainee:"+run || !strings.HasPrefix(b.RoleRef.Name, "firedrill:") {
				t.Errorf("binding %+v", b)
			}
		}
		for range 2 {
			if err := e.closeAddon(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := client.RbacV1().RoleBindings("kube-system").Get(t.Context(), addonBinding(run), metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the trainee keeps the rights: %v", err)
	}
}

func TestHelpersAreRemoved(t *testing.T) {
	t.Parallel()
	helper := func(name, of string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: refereeNamespace, Labels: map[string]string{LabelRun: of}}}
	}
	client := fake.NewClientset(helper("load-1", run), helper("canary-1", run), helper("load-2", "another"))
	e := &Engine{Deps: Deps{Client: client}, run: &Run{Created: Created{Run: run}}}
	if err := e.removeHelpers(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := client.CoreV1().Pods(refereeNamespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) != 1 || left.Items[0].Name != "load-2" {
		t.Errorf("left: %+v, %v; want the other run's", left.Items, err)
	}
}
