package verifier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/firedrill/firedrill/internal/scenario"
)

const (
	wedgePath    = "/debug/wedge" // of drillapp, where WEDGE_TOKEN is set
	wedgePoll    = 250 * time.Millisecond
	wedgeCleanup = 15 * time.Second
)

// WedgePod makes a pod hang: it accepts connections and never answers again, as when
// every thread waits for a lock. Probes that mean something take it out of the endpoints
// and restart it; probes that were hollowed out let it keep its customers.
type WedgePod struct {
	podSelector     `yaml:",inline"`
	Port            string            `yaml:"port" doc:"Port of the pods that serves the workload, by name or number." required:"true"`
	Token           string            `yaml:"token" doc:"The image's WEDGE_TOKEN." required:"true"`
	RemovedWithin   scenario.Duration `yaml:"removedWithin" doc:"How long the pod may stay among the ready endpoints; left out: not asked."`
	RestartedWithin scenario.Duration `yaml:"restartedWithin" doc:"How long its container may go without a restart; left out: not asked."`
}

// Validate refuses a disturbance that nobody would have to notice.
func (p *WedgePod) Validate() error {
	if p.RemovedWithin <= 0 && p.RestartedWithin <= 0 {
		return errors.New("removedWithin or restartedWithin: one of them must say what the cluster has to do")
	}
	return p.podSelector.Validate()
}

// Perturb wedges a ready pod and waits until the cluster has dealt with it. A
// pod that nobody noticed is deleted, so that the referee leaves none behind.
func (p *WedgePod) Perturb(ctx context.Context, t *Target) (did string, err error) {
	pod, err := p.victim(ctx, t)
	if err != nil {
		return "", err
	}
	said, err := t.ask(ctx, pod, p.Port, wedgePath, map[string]string{"token": p.Token})
	if err != nil {
		return "", fmt.Errorf("wedge: %w", err)
	}
	if said.status != 200 || !strings.HasPrefix(said.body, "wedged") {
		return "", fmt.Errorf("wedge pod %s: it answered %d and did not hang", pod.Name, said.status)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.clear(context.WithoutCancel(ctx), t, pod))
		}
	}()
	return p.follow(ctx, t, pod)
}

func (p *WedgePod) victim(ctx context.Context, t *Target) (*corev1.Pod, error) {
	selector, err := p.parse()
	if err != nil {
		return nil, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return nil, err
	}
	drawn := t.draw(pods, func(p *corev1.Pod) bool { return active(p) && ready(p) })
	if drawn == nil {
		return nil, fmt.Errorf("no pod that matches %s is ready: there is none to wedge", p.Selector)
	}
	return drawn, nil
}

// clear deletes the pod that was wedged, and no other one of its name.
func (p *WedgePod) clear(ctx context.Context, t *Target, pod *corev1.Pod) error {
	ctx, cancel := context.WithTimeout(ctx, wedgeCleanup)
	defer cancel()
	err := t.Client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete the wedged pod %s: %w", pod.Name, err)
	}
	return nil
}

// noticed is what became of a wedged pod, and how long that took.
type noticed struct {
	removed, restarted time.Duration // zero: not yet
	unseen             error
}

// follow waits until the cluster did what it must.
func (p *WedgePod) follow(ctx context.Context, t *Target, pod *corev1.Pod) (string, error) {
	start, before := time.Now(), restartsOf(pod)
	var seen noticed
	err := wait.PollUntilContextCancel(ctx, wedgePoll, true, func(ctx context.Context) (bool, error) {
		now, inUse, err := lookAt(ctx, t, pod)
		took := time.Since(start)
		if seen.unseen = err; err != nil {
			var gone *goneError
			if errors.As(err, &gone) {
				return false, err
			}
			return false, nil // the API server may be away for a moment; the context bounds the wait
		}
		if seen.removed == 0 && !inUse {
			seen.removed = took
		}
		if seen.restarted == 0 && restartsOf(now) > before {
			seen.restarted = took
		}
		return p.satisfied(seen), p.overdue(seen, took, pod.Name)
	})
	if err == nil {
		return fmt.Sprintf("made pod %s hang: %s", pod.Name, p.story(seen)), nil
	}
	if wait.Interrupted(err) && seen.unseen != nil {
		return "", fmt.Errorf("the wedged pod %s could not be observed: %w", pod.Name, seen.unseen)
	}
	if wait.Interrupted(err) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "", &NotSurvivedError{Reason: fmt.Sprintf("pod %s hangs and nobody dealt with it in time: %s", pod.Name, p.story(seen))}
	}
	return "", err
}

func (p *WedgePod) satisfied(seen noticed) bool {
	return (p.RemovedWithin <= 0 || seen.removed > 0) && (p.RestartedWithin <= 0 || seen.restarted > 0)
}

// overdue is a NotSurvivedError once the cluster let a time pass.
func (p *WedgePod) overdue(seen noticed, took time.Duration, name string) error {
	switch {
	case p.RemovedWithin > 0 && seen.removed == 0 && took > p.RemovedWithin.Std():
		return &NotSurvivedError{Reason: fmt.Sprintf("pod %s hangs and still gets customers after %s: no readiness probe noticed", name, p.RemovedWithin)}
	case p.RestartedWithin > 0 && seen.restarted == 0 && took > p.RestartedWithin.Std():
		return &NotSurvivedError{Reason: fmt.Sprintf("pod %s hangs and was not restarted within %s: no liveness probe noticed", name, p.RestartedWithin)}
	}
	return nil
}

func (p *WedgePod) story(seen noticed) string {
	var parts []string
	if p.RemovedWithin > 0 && seen.removed > 0 {
		parts = append(parts, "out of the endpoints after "+seen.removed.Round(time.Second).String())
	}
	if p.RestartedWithin > 0 && seen.restarted > 0 {
		parts = append(parts, "restarted after "+seen.restarted.Round(time.Second).String())
	}
	if len(parts) == 0 {
		return "neither out of the endpoints nor restarted"
	}
	return strings.Join(parts, ", ")
}

// lookAt reads the pod, and whether an EndpointSlice still offers it to customers. Its
// error is a *goneError when the pod is not there any more: then nobody can tell
// whether a probe would have noticed.
func lookAt(ctx context.Context, t *Target, pod *corev1.Pod) (now *corev1.Pod, inUse bool, err error) {
	now, err = t.Client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && (now.UID != pod.UID || now.DeletionTimestamp != nil) {
		return nil, false, &goneError{Observation{Reason: "pod " + pod.Name + " went away before a probe could notice that it hangs"}}
	}
	if err != nil {
		return nil, false, err
	}
	backends, err := t.endpointSlices(ctx)
	if err != nil {
		return nil, false, err
	}
	for i := range backends {
		for _, e := range backends[i].Endpoints {
			if e.TargetRef != nil && e.TargetRef.UID == pod.UID && endpointReady(e) {
				return now, true, nil
			}
		}
	}
	return now, false, nil
}

// endpointReady: the API reads a condition that is not set as true.
func endpointReady(e discoveryv1.Endpoint) bool {
	return e.Conditions.Ready == nil || *e.Conditions.Ready
}

func restartsOf(p *corev1.Pod) int32 {
	var count int32
	for _, c := range containersOf(p) {
		count += c.RestartCount
	}
	return count
}
