package verifier

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// serviceRef names the Service whose pods a check is about. What stands behind a Service is
// what its clients get: a repair may give the workload another name or other labels.
type serviceRef struct {
	Service string `yaml:"service" doc:"Name of the Service that the clients use." required:"true"`
}

// behind reads the ready pods that the Service sends its clients to, the oldest first.
func (r serviceRef) behind(ctx context.Context, t *Target) ([]corev1.Pod, error) {
	slicesOf, err := t.endpointSlices(ctx)
	if err != nil {
		return nil, err
	}
	pods, err := t.pods(ctx)
	if err != nil {
		return nil, err
	}
	var behind []corev1.Pod
	for i := range pods {
		if slices.ContainsFunc(slicesOf, func(s discoveryv1.EndpointSlice) bool { return r.sendsTo(s, &pods[i]) }) {
			behind = append(behind, pods[i])
		}
	}
	slices.SortFunc(behind, byAge)
	return behind, nil
}

func (r serviceRef) sendsTo(s discoveryv1.EndpointSlice, p *corev1.Pod) bool {
	if s.Labels[discoveryv1.LabelServiceName] != r.Service {
		return false
	}
	return slices.ContainsFunc(s.Endpoints, func(e discoveryv1.Endpoint) bool {
		ready := e.Conditions.Ready == nil || *e.Conditions.Ready
		return ready && e.TargetRef != nil && e.TargetRef.Kind == "Pod" && e.TargetRef.UID == p.UID
	})
}

// nobody says that there is no pod to look at.
func (r serviceRef) nobody() Observation {
	return Observation{Reason: "no pod behind Service " + r.Service + " is ready"}
}

// statefulSet is the StatefulSet that owns the pods behind the Service; nil when a pod
// belongs to something else, which stranger then names.
func (r serviceRef) statefulSet(ctx context.Context, t *Target, pods []corev1.Pod) (set *appsv1.StatefulSet, stranger string, err error) {
	var name string
	for i := range pods {
		owner := metav1.GetControllerOf(&pods[i])
		switch {
		case owner == nil:
			return nil, fmt.Sprintf("pod %s was made by hand", pods[i].Name), nil
		case owner.Kind != kindStatefulSet:
			return nil, fmt.Sprintf("pod %s belongs to %s %s", pods[i].Name, owner.Kind, owner.Name), nil
		case name != "" && name != owner.Name:
			return nil, fmt.Sprintf("pod %s belongs to StatefulSet %s, others to %s", pods[i].Name, owner.Name, name), nil
		}
		name = owner.Name
	}
	if name == "" {
		return nil, "", nil
	}
	set, err = once(t, "statefulset object "+name, func() (*appsv1.StatefulSet, error) {
		return t.Client.AppsV1().StatefulSets(t.Namespace).Get(ctx, name, metav1.GetOptions{})
	})
	if apierrors.IsNotFound(err) {
		return nil, fmt.Sprintf("StatefulSet %s of pod %s is gone", name, pods[0].Name), nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("read StatefulSet %s: %w", name, err)
	}
	return set, "", nil
}

// judge lets a safeguard look at the StatefulSet behind the Service and its pods. Without
// one there is nothing to weaken: that one is wanted is StatefulSetServes's to say.
func (r serviceRef) judge(ctx context.Context, t *Target, look func(*appsv1.StatefulSet, []corev1.Pod) (Observation, error)) (Observation, error) {
	pods, err := r.behind(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	set, stranger, err := r.statefulSet(ctx, t, pods)
	switch {
	case err != nil:
		return Observation{}, err
	case set == nil:
		return Observation{Passed: true, Reason: "no StatefulSet stands behind Service " + r.Service + ": there is nothing to judge", Evidence: stranger}, nil
	}
	return look(set, pods)
}
