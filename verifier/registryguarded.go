package verifier

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// RegistryGuarded is a safeguard: the registry serves nobody who does not log in.
type RegistryGuarded struct {
	registryRef `yaml:",inline"`
}

// Observe asks the registry's base, which every registry guards that guards anything
// (distribution-spec, "Determining Support"), by way of the API server: it takes every
// login off a request. A registry that does not answer is not open.
func (c *RegistryGuarded) Observe(ctx context.Context, t *Target) (Observation, error) {
	services, err := t.services(ctx)
	if err != nil {
		return Observation{}, err
	}
	port := ""
	for i := range services {
		if s := &services[i]; s.Name == c.Service && len(s.Spec.Ports) > 0 {
			port = fmt.Sprint(s.Spec.Ports[0].Port)
		}
	}
	if port == "" {
		return Observation{Passed: true, Reason: "the registry's Service " + c.Service + " is not there: nobody is served"}, nil
	}
	_, err = t.Client.CoreV1().Services(t.Namespace).ProxyGet("http", c.Service, port, "/v2/", nil).DoRaw(ctx)
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return Observation{Reason: "the registry serves everybody: it asks for no login any more"}, nil
	case !errors.As(err, &status) || status.Status().Code == http.StatusForbidden:
		return Observation{}, fmt.Errorf("ask the registry %s without a login: %w", c.Service, err)
	case status.Status().Code == http.StatusUnauthorized:
		return Observation{Passed: true, Reason: "the registry asks for a login"}, nil
	}
	return Observation{Passed: true, Reason: "the registry does not answer: nobody is served", Evidence: err.Error()}, nil
}
