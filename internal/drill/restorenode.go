package drill

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/firedrill/firedrill/verifier"
)

const labelControlPlane = "node-role.kubernetes.io/control-plane"

// restoreNodes brings every node that the trainee could change back to what the baseline
// saw: the drill's own, and the others that its pods run on.
func (e *Engine) restoreNodes(ctx context.Context) error {
	base, err := e.baseline()
	if err != nil || base == nil {
		return err
	}
	own := e.run.Created.Node
	if _, ok := base.Nodes[own]; own != "" && !ok {
		return fmt.Errorf("node %s is not in the baseline", own)
	}
	names, err := lane(base.Nodes, e.run.Created.NodeSelector)
	if err != nil {
		return err
	}
	var steps []func() error
	for _, name := range names {
		if name != own {
			steps = append(steps, func() error { return e.restoreShared(ctx, name, base.Nodes[name]) })
		}
	}
	if own != "" {
		steps = append(steps, func() error { return e.restoreOwn(ctx, own, base.Nodes[own]) })
	}
	return together(steps...)
}

// lane names the nodes that a selector selects, in order, without the control plane: as
// long as there is any other, trainees may not change that.
func lane(nodes map[string]verifier.NodeState, selector string) ([]string, error) {
	selects, err := labels.Parse(selector)
	if err != nil {
		return nil, fmt.Errorf("read the run's node selector: %w", err)
	}
	var workers, all []string
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		if !selects.Matches(labels.Set(nodes[name].Labels)) {
			continue
		}
		all = append(all, name)
		if _, is := nodes[name].Labels[labelControlPlane]; !is {
			workers = append(workers, name)
		}
	}
	if len(workers) == 0 {
		return all, nil
	}
	return workers, nil
}

// restoreOwn restores the node that the drill had for itself, and waits until it is ready.
func (e *Engine) restoreOwn(ctx context.Context, name string, want verifier.NodeState) error {
	if _, err := e.ensureRegistered(ctx, name, want, true); err != nil {
		return err
	}
	return e.restoreNode(ctx, name, true, func(*corev1.Node) verifier.NodeState { return want })
}

// restoreShared restores a node that other runs may use as well. A cordon or a taint that
// the baseline saw was another run's, and that one has taken it back or will: none is put
// there again. Whether such a node is ready is for the end to wait for only when it had to
// be registered anew.
func (e *Engine) restoreShared(ctx context.Context, name string, base verifier.NodeState) error {
	anew, err := e.ensureRegistered(ctx, name, base, false) // its network may be another run's doing, and be in use
	if err != nil {
		return err
	}
	return e.restoreNode(ctx, name, anew, func(now *corev1.Node) verifier.NodeState {
		want := verifier.NodeState{Labels: base.Labels, Annotations: base.Annotations}
		present := taintTexts(now.Spec.Taints)
		for _, taint := range base.Taints {
			if slices.Contains(present, taint) {
				want.Taints = append(want.Taints, taint)
			}
		}
		return want
	})
}

// restoreNode changes the node until it is as wanted: schedulable, with the labels and
// taints it had. The trainee may have changed any.
func (e *Engine) restoreNode(ctx context.Context, name string, awaitReady bool, wanted func(*corev1.Node) verifier.NodeState) error {
	return wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		node, err := e.Client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, ignoreUnavailable(err)
		}
		if fixed, differs := restored(node, wanted(node)); differs {
			_, err := e.Client.CoreV1().Nodes().Update(ctx, fixed, metav1.UpdateOptions{})
			return false, ignoreUnavailable(err)
		}
		return !awaitReady || nodeReady(node), nil
	})
}

// ensureRegistered makes a Node object that was deleted anew, in the pod network that it had,
// and the kubelet take it for its own: it registers only when it starts. One that somebody
// registered again meanwhile has another network, and the node's files with it: the run's
// own is made anew as well, also before it was given that network. It tells whether anything was needed.
func (e *Engine) ensureRegistered(ctx context.Context, name string, was verifier.NodeState, own bool) (anew bool, err error) {
	err = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		anew, err = e.registerAnew(ctx, name, was, own)
		if apierrors.IsAlreadyExists(err) { // the kubelet was quicker
			return false, nil
		}
		return true, err
	})
	return anew, err
}

func (e *Engine) registerAnew(ctx context.Context, name string, was verifier.NodeState, own bool) (anew bool, err error) {
	nodes := e.Client.CoreV1().Nodes()
	node, err := nodes.Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil && (!own || len(was.PodCIDRs) == 0 || slices.Equal(was.PodCIDRs, node.Spec.PodCIDRs)):
		return false, nil
	case err == nil:
		err = nodes.Delete(ctx, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &node.UID}})
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return false, err
	}
	made := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: was.Labels, Annotations: was.Annotations},
		Spec:       corev1.NodeSpec{PodCIDRs: was.PodCIDRs, ProviderID: was.ProviderID},
	}
	if len(was.PodCIDRs) > 0 {
		made.Spec.PodCIDR = was.PodCIDRs[0]
	}
	if _, err := nodes.Create(ctx, made, metav1.CreateOptions{}); err != nil {
		return false, fmt.Errorf("make node %s again: %w", name, err)
	}
	if _, err := e.Nodes.Run(ctx, name, "systemctl", "restart", "kubelet"); err != nil {
		return false, fmt.Errorf("register node %s again: %w", name, err)
	}
	return true, nil
}

func nodeReady(node *corev1.Node) bool {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
