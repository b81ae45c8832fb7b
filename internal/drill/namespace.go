package drill

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
)

// nodeSelectorAnnotation keeps a namespace's pods on some nodes, where the API server
// has the PodNodeSelector admission plugin on.
const nodeSelectorAnnotation = "scheduler.alpha.kubernetes.io/node-selector"

func (e *Engine) createNamespace(ctx context.Context, name, nodeSelector string) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		LabelManagedBy: ManagedBy,
		LabelRun:       name,
		// A trainee with a privileged pod would own the node, and so the referee.
		"pod-security.kubernetes.io/enforce": "baseline",
	}}}
	if nodeSelector != "" {
		ns.Annotations = map[string]string{nodeSelectorAnnotation: nodeSelector}
	}
	_, err := e.Client.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		if err != nil {
			return fmt.Errorf("create namespace %s: %w", name, err)
		}
		return nil
	}
	found, err := e.Client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read namespace %s: %w", name, err)
	}
	if found.Labels[LabelRun] != name || found.Labels[LabelManagedBy] != ManagedBy {
		return fmt.Errorf("namespace %s is there already and is not this run's: nothing was changed", name)
	}
	return nil
}

// deleteNamespace begins to remove the run's namespace. No pod can be made in it from
// then on, and those that are there need no time to drain: nobody is served any more.
func (e *Engine) deleteNamespace(ctx context.Context) error {
	name := e.run.Created.Run
	ns, err := e.Client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read namespace %s: %w", name, err)
	}
	if ns.Labels[LabelRun] != name {
		return fmt.Errorf("namespace %s does not carry this run's label any more: it was left alone", name)
	}
	uid := ns.UID
	err = e.Client.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete namespace %s: %w", name, err)
	}
	at := podGrace
	err = e.Client.CoreV1().Pods(name).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &at}, metav1.ListOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete the pods of %s: %w", name, err)
	}
	return nil
}

// podGrace is how long a pod of a run that ends has to stop, in seconds.
const podGrace int64 = 1

func (e *Engine) awaitNamespaceGone(ctx context.Context) error {
	name, left, began := e.run.Created.Run, "", time.Now()
	stirred := began
	err := wait.PollUntilContextCancel(ctx, 500*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		ns, err := e.Client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && ns.Labels[LabelRun] != name {
			return true, nil
		}
		if err != nil {
			return false, ignoreUnavailable(err)
		}
		left = namespaceLine(ns)
		if !discoveryFails(ns) {
			return false, nil
		}
		if time.Since(stirred) >= stirEvery {
			stirred = time.Now()
			if err := e.stirNamespace(ctx, name); err != nil {
				return false, ignoreUnavailable(err)
			}
		}
		if time.Since(began) >= deadAPIGrace {
			return false, ignoreUnavailable(e.dropDeadMetrics(ctx))
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("namespace %s is still there (%s): %w", name, left, err)
	}
	return nil
}

// deadAPIGrace is how long a namespace is kept by an API that does not answer before it is
// looked at: a server that only restarts is back by then.
const deadAPIGrace = 30 * time.Second

// stirEvery is how often a namespace that an API keeps is stirred.
const stirEvery = 5 * time.Second

// stirNamespace makes Kubernetes try again to remove the namespace: it does so 5 s after a
// change of it, and else up to a minute after the last failure (nsControllerRateLimiter and
// enqueueNamespace in pkg/controller/namespace).
func (e *Engine) stirNamespace(ctx context.Context, name string) error {
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"firedrill.dev/still-there":%q}}}`, time.Now().UTC().Format(time.RFC3339))
	_, err := e.Client.CoreV1().Namespaces().Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("stir namespace %s: %w", name, err)
	}
	return nil
}

func discoveryFails(ns *corev1.Namespace) bool {
	return slices.ContainsFunc(ns.Status.Conditions, func(c corev1.NamespaceCondition) bool {
		return c.Type == corev1.NamespaceDeletionDiscoveryFailure && c.Status == corev1.ConditionTrue
	})
}

// dropDeadMetrics takes the metrics API away from a cluster that cannot have metrics-server's
// image: as long as an API that is announced does not answer, Kubernetes removes no namespace
// for good (deleteAllContent in pkg/controller/namespace/deletion).
func (e *Engine) dropDeadMetrics(ctx context.Context) error {
	pods, err := e.Client.CoreV1().Pods(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{LabelSelector: "k8s-app=metrics-server"})
	if err != nil {
		return fmt.Errorf("read the pods of metrics-server: %w", err)
	}
	if len(pods.Items) == 0 || slices.ContainsFunc(pods.Items, func(p corev1.Pod) bool { return !imageMissing(&p) }) {
		return nil
	}
	apis := e.Dynamic.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"})
	err = apis.Delete(ctx, "v1beta1.metrics.k8s.io", metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take the metrics API away: %w", err)
	}
	e.Log.Warn("the image of metrics-server cannot be had: its API was taken away, or no namespace would ever be removed (firedrill up --recreate installs it anew)")
	return nil
}

func imageMissing(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
		return c.State.Waiting != nil && lacksImage(c.State.Waiting)
	})
}

// namespaceLine says what keeps a namespace that is being deleted.
func namespaceLine(ns *corev1.Namespace) string {
	for _, c := range ns.Status.Conditions {
		if c.Status == corev1.ConditionTrue && c.Message != "" {
			return fmt.Sprintf("%s: %s", c.Reason, c.Message)
		}
	}
	return string(ns.Status.Phase)
}

// awaitVolumes waits until the volumes of the namespace's claims are gone as well: the
// provisioner deletes them, and the files on the node, some time after the claims.
func (e *Engine) awaitVolumes(ctx context.Context) error {
	name, left := e.run.Created.Run, ""
	err := wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		volumes, err := e.Client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, ignoreUnavailable(err)
		}
		left = ""
		for i := range volumes.Items {
			v := &volumes.Items[i]
			if ref := v.Spec.ClaimRef; ref != nil && ref.Namespace == name && v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete {
				left = v.Name
			}
		}
		return left == "", nil
	})
	if err != nil && left != "" {
		return fmt.Errorf("volume %s is still there: %w", left, err)
	}
	return err
}
