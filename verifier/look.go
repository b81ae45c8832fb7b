package verifier

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// look keeps what one round of checks has read, so that ten checks that need the pods
// cost one request and judge the same pods. A new round starts with an empty look:
// nothing is ever judged by what an earlier round read.
type look struct {
	mu    sync.Mutex
	reads map[string]*reading
}

type reading struct {
	once  sync.Once
	value any
	err   error
}

// once reads by key at most once a round. Without a Runner (t.look is nil) it just reads.
func once[T any](t *Target, key string, read func() (T, error)) (T, error) {
	if t.look == nil {
		return read()
	}
	t.look.mu.Lock()
	r, found := t.look.reads[key]
	if !found {
		r = new(reading)
		t.look.reads[key] = r
	}
	t.look.mu.Unlock()
	r.once.Do(func() { r.value, r.err = read() })
	value, _ := r.value.(T) // nil interface of a failed read: T's zero value goes with the error
	return value, r.err
}

// pods reads every pod of the drill's namespace.
func (t *Target) pods(ctx context.Context) ([]corev1.Pod, error) {
	return once(t, "pods", func() ([]corev1.Pod, error) {
		list, err := t.Client.CoreV1().Pods(t.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list the pods of %s: %w", t.Namespace, err)
		}
		return list.Items, nil
	})
}

// selected reads the namespace's pods that the selector picks, terminating ones as well.
func (t *Target) selected(ctx context.Context, selector labels.Selector) ([]corev1.Pod, error) {
	pods, err := t.pods(ctx)
	if err != nil {
		return nil, err
	}
	var picked []corev1.Pod
	for _, p := range pods {
		if selector.Matches(labels.Set(p.Labels)) {
			picked = append(picked, p)
		}
	}
	return picked, nil
}

func (t *Target) node(ctx context.Context, name string) (*corev1.Node, error) {
	return once(t, "node/"+name, func() (*corev1.Node, error) {
		n, err := t.Client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("read node %s: %w", name, err)
		}
		return n, nil
	})
}

func (t *Target) services(ctx context.Context) ([]corev1.Service, error) {
	return once(t, "services", func() ([]corev1.Service, error) {
		list, err := t.Client.CoreV1().Services(t.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list the services of %s: %w", t.Namespace, err)
		}
		return list.Items, nil
	})
}

func (t *Target) endpointSlices(ctx context.Context) ([]discoveryv1.EndpointSlice, error) {
	return once(t, "endpointslices", func() ([]discoveryv1.EndpointSlice, error) {
		list, err := t.Client.DiscoveryV1().EndpointSlices(t.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list the endpoint slices of %s: %w", t.Namespace, err)
		}
		return list.Items, nil
	})
}
