package verifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Aspects that ServiceKept can be narrowed to.
const (
	serviceRoute     = "route"
	serviceReadiness = "readiness"
)

// ServiceKept is a safeguard: the Service sends its traffic where it sent it before.
type ServiceKept struct {
	Name   string `yaml:"name" doc:"Name of the Service." required:"true"`
	Aspect string `yaml:"aspect" doc:"What to judge: route (type, selector, ports, backends made by hand), readiness (pods that are not ready get traffic). Left out: both." enum:"route,readiness"`
}

// Observe reads the Services and EndpointSlices.
func (c *ServiceKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	if t.Baseline == nil {
		return Observation{}, errors.New("no baseline was taken yet")
	}
	was, known := t.Baseline.Services[c.Name]
	if !known {
		return Observation{}, fmt.Errorf("the baseline has no Service %s", c.Name)
	}
	services, err := t.services(ctx)
	if err != nil {
		return Observation{}, err
	}
	backends, err := t.endpointSlices(ctx)
	if err != nil {
		return Observation{}, err
	}
	for i := range services {
		if services[i].Name != c.Name {
			continue
		}
		now := serviceState(&services[i], backends)
		if was.Ports, err = t.renamedTargets(ctx, was, now); err != nil {
			return Observation{}, err
		}
		if reason := c.changed(was, now); reason != "" {
			return Observation{Reason: "Service " + c.Name + reason}, nil
		}
		return Observation{Passed: true, Reason: "Service " + c.Name + " is as before", Evidence: sameUID(was.UID, now.UID)}, nil
	}
	return Observation{Passed: c.Aspect == serviceReadiness, Reason: "Service " + c.Name + " was deleted", Evidence: "UID at the baseline " + string(was.UID)}, nil
}

// changed says what of a Service no longer is as it was; empty when all is.
func (c *ServiceKept) changed(was, now ServiceState) string {
	if c.Aspect != serviceReadiness {
		if reason := rerouted(was, now); reason != "" {
			return reason
		}
	}
	if c.Aspect != serviceRoute && now.PublishNotReady && !was.PublishNotReady {
		return " sends traffic to pods that are not ready"
	}
	return ""
}

// rerouted says why a Service's traffic goes elsewhere; empty when it does not.
func rerouted(was, now ServiceState) string {
	switch {
	case was.Type != now.Type || was.ExternalName != now.ExternalName:
		return fmt.Sprintf(" is of type %s%s instead of %s%s", now.Type, suffix(now.ExternalName), was.Type, suffix(was.ExternalName))
	case !maps.Equal(was.Selector, now.Selector):
		return fmt.Sprintf(" selects %s instead of %s", labelText(now.Selector), labelText(was.Selector))
	case !slices.Equal(was.Ports, now.Ports):
		return fmt.Sprintf(" has the ports %s instead of %s", strings.Join(now.Ports, ", "), strings.Join(was.Ports, ", "))
	}
	for _, name := range now.HandMadeBackends {
		if !slices.Contains(was.HandMadeBackends, name) {
			return " sends traffic to EndpointSlice " + name + ", which was made by hand"
		}
	}
	return ""
}

func labelText(set map[string]string) string {
	if len(set) == 0 {
		return "nothing"
	}
	return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: set})
}

// PDBKept is a safeguard: the PodDisruptionBudget is that of the baseline, unchanged. One that
// was deleted is put right by an equal one.
type PDBKept struct {
	Name string `yaml:"name" doc:"Name of the PodDisruptionBudget." required:"true"`
}

// Observe reads the PodDisruptionBudget.
func (c *PDBKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	if t.Baseline == nil {
		return Observation{}, errors.New("no baseline was taken yet")
	}
	was, known := t.Baseline.Disruption[c.Name]
	if !known {
		return Observation{}, fmt.Errorf("the baseline has no PodDisruptionBudget %s", c.Name)
	}
	now, err := t.Client.PolicyV1().PodDisruptionBudgets(t.Namespace).Get(ctx, c.Name, metav1.GetOptions{})
	what := "PodDisruptionBudget " + c.Name
	switch {
	case apierrors.IsNotFound(err):
		return Observation{Reason: what + " was deleted", Evidence: "UID at the baseline " + string(was.UID)}, nil
	case err != nil:
		return Observation{}, fmt.Errorf("read %s: %w", what, err)
	case !apiequality.Semantic.DeepEqual(was.Spec, now.Spec):
		return Observation{Reason: what + " was changed", Evidence: strings.Join(diffFields(what, fieldsOf(was.Spec), fieldsOf(now.Spec)), "; ")}, nil
	}
	return Observation{Passed: true, Reason: what + " is as before", Evidence: sameUID(was.UID, now.UID)}, nil
}

func fieldsOf(state any) map[string]string {
	fields := map[string]string{}
	flatten(fields, nil, asJSON(state))
	return fields
}
