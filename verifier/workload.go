package verifier

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// Kinds of workloads that checks can name.
const (
	kindDeployment  = "Deployment"
	kindStatefulSet = "StatefulSet"
	kindDaemonSet   = "DaemonSet"
)

// workloadRef names a workload in a check's parameters.
type workloadRef struct {
	Kind string `yaml:"kind" doc:"Kind of the workload." enum:"Deployment,StatefulSet,DaemonSet" default:"Deployment"`
	Name string `yaml:"name" doc:"Name of the workload." required:"true"`
}

// key is how the baseline and every sentence name the workload: Deployment/checkout.
func (r workloadRef) key() string {
	if r.Kind == "" {
		return kindDeployment + "/" + r.Name
	}
	return r.Kind + "/" + r.Name
}

func (r workloadRef) read(ctx context.Context, t *Target) (*workload, error) {
	return once(t, r.key(), func() (*workload, error) {
		w, err := r.fetch(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", r.key(), err)
		}
		return w, nil
	})
}

func (r workloadRef) fetch(ctx context.Context, t *Target) (*workload, error) {
	apps := t.Client.AppsV1()
	switch r.Kind {
	case kindStatefulSet:
		s, err := apps.StatefulSets(t.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return ofStatefulSet(s)
	case kindDaemonSet:
		d, err := apps.DaemonSets(t.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return ofDaemonSet(d)
	case kindDeployment, "":
		d, err := apps.Deployments(t.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return ofDeployment(d)
	}
	return nil, fmt.Errorf("no kind of workload: %q", r.Kind)
}

// workload is what the three kinds have in common.
type workload struct {
	meta     metav1.ObjectMeta
	uid      types.UID
	observed int64
	paused   bool
	stalled  string // what the controller itself complains of

	// wanted comes from the spec, the others from the status.
	wanted, existing, updated, ready, available int32

	labels   *metav1.LabelSelector
	selector labels.Selector
	template corev1.PodTemplateSpec
}

func newWorkload(meta metav1.ObjectMeta, selector *metav1.LabelSelector, template corev1.PodTemplateSpec) (*workload, error) {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, fmt.Errorf("selector of %s: %w", meta.Name, err)
	}
	return &workload{meta: meta, uid: meta.UID, labels: selector, selector: s, template: template}, nil
}

func ofDeployment(d *appsv1.Deployment) (*workload, error) {
	w, err := newWorkload(d.ObjectMeta, d.Spec.Selector, d.Spec.Template)
	if err != nil {
		return nil, err
	}
	s := d.Status
	w.observed, w.paused = s.ObservedGeneration, d.Spec.Paused
	w.wanted = orOne(d.Spec.Replicas)
	w.existing, w.updated, w.ready, w.available = s.Replicas, s.UpdatedReplicas, s.ReadyReplicas, s.AvailableReplicas
	for _, c := range s.Conditions {
		late := c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse
		failed := c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue
		if late || failed {
			w.stalled = c.Reason + ": " + c.Message
		}
	}
	return w, nil
}

func ofStatefulSet(s *appsv1.StatefulSet) (*workload, error) {
	w, err := newWorkload(s.ObjectMeta, s.Spec.Selector, s.Spec.Template)
	if err != nil {
		return nil, err
	}
	w.observed, w.wanted = s.Status.ObservedGeneration, orOne(s.Spec.Replicas)
	w.existing, w.updated = s.Status.Replicas, s.Status.UpdatedReplicas
	w.ready, w.available = s.Status.ReadyReplicas, s.Status.AvailableReplicas
	if updatedByHand(s) {
		w.updated = w.wanted
	}
	return w, nil
}

// updatedByHand tells whether pods of an older template stay until somebody deletes them. Then
// that the newest one runs everywhere is not to be asked for, only that all pods are like it.
func updatedByHand(s *appsv1.StatefulSet) bool {
	by := s.Spec.UpdateStrategy
	return by.Type == appsv1.OnDeleteStatefulSetStrategyType || by.RollingUpdate != nil && orZero(by.RollingUpdate.Partition) > 0
}

func ofDaemonSet(d *appsv1.DaemonSet) (*workload, error) {
	w, err := newWorkload(d.ObjectMeta, d.Spec.Selector, d.Spec.Template)
	if err != nil {
		return nil, err
	}
	s := d.Status
	w.observed, w.wanted, w.existing = s.ObservedGeneration, s.DesiredNumberScheduled, s.CurrentNumberScheduled
	w.updated, w.ready, w.available = s.UpdatedNumberScheduled, s.NumberReady, s.NumberAvailable
	if d.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType { // as of a StatefulSet
		w.updated = w.wanted
	}
	if s.NumberMisscheduled > 0 {
		w.stalled = fmt.Sprintf("%d pods run on nodes where they should not", s.NumberMisscheduled)
	}
	return w, nil
}

func orZero(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

// orOne is the API's own default for a replica count that is not set.
func orOne(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}
