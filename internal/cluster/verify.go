package cluster

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Open returns a cluster of ours that Up finished, without asking its API server:
// enough for node access, whose methods touch only containers of this very cluster.
func (m *Manager) Open(name string) (*Cluster, error) {
	if err := validName(name); err != nil {
		return nil, err
	}
	s, err := loadState(m.home, name)
	if err != nil {
		return nil, err
	}
	if s == nil || s.Phase != phaseReady {
		return nil, &NotFoundError{Name: name}
	}
	if err := m.sameEngine(s); err != nil {
		return nil, err
	}
	return m.cluster(s), nil
}

// Get returns a cluster of ours after it has proven to be the one we made: its API
// server, reached through our own kubeconfig, holds our ID of it. Anything else is a
// *NotFoundError, a *ForeignError, or a *NotReadyError when it does not answer.
func (m *Manager) Get(ctx context.Context, name string) (*Cluster, error) {
	c, err := m.Open(name)
	if err != nil {
		return nil, err
	}
	config, err := c.RESTConfig()
	if err != nil {
		return nil, err
	}
	client, err := m.connect(config)
	if err != nil {
		return nil, fmt.Errorf("connect to cluster %q: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, m.limits.request)
	defer cancel()
	if err := verifyOwner(ctx, client, c.state); err != nil {
		return nil, err
	}
	return c, nil
}

// verifyOwner checks that the cluster behind client is the one that the state is of.
func verifyOwner(ctx context.Context, client kubernetes.Interface, s *state) error {
	mark, err := client.CoreV1().ConfigMaps(Namespace).Get(ctx, OwnerConfigMap, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return &ForeignError{Name: s.Name, Why: fmt.Sprintf("it has no ConfigMap %s/%s", Namespace, OwnerConfigMap)}
	case apierrors.IsUnauthorized(err):
		return &ForeignError{Name: s.Name, Why: "it does not know firedrill's certificate"}
	case err != nil:
		return &NotReadyError{
			What: fmt.Sprintf("cluster %q does not answer", s.Name),
			Cure: fmt.Sprintf("Run `firedrill up%s`: it brings the cluster back or makes it anew.", nameFlag(s.Name)),
			Err:  err,
		}
	case mark.Data[OwnerKey] != s.ID:
		return &ForeignError{Name: s.Name, Why: fmt.Sprintf("its ID is %q, not %q", mark.Data[OwnerKey], s.ID)}
	}
	return nil
}
