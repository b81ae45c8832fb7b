package verifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// proxyTimeout bounds one question to a pod.
const proxyTimeout = 5 * time.Second

// answer is what a pod said to the referee.
type answer struct {
	status int
	body   string
}

// ask sends one GET to a pod by way of the API server: no Service, no network of the
// trainee's lies between (the cluster refuses Services with external addresses, which could
// catch it), and no trainee has the right to do the same. The port is a
// number, or a name of the pod's.
func (t *Target) ask(ctx context.Context, p *corev1.Pod, port, path string, query map[string]string) (answer, error) {
	number, err := t.podPort(p, port)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, proxyTimeout)
	defer cancel()
	request := t.Client.CoreV1().Pods(p.Namespace).ProxyGet("http", p.Name, number, path, query)
	if request == nil {
		return answer{}, fmt.Errorf("pod %s: no way to it", p.Name)
	}
	body, err := request.DoRaw(ctx)
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return answer{status: 200, body: string(body)}, nil
	case errors.As(err, &status) && len(body) > 0 && status.Status().Code > 0 && !ownWords(body):
		return answer{status: int(status.Status().Code), body: string(body)}, nil
	}
	return answer{}, fmt.Errorf("ask pod %s on port %s for %s: %w", p.Name, number, path, err)
}

// ownWords tells whether a body is the API server's: it could not reach the pod, or had no
// time for it.
func ownWords(body []byte) bool {
	var said metav1.Status
	return json.Unmarshal(body, &said) == nil && said.Kind == "Status" && said.APIVersion == "v1"
}

// podPort is the number of a pod's port. Whoever writes it by its number, or calls it by another
// name, in all places that belong together, has broken nothing: then it is the pod's only port, or
// the one that the workload had by that name at the baseline.
func (t *Target) podPort(p *corev1.Pod, port string) (string, error) {
	if _, err := strconv.ParseUint(port, 10, 16); err == nil {
		return port, nil
	}
	declared := map[int32]bool{}
	for _, c := range p.Spec.Containers {
		if number := portsByName(c.Ports)[port]; number > 0 {
			return strconv.Itoa(int(number)), nil
		}
		for _, own := range c.Ports {
			declared[own.ContainerPort] = true
		}
	}
	if len(declared) == 1 {
		for number := range declared {
			return strconv.Itoa(int(number)), nil
		}
	}
	if number := t.Baseline.portOf(p.Labels, port); number > 0 {
		return strconv.Itoa(int(number)), nil
	}
	return "", fmt.Errorf("pod %s has no port %q", p.Name, port)
}

// portOf is the number that a port had by its name, in the workload whose pods have these
// labels; 0 when none is known.
func (b *Baseline) portOf(pod labels.Set, name string) int32 {
	if b == nil {
		return 0
	}
	for _, key := range slices.Sorted(maps.Keys(b.Workloads)) {
		w := b.Workloads[key]
		if len(w.TemplateLabels) == 0 || !labels.SelectorFromSet(w.TemplateLabels).Matches(pod) {
			continue
		}
		for _, c := range w.Containers {
			if number := c.Ports[name]; number > 0 {
				return number
			}
		}
	}
	return 0
}
