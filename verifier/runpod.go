package verifier

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// refereeNamespace is where the tool's own pods run; the trainee has no rights in it.
const refereeNamespace = "firedrill-system"

const (
	canaryPoll    = 250 * time.Millisecond
	canaryCleanup = 15 * time.Second
)

// RunPod runs a new pod on the node, by way of the scheduler, so that a cordon or a taint
// keeps it away: a node is only repaired when it takes work again.
type RunPod struct {
	nodeRef `yaml:",inline"`
}

// Perturb waits until the pod is Ready on the node or ctx ends, and deletes it.
func (p *RunPod) Perturb(ctx context.Context, t *Target) (did string, err error) {
	if t.RefereeImage == "" {
		return "", errors.New("no image is known for a canary pod")
	}
	n, err := t.node(ctx, p.Node)
	if apierrors.IsNotFound(err) {
		return "", &NotSurvivedError{Reason: "no pod can run on node " + p.Node + ": it is not registered"}
	}
	if err != nil {
		return "", err
	}
	host := n.Labels[corev1.LabelHostname]
	if host == "" {
		return "", &NotSurvivedError{Reason: "node " + p.Node + " has lost its label " + corev1.LabelHostname}
	}
	pods := t.Client.CoreV1().Pods(refereeNamespace)
	made, err := pods.Create(ctx, canary(t.Namespace, host, t.RefereeImage), metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("make a canary pod: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), canaryCleanup)
		defer cancel()
		gone := pods.Delete(ctx, made.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
		if gone != nil && !apierrors.IsNotFound(gone) {
			err = errors.Join(err, fmt.Errorf("delete the canary pod %s: %w", made.Name, gone))
		}
	}()
	return p.follow(ctx, t, made)
}

// follow waits for the canary and says why it did not run.
func (p *RunPod) follow(ctx context.Context, t *Target, pod *corev1.Pod) (string, error) {
	var unseen error
	err := wait.PollUntilContextCancel(ctx, canaryPoll, true, func(ctx context.Context) (bool, error) {
		now, err := t.Client.CoreV1().Pods(refereeNamespace).Get(ctx, pod.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return false, fmt.Errorf("somebody deleted the canary pod %s", pod.Name)
		case err != nil:
			unseen = err
			return false, nil //nolint:nilerr // the API server may be away for a moment; the context bounds the wait
		}
		unseen, pod = nil, now
		if now.Status.Phase == corev1.PodFailed {
			return false, &NotSurvivedError{Reason: "a new pod failed on node " + p.Node + ": " + canaryTrouble(now)}
		}
		return ready(now) || now.Status.Phase == corev1.PodSucceeded, nil
	})
	switch {
	case err == nil && pod.Spec.NodeName == p.Node:
		return "ran a new pod on node " + p.Node, nil
	case err == nil:
		return "", fmt.Errorf("the canary pod ran on node %q, not on %s", pod.Spec.NodeName, p.Node)
	case !wait.Interrupted(err):
		return "", err
	case unseen != nil:
		return "", fmt.Errorf("the canary pod could not be observed: %w", unseen)
	case errors.Is(ctx.Err(), context.Canceled):
		return "", err // the run ends: that says nothing of the node
	}
	return "", &NotSurvivedError{Reason: "a new pod did not run on node " + p.Node + ": " + canaryTrouble(pod)}
}

func canaryTrouble(p *corev1.Pod) string {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return c.Message
		}
	}
	return podLine(p)
}

// canary is a pod that waits until it is deleted. A node selector instead of a node name
// lets the scheduler judge the node.
func canary(run, host, image string) *corev1.Pod {
	no, yes, user := false, true, int64(65532)
	small := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("10m"),
		corev1.ResourceMemory: resource.MustParse("16Mi"),
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: "canary-", Namespace: refereeNamespace,
			Labels: map[string]string{
				"app.kubernetes.io/managed-by": "firedrill",
				"app.kubernetes.io/name":       "canary",
				"firedrill.dev/run":            run,
			},
		},
		Spec: corev1.PodSpec{
			NodeSelector:                 map[string]string{corev1.LabelHostname: host},
			RestartPolicy:                corev1.RestartPolicyNever,
			AutomountServiceAccountToken: &no,
			Containers: []corev1.Container{{
				Name: "canary", Image: image, Args: []string{"hold"},
				ImagePullPolicy: corev1.PullIfNotPresent,
				Resources:       corev1.ResourceRequirements{Requests: small},
				SecurityContext: &corev1.SecurityContext{
					RunAsNonRoot: &yes, RunAsUser: &user, AllowPrivilegeEscalation: &no,
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
}
