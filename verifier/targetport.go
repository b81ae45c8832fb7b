package verifier

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// targetSign stands in a ServiceState's port between what the Service offers and where it
// sends it: "http TCP 80 -> 8080".
const targetSign = " -> "

// renamedTargets is the ports of a Service's baseline, with a target written as it is
// written now where both mean the same port of every workload behind the Service: a port's
// number in place of its name is a way to write it, and no other way for the traffic.
func (t *Target) renamedTargets(ctx context.Context, was, now ServiceState) ([]string, error) {
	if slices.Equal(was.Ports, now.Ports) {
		return was.Ports, nil
	}
	ports, err := t.portsBehind(ctx, was)
	if err != nil {
		return nil, err
	}
	written := map[string]string{} // how the target of an offered port is written now
	for _, port := range now.Ports {
		offer, target, _ := strings.Cut(port, targetSign)
		written[offer] = target
	}
	renamed := slices.Clone(was.Ports)
	for i, port := range renamed {
		offer, before, _ := strings.Cut(port, targetSign)
		if target, offered := written[offer]; offered && sameTarget(before, target, ports) {
			renamed[i] = offer + targetSign + target
		}
	}
	slices.Sort(renamed)
	return renamed, nil
}

// namedPorts are the ports of a workload's pods by their names, at the baseline and now.
type namedPorts struct{ had, has map[string]int32 }

// sameTarget says whether a target meant at the baseline the port that another one means
// now, in every workload. Without a workload there is nothing that a name could mean.
func sameTarget(was, now string, behind []namedPorts) bool {
	before, after := intstr.Parse(was), intstr.Parse(now)
	for _, ports := range behind {
		if meant := portNumber(before, ports.had); meant == 0 || meant != portNumber(after, ports.has) {
			return false
		}
	}
	return len(behind) > 0
}

// portsBehind are those of the workloads whose pods the Service selected at the baseline
// and that are still there.
func (t *Target) portsBehind(ctx context.Context, was ServiceState) ([]namedPorts, error) {
	if len(was.Selector) == 0 {
		return nil, nil
	}
	selector := labels.SelectorFromSet(was.Selector)
	var behind []namedPorts
	for _, key := range slices.Sorted(maps.Keys(t.Baseline.Workloads)) {
		w := t.Baseline.Workloads[key]
		if !selector.Matches(labels.Set(w.TemplateLabels)) {
			continue
		}
		kind, name, _ := strings.Cut(key, "/")
		_, now, err := workloadRef{Kind: kind, Name: name}.present(ctx, t)
		var gone *goneError
		switch {
		case errors.As(err, &gone) || apierrors.IsNotFound(err):
			continue // WorkloadKept's business
		case err != nil:
			return nil, err
		}
		ports := namedPorts{had: map[string]int32{}, has: map[string]int32{}}
		for _, c := range w.Containers {
			maps.Copy(ports.had, c.Ports)
		}
		for _, c := range now.template.Spec.Containers {
			maps.Copy(ports.has, portsByName(c.Ports))
		}
		behind = append(behind, ports)
	}
	return behind, nil
}
