package verifier

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func TestDeletePod(t *testing.T) {
	t.Parallel()
	old := func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(epoch.Add(-2 * time.Hour)) }
	oldest := func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(epoch.Add(-3 * time.Hour)) }
	other := func(p *corev1.Pod) { p.Labels = map[string]string{"app": "cart"} }
	on := target(pod("a"), pod("b", old), pod("c", oldest, leaving), pod("d", oldest, other))
	did, err := (&DeletePod{podSelector{"app=checkout"}}).Perturb(t.Context(), on)
	if err != nil || did != "deleted pod b" {
		t.Fatalf("%q, %v", did, err)
	}
	left, err := on.Client.CoreV1().Pods(shopNS).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) != 3 {
		t.Errorf("%d pods are left, %v: want one to be deleted", len(left.Items), err)
	}
	for _, a := range on.Client.(*fake.Clientset).Actions() {
		if d, ok := a.(clienttesting.DeleteActionImpl); ok {
			if p := d.DeleteOptions.Preconditions; p == nil || *p.UID != "uid-b" {
				t.Errorf("deleted without its UID: %+v", d.DeleteOptions)
			}
		}
	}
	if _, err := (&DeletePod{podSelector{"app=none"}}).Perturb(t.Context(), on); err == nil {
		t.Error("no pod to delete, and no error")
	}
	if _, err := (&DeletePod{podSelector{"app=checkout"}}).Perturb(t.Context(), away(target())); err == nil {
		t.Error("API server away, and no error")
	}
}

func TestRestartUnit(t *testing.T) {
	t.Parallel()
	unreachable := errors.New("no such container")
	cases := map[string]struct {
		restart  error
		state    string
		show     error
		survived string // part of the NotSurvivedError
		failed   string // part of any other error
	}{
		"comes back":               {state: running},
		"does not come back":       {state: "failed enabled", survived: "kubelet is failed"},
		"refuses to start":         {restart: errors.New("exit status 1"), state: "failed enabled", survived: "kubelet is failed"},
		"starts over and over":     {state: "activating enabled", survived: "kubelet is activating"},
		"out of reach":             {restart: unreachable, show: unreachable, failed: "no such container"},
		"restart failed, it runs":  {restart: errors.New("timed out"), state: running, failed: "timed out"},
		"cannot be asked after it": {show: unreachable, failed: "no such container"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target()
			on.Nodes = fakeNodes(func(node string, command ...string) (string, error) {
				if strings.Join(command, " ") == "systemctl restart kubelet.service" {
					return "", c.restart
				}
				if c.show != nil {
					return "", c.show
				}
				return systemd(c.state, running)(node, command...)
			})
			did, err := (&RestartUnit{nodeRef{"worker"}, "kubelet"}).Perturb(t.Context(), on)
			judge(t, did, err, c.survived, c.failed)
		})
	}
	t.Run("no access", func(t *testing.T) {
		t.Parallel()
		if _, err := (&RestartUnit{nodeRef{"worker"}, ""}).Perturb(t.Context(), target()); err == nil {
			t.Error("no error")
		}
	})
}

// judge holds what a perturbation returned against what it should have.
func judge(t *testing.T, did string, err error, survived, failed string) {
	t.Helper()
	var refused *NotSurvivedError
	isRefused := errors.As(err, &refused)
	switch {
	case survived != "":
		if !isRefused || !strings.Contains(refused.Reason, survived) {
			t.Errorf("error %v, want not survived: %s", err, survived)
		}
	case failed != "":
		if err == nil || isRefused || !strings.Contains(err.Error(), failed) {
			t.Errorf("error %v, want a failure: %s", err, failed)
		}
	case err != nil || did == "":
		t.Errorf("did %q, error %v", did, err)
	}
}

func TestRunPod(t *testing.T) {
	t.Parallel()
	status := func(change func(*corev1.Pod)) func(*corev1.Pod) { return change }
	cases := map[string]struct {
		node     *corev1.Node
		becomes  func(*corev1.Pod)
		survived string
		failed   string
	}{
		"runs": {node: node(), becomes: status(func(p *corev1.Pod) {
			p.Spec.NodeName = "worker"
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		})},
		"unschedulable": {node: node(cordoned), becomes: status(func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{
				Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/3 nodes are available: 1 node(s) were unschedulable",
			}}
		}), survived: "did not run on node worker: 0/3 nodes are available"},
		"never starts": {node: node(), becomes: status(func(p *corev1.Pod) { p.Spec.NodeName = "worker" }), survived: "did not run on node worker"},
		"fails": {node: node(), becomes: status(func(p *corev1.Pod) {
			p.Spec.NodeName, p.Status.Phase = "worker", corev1.PodFailed
		}), survived: "failed on node worker"},
		"runs elsewhere": {node: node(), becomes: status(func(p *corev1.Pod) {
			p.Spec.NodeName, p.Status.Phase = "worker2", corev1.PodSucceeded
		}), failed: `ran on node "worker2"`},
		"no node":  {survived: "not registered"},
		"no label": {node: node(func(n *corev1.Node) { n.Labels = nil }), survived: "lost its label"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target()
			if c.node != nil {
				on = target(c.node)
			}
			on.RefereeImage = "drillapp:test"
			client := on.Client.(*fake.Clientset)
			client.PrependReactor("create", "pods", func(a clienttesting.Action) (bool, runtime.Object, error) {
				p := a.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
				if p.Namespace != refereeNamespace || p.Spec.NodeName != "" || p.Spec.NodeSelector[corev1.LabelHostname] != "worker" {
					t.Errorf("canary %s/%s on node %q, %v", p.Namespace, p.Name, p.Spec.NodeName, p.Spec.NodeSelector)
				}
				p.Name = "canary-1"
				c.becomes(p)
				return false, nil, nil // the tracker keeps it as changed
			})
			ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
			defer cancel()
			did, err := (&RunPod{nodeRef{"worker"}}).Perturb(ctx, on)
			judge(t, did, err, c.survived, c.failed)
			left, err := client.CoreV1().Pods(refereeNamespace).List(t.Context(), metav1.ListOptions{})
			if err != nil || len(left.Items) != 0 {
				t.Errorf("canary pods left behind: %d, %v", len(left.Items), err)
			}
		})
	}
	t.Run("canceled", func(t *testing.T) {
		t.Parallel()
		on := target(node())
		on.RefereeImage = "drillapp:test"
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		did, err := (&RunPod{nodeRef{"worker"}}).Perturb(ctx, on)
		judge(t, did, err, "", "canceled")
	})
	t.Run("API server away", func(t *testing.T) {
		t.Parallel()
		on := away(target())
		on.RefereeImage = "drillapp:test"
		did, err := (&RunPod{nodeRef{"worker"}}).Perturb(t.Context(), on)
		judge(t, did, err, "", "connection refused")
	})
	t.Run("no image", func(t *testing.T) {
		t.Parallel()
		did, err := (&RunPod{nodeRef{"worker"}}).Perturb(t.Context(), target(node()))
		judge(t, did, err, "", "no image")
	})
}
