package verifier

import (
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"
)

func refuse(clienttesting.Action) (bool, runtime.Object, error) {
	return true, nil, errors.New("connection refused")
}

func TestRolloutComplete(t *testing.T) {
	t.Parallel()
	check := &RolloutComplete{workloadRef{Name: "checkout"}}
	status := func(change func(*appsv1.DeploymentStatus)) []runtime.Object {
		return []runtime.Object{deployment(func(d *appsv1.Deployment) { change(&d.Status) }), pod("checkout-1")}
	}
	cases := map[string]struct {
		objects []runtime.Object
		passed  bool
		reason  string
	}{
		"complete":        {shop(), true, "2 of 2 replicas"},
		"deleted":         {nil, false, "Deployment/checkout does not exist"},
		"not observed":    {status(func(s *appsv1.DeploymentStatus) { s.ObservedGeneration = 2 }), false, "has not seen the newest change"},
		"half updated":    {status(func(s *appsv1.DeploymentStatus) { s.UpdatedReplicas = 1 }), false, "1 of 2 replicas run the newest template"},
		"old one left":    {status(func(s *appsv1.DeploymentStatus) { s.Replicas = 3 }), false, "old ones are still there"},
		"not available":   {status(func(s *appsv1.DeploymentStatus) { s.AvailableReplicas = 1 }), false, "1 of 2 replicas are available"},
		"not ready":       {status(func(s *appsv1.DeploymentStatus) { s.ReadyReplicas = 0 }), false, "0 of 2 replicas are available"},
		"none of them up": {status(func(s *appsv1.DeploymentStatus) { *s = appsv1.DeploymentStatus{ObservedGeneration: 3} }), false, "0 of 2 replicas"},
		"past its deadline": {status(func(s *appsv1.DeploymentStatus) {
			s.UpdatedReplicas = 1
			s.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded"}}
		}), false, "ProgressDeadlineExceeded"},
		"scaled to zero": {[]runtime.Object{deployment(func(d *appsv1.Deployment) {
			d.Spec.Replicas = new(int32)
			d.Status = appsv1.DeploymentStatus{ObservedGeneration: 3}
		})}, false, "scaled to 0"},
		"paused": {[]runtime.Object{deployment(func(d *appsv1.Deployment) { d.Spec.Paused = true })}, false, "paused"},
		"being deleted": {[]runtime.Object{deployment(func(d *appsv1.Deployment) {
			now := metav1.NewTime(epoch)
			d.DeletionTimestamp, d.Finalizers = &now, []string{"test/keep"}
		})}, false, "being deleted"},
		"an old pod on its way out": {[]runtime.Object{deployment(), pod("checkout-1"), pod("checkout-2"), pod("checkout-0", leaving)}, false, "still terminating: checkout-0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, check, target(c.objects...), c.passed, c.reason)
		})
	}
	t.Run("API server away", func(t *testing.T) {
		t.Parallel()
		expect(t, check, away(target()), false, "error: connection refused")
	})
}

func TestRolloutCompleteOfOtherKinds(t *testing.T) {
	t.Parallel()
	selector := &metav1.LabelSelector{MatchLabels: shopLabels()}
	set := func(status appsv1.StatefulSetStatus) runtime.Object {
		return &appsv1.StatefulSet{
			ObjectMeta: metav1.ObjectMeta{Name: "db", Namespace: shopNS}, Spec: appsv1.StatefulSetSpec{Selector: selector}, Status: status,
		}
	}
	agents := func(status appsv1.DaemonSetStatus) runtime.Object {
		return &appsv1.DaemonSet{
			ObjectMeta: metav1.ObjectMeta{Name: "agent", Namespace: shopNS}, Spec: appsv1.DaemonSetSpec{Selector: selector}, Status: status,
		}
	}
	whole := appsv1.DaemonSetStatus{DesiredNumberScheduled: 3, CurrentNumberScheduled: 3, UpdatedNumberScheduled: 3, NumberReady: 3, NumberAvailable: 3}
	short := whole
	short.NumberAvailable, short.NumberReady = 2, 2
	astray := whole
	astray.NumberMisscheduled = 1
	cases := map[string]struct {
		ref    workloadRef
		object runtime.Object
		passed bool
		reason string
	}{
		"statefulset":             {workloadRef{"StatefulSet", "db"}, set(appsv1.StatefulSetStatus{Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1}), true, "1 of 1"},
		"statefulset not updated": {workloadRef{"StatefulSet", "db"}, set(appsv1.StatefulSetStatus{Replicas: 1, ReadyReplicas: 1, AvailableReplicas: 1}), false, "0 of 1"},
		"daemonset":               {workloadRef{"DaemonSet", "agent"}, agents(whole), true, "3 of 3"},
		"daemonset short":         {workloadRef{"DaemonSet", "agent"}, agents(short), false, "2 of 3"},
		"daemonset astray":        {workloadRef{"DaemonSet", "agent"}, agents(astray), false, "should not"},
		"daemonset of no node":    {workloadRef{"DaemonSet", "agent"}, agents(appsv1.DaemonSetStatus{}), false, "nothing runs"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, &RolloutComplete{c.ref}, target(c.object), c.passed, c.reason)
		})
	}
}
