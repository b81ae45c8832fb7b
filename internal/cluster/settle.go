package cluster

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// settleIn marks a cluster that kind has just made as ours, gives the referee its
// identity, and waits until everything is ready; both at the same time.
func (m *Manager) settleIn(ctx context.Context, s *state) error {
	admin, err := restConfig(adminKubeconfigPath(m.home, s.Name))
	if err != nil {
		return err
	}
	client, err := m.connect(admin)
	if err != nil {
		return fmt.Errorf("connect to cluster %q: %w", s.Name, err)
	}
	m.status.Start("Waiting for %s, DNS and service accounts ⏳", countNodes(s.Config.Workers+1))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	marked := make(chan error, 1)
	go func() {
		err := m.mark(ctx, client, admin, s)
		if err == nil {
			err = m.installAddons(ctx, s)
		}
		if err != nil {
			cancel(err) // no use in waiting on
		}
		marked <- err
	}()
	ready := m.waitReady(ctx, &readiness{client: client, nodes: s.Config.Workers + 1}, m.limits.ready)
	err = <-marked
	if ready != nil && !errors.Is(ready, err) {
		err = errors.Join(err, ready)
	}
	if err != nil {
		return fmt.Errorf("bring cluster %q into service: %w", s.Name, err)
	}
	m.status.End(true)
	return nil
}

func countNodes(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

// mark writes what makes the cluster known as ours and the referee able to work.
func (m *Manager) mark(ctx context.Context, client kubernetes.Interface, admin *rest.Config, s *state) error {
	if err := writeMark(ctx, client, s.ID); err != nil {
		return err
	}
	key, certificate, err := m.certifyReferee(ctx, client)
	if err != nil {
		return err
	}
	return writeRefereeKubeconfig(m.home, s.Name, admin, key, certificate)
}

// writeMark creates the namespace, the ConfigMap with the cluster's ID, and the
// referee's rights. What is there already, from an earlier try, is left.
func writeMark(ctx context.Context, client kubernetes.Interface, id string) error {
	labels := map[string]string{"app.kubernetes.io/managed-by": "firedrill"}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace, Labels: labels}}
	_, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create namespace %s: %w", Namespace, err)
	}
	immutable := true
	mark := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: OwnerConfigMap, Namespace: Namespace, Labels: labels},
		Data:       map[string]string{OwnerKey: id},
		Immutable:  &immutable,
	}
	_, err = client.CoreV1().ConfigMaps(Namespace).Create(ctx, mark, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create ConfigMap %s: %w", OwnerConfigMap, err)
	}
	rights := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: RefereeUser, Labels: labels},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: RefereeUser}},
	}
	_, err = client.RbacV1().ClusterRoleBindings().Create(ctx, rights, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create ClusterRoleBinding %s: %w", RefereeUser, err)
	}
	return nil
}
