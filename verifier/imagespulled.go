package verifier

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	reasonPulled = "Pulled"
	// pulledText begins the kubelet's event of a real pull (pkg/kubelet/images,
	// image_manager.go); of an image that it found on the node it says "already present".
	pulledText = "Successfully pulled image"
	// eventsLast is how long an event is surely kept: the API server's --event-ttl is 1h.
	eventsLast = 50 * time.Minute
)

// ImagesPulled passes when no container waits for its image, and every pod made since the
// fault got its images from their registry: an image that lay on the node proves nothing.
type ImagesPulled struct {
	podSelector `yaml:",inline"`
}

// Observe reads the pods and the kubelets' events.
func (c *ImagesPulled) Observe(ctx context.Context, t *Target) (Observation, error) {
	selector, err := c.parse()
	if err != nil {
		return Observation{}, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return Observation{}, err
	}
	events, err := t.pulled(ctx)
	if err != nil {
		return Observation{}, err
	}
	fresh, old := 0, 0
	for i := range pods {
		p := &pods[i]
		if !active(p) {
			continue
		}
		if reason, evidence := waitsForImage(p); reason != "" {
			return Observation{Reason: reason, Evidence: evidence}, nil
		}
		made := p.CreationTimestamp.Time
		if !after(made, t.FaultAt) || t.Now().Sub(made) > eventsLast {
			old++
			continue
		}
		if reason := unpulled(p, events); reason != "" {
			return Observation{Reason: reason, Evidence: podLine(p)}, nil
		}
		fresh++
	}
	if fresh+old == 0 {
		return Observation{Reason: "no pod that matches " + c.Selector + " is there"}, nil
	}
	return Observation{
		Passed: true, Reason: "no pod waits for its image",
		Evidence: fmt.Sprintf("%d pods pulled from the registry since the fault, %d are older", fresh, old),
	}, nil
}

// pulled reads the events of images that were pulled, or found on the node.
func (t *Target) pulled(ctx context.Context) ([]corev1.Event, error) {
	return once(t, "events/"+reasonPulled, func() ([]corev1.Event, error) {
		list, err := t.Client.CoreV1().Events(t.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=" + reasonPulled})
		if err != nil {
			return nil, fmt.Errorf("list the events of %s: %w", t.Namespace, err)
		}
		return list.Items, nil
	})
}

func waitsForImage(p *corev1.Pod) (reason, evidence string) {
	for _, one := range containersOf(p) {
		w := one.State.Waiting
		if w == nil {
			continue
		}
		switch w.Reason {
		case reasonErrImagePull, reasonImageBackOff, "InvalidImageName", "ErrImageNeverPull", "ImageInspectError":
			return fmt.Sprintf("container %s of pod %s waits for its image: %s", one.Name, p.Name, w.Reason), w.Message
		}
	}
	return "", ""
}

// unpulled names the first container that no event says to have been pulled for.
func unpulled(p *corev1.Pod, events []corev1.Event) string {
	fields := map[string]corev1.Container{}
	for _, c := range p.Spec.InitContainers {
		fields["spec.initContainers{"+c.Name+"}"] = c
	}
	for _, c := range p.Spec.Containers {
		fields["spec.containers{"+c.Name+"}"] = c
	}
	present := map[string]bool{}
	for i := range events {
		e := &events[i]
		if e.Reason != reasonPulled || e.InvolvedObject.UID != p.UID {
			continue
		}
		if strings.HasPrefix(e.Message, pulledText) {
			delete(fields, e.InvolvedObject.FieldPath)
		} else {
			present[e.InvolvedObject.FieldPath] = true
		}
	}
	if len(fields) == 0 {
		return ""
	}
	first := slices.Min(slices.Collect(maps.Keys(fields)))
	if present[first] {
		return fmt.Sprintf("container %s of pod %s runs an image that lay on the node: nothing shows that it can be pulled", fields[first].Name, p.Name)
	}
	return fmt.Sprintf("container %s of pod %s has not pulled its image yet", fields[first].Name, p.Name)
}
