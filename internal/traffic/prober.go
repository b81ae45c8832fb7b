// Package traffic plays the users of a drill's services and keeps what they saw: a
// prober pod in the referee's namespace sends requests in an open loop, its log is
// followed across outages, and the record is summed up for checks and reports.
package traffic

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/firedrill/firedrill/internal/scenario"
)

// Namespace is the referee's, where the prober runs out of the trainee's reach.
const Namespace = "firedrill-system"

const (
	startWithin = 2 * time.Minute
	goneWithin  = time.Minute
	pollEvery   = 250 * time.Millisecond
)

// Deploy runs the prober of a run, with the drill's namespace for URLs of bare host
// names, and returns when it sends. A prober that is there already, with the same
// image and streams, is left alone; any other of this run is replaced. The image must
// be on the control-plane node: it is never pulled. Without streams it does nothing.
func Deploy(ctx context.Context, client kubernetes.Interface, run, namespace, image string, streams []scenario.Traffic) error {
	if len(streams) == 0 {
		return nil
	}
	pod, err := proberPod(run, namespace, image, streams)
	if err != nil {
		return err
	}
	if err := ensureNamespace(ctx, client); err != nil {
		return err
	}
	pods := client.CoreV1().Pods(Namespace)
	existing, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return fmt.Errorf("look for the prober %s/%s: %w", Namespace, pod.Name, err)
	case usable(existing, pod):
		return awaitRunning(ctx, client, pod.Name)
	default:
		if err := Remove(ctx, client, run); err != nil {
			return err
		}
	}
	_, err = pods.Create(ctx, pod, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create the prober %s/%s: %w", Namespace, pod.Name, err)
	}
	return awaitRunning(ctx, client, pod.Name)
}

// Remove deletes the run's prober and returns when it is gone. None is success.
func Remove(ctx context.Context, client kubernetes.Interface, run string) error {
	name := podName(run)
	pods := client.CoreV1().Pods(Namespace)
	err := pods.Delete(ctx, name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete the prober %s/%s: %w", Namespace, name, err)
	}
	err = wait.PollUntilContextTimeout(ctx, pollEvery, goneWithin, true, func(ctx context.Context) (bool, error) {
		_, err := pods.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
	if err != nil {
		return fmt.Errorf("wait until the prober %s/%s is gone: %w", Namespace, name, err)
	}
	return nil
}

func ensureNamespace(ctx context.Context, client kubernetes.Interface) error {
	_, err := client.CoreV1().Namespaces().Get(ctx, Namespace, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: Namespace, Labels: map[string]string{managedByLabel: managedBy},
		}}
		_, err = client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("make the namespace %s: %w", Namespace, err)
	}
	return nil
}

// usable tells whether the pod that is there does what the wanted one would.
func usable(existing, wanted *corev1.Pod) bool {
	return existing.DeletionTimestamp == nil &&
		existing.Annotations[configAnnotation] == wanted.Annotations[configAnnotation] &&
		existing.Status.Phase != corev1.PodFailed && existing.Status.Phase != corev1.PodSucceeded
}

func awaitRunning(ctx context.Context, client kubernetes.Interface, name string) error {
	last := "it was not seen"
	err := wait.PollUntilContextTimeout(ctx, pollEvery, startWithin, true, func(ctx context.Context) (bool, error) {
		pod, err := client.CoreV1().Pods(Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			last = err.Error()
			return false, nil //nolint:nilerr // an API server away for a moment is waited out
		}
		var running bool
		running, last = startState(pod)
		return running, nil
	})
	if err != nil {
		return fmt.Errorf("the prober %s/%s does not run: %s: %w", Namespace, name, last, errors.Join(ctx.Err(), err))
	}
	return nil
}

// startState says how far the pod's start came.
func startState(pod *corev1.Pod) (running bool, state string) {
	for _, c := range pod.Status.ContainerStatuses {
		switch {
		case c.State.Running != nil:
			return true, "running"
		case c.State.Waiting != nil:
			return false, fmt.Sprintf("%s %s", c.State.Waiting.Reason, c.State.Waiting.Message)
		case c.State.Terminated != nil:
			return false, fmt.Sprintf("ended with exit code %d", c.State.Terminated.ExitCode)
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return false, condition.Message
		}
	}
	return false, "phase " + string(pod.Status.Phase)
}
