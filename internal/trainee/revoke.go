package trainee

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// revoke deletes the run's bindings, its role and what a killed Provision left. All
// is found by label, so nothing of another run's can be hit; it goes on past failures.
func (p *Provisioner) revoke(ctx context.Context, run string) error {
	mine := metav1.ListOptions{LabelSelector: labelManagedBy + "=" + managedBy + "," + labelRun + "=" + run}
	rbac, requests := p.client.RbacV1(), p.client.CertificatesV1().CertificateSigningRequests()

	clusterBindings, err := rbac.ClusterRoleBindings().List(ctx, mine)
	failed := sweep(clusterBindings, err, func(o metav1.Object) error {
		return rbac.ClusterRoleBindings().Delete(ctx, o.GetName(), metav1.DeleteOptions{})
	})
	bindings, err := rbac.RoleBindings(metav1.NamespaceAll).List(ctx, mine)
	failed = errors.Join(failed, sweep(bindings, err, func(o metav1.Object) error {
		return rbac.RoleBindings(o.GetNamespace()).Delete(ctx, o.GetName(), metav1.DeleteOptions{})
	}))
	roles, err := rbac.ClusterRoles().List(ctx, mine)
	failed = errors.Join(failed, sweep(roles, err, func(o metav1.Object) error {
		return rbac.ClusterRoles().Delete(ctx, o.GetName(), metav1.DeleteOptions{})
	}))
	left, err := requests.List(ctx, mine)
	failed = errors.Join(failed, sweep(left, err, func(o metav1.Object) error {
		return requests.Delete(ctx, o.GetName(), metav1.DeleteOptions{})
	}))
	if failed != nil {
		return fmt.Errorf("take the rights of %s back: %w", UserName(run), failed)
	}
	return nil
}

// sweep removes every object of a list; one that is gone already is as it should be.
func sweep(list runtime.Object, listErr error, remove func(metav1.Object) error) error {
	if listErr != nil {
		return listErr
	}
	var failed []error
	err := meta.EachListItem(list, func(item runtime.Object) error {
		object, err := meta.Accessor(item)
		if err != nil {
			return err
		}
		if err := remove(object); !apierrors.IsNotFound(err) {
			failed = append(failed, err)
		}
		return nil
	})
	return errors.Join(append(failed, err)...)
}
