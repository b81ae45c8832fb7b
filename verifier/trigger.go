package verifier

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// ending is a container that the watch saw end or start again.
type ending struct {
	pod  types.UID
	text string
}

// events wakes the Runner when something in the cluster changes, and keeps the ends of
// containers that two rounds could both miss.
type events struct {
	wake chan struct{} // holds one wake-up: many changes make one round

	mu   sync.Mutex
	ends []ending
}

func newEvents() *events { return &events{wake: make(chan struct{}, 1)} }

func (e *events) stir() {
	select {
	case e.wake <- struct{}{}:
	default: // a wake-up is pending already
	}
}

// take returns the ends seen since it was last called.
func (e *events) take() []ending {
	e.mu.Lock()
	defer e.mu.Unlock()
	ends := e.ends
	e.ends = nil
	return ends
}

// start watches the namespace's pods, workloads and endpoints, and the nodes, until ctx
// ends; stop waits for the watches to be over. A watch that fails tries again by itself and
// is not reported: the rounds see for themselves what is true. Leases wake nobody: each
// kubelet renews its own every few seconds, and a round a second reads them soon enough.
func (e *events) start(ctx context.Context, client kubernetes.Interface, namespace string) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	local := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	cluster := informers.NewSharedInformerFactory(client, 0)
	factories := []informers.SharedInformerFactory{local, cluster}
	stop = func() {
		cancel()
		for _, f := range factories {
			f.Shutdown()
		}
	}
	watched := []cache.SharedIndexInformer{
		local.Apps().V1().Deployments().Informer(),
		local.Apps().V1().StatefulSets().Informer(),
		local.Apps().V1().DaemonSets().Informer(),
		local.Discovery().V1().EndpointSlices().Informer(),
		local.Core().V1().Services().Informer(),
		cluster.Core().V1().Nodes().Informer(),
	}
	wake := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { e.stir() },
		UpdateFunc: func(any, any) { e.stir() },
		DeleteFunc: func(any) { e.stir() },
	}
	for _, informer := range watched {
		if err := listen(informer, wake); err != nil {
			stop()
			return nil, err
		}
	}
	pods := wake
	pods.UpdateFunc = e.podChanged
	if err := listen(local.Core().V1().Pods().Informer(), pods); err != nil {
		stop()
		return nil, err
	}
	for _, f := range factories {
		f.Start(ctx.Done())
	}
	return stop, nil
}

func listen(informer cache.SharedIndexInformer, handler cache.ResourceEventHandler) error {
	quiet := func(context.Context, *cache.Reflector, error) {}
	if err := informer.SetWatchErrorHandlerWithContext(quiet); err != nil {
		return fmt.Errorf("watch the cluster: %w", err)
	}
	if _, err := informer.AddEventHandler(handler); err != nil {
		return fmt.Errorf("watch the cluster: %w", err)
	}
	return nil
}

// podChanged notes the containers that ended between two versions of a pod. After a
// break in the watch the versions lie far apart, and the restart counts still tell.
func (e *events) podChanged(before, after any) {
	was, wasPod := before.(*corev1.Pod)
	now, nowPod := after.(*corev1.Pod)
	if wasPod && nowPod {
		e.note(was, now)
	}
	e.stir()
}

func (e *events) note(was, now *corev1.Pod) {
	restarts, ended := map[string]int32{}, map[string]bool{}
	for _, c := range containersOf(was) {
		restarts[c.Name], ended[c.Name] = c.RestartCount, c.State.Terminated != nil
	}
	for _, c := range containersOf(now) {
		text := ""
		switch {
		case c.RestartCount > restarts[c.Name]:
			text = fmt.Sprintf("container %s of pod %s was restarted", c.Name, now.Name)
			if end := c.LastTerminationState.Terminated; end != nil {
				text = c.describe(*end)
			}
		case c.State.Terminated != nil && !ended[c.Name] && (!c.runsOnce || c.State.Terminated.ExitCode != 0):
			text = c.describe(*c.State.Terminated)
		default:
			continue
		}
		e.mu.Lock()
		e.ends = append(e.ends, ending{pod: now.UID, text: text})
		e.mu.Unlock()
	}
}
