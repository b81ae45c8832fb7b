package trainee

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/firedrill/firedrill/manifests"
)

// labelControlPlane marks the nodes that a trainee may only look at.
const labelControlPlane = "node-role.kubernetes.io/control-plane"

// rules are the roles and bindings of one run.
type rules struct {
	clusterRoles        []*rbacv1.ClusterRole
	clusterRoleBindings []*rbacv1.ClusterRoleBinding
	roleBindings        []*rbacv1.RoleBinding
}

// grant creates the roles and the run's bindings, or brings them up to date.
func (p *Provisioner) grant(ctx context.Context, run, namespace string) error {
	workers, err := p.workers(ctx)
	if err != nil {
		return err
	}
	r, err := render(manifests.TraineeRBAC, run, namespace, workers)
	if err != nil {
		return fmt.Errorf("read the trainee's roles: %w", err)
	}
	rbac := p.client.RbacV1()
	for _, role := range r.clusterRoles {
		if err := put(ctx, rbac.ClusterRoles(), role); err != nil {
			return fmt.Errorf("cluster role %s: %w", role.Name, err)
		}
	}
	for _, binding := range r.clusterRoleBindings {
		if err := put(ctx, rbac.ClusterRoleBindings(), binding); err != nil {
			return fmt.Errorf("cluster role binding %s: %w", binding.Name, err)
		}
	}
	for _, binding := range r.roleBindings {
		err := put(ctx, rbac.RoleBindings(binding.Namespace), binding)
		// A cluster without that namespace has nothing in it to look at or to drain;
		// the drill's own must be there.
		if apierrors.IsNotFound(err) && binding.Namespace != namespace {
			continue
		}
		if err != nil {
			return fmt.Errorf("role binding %s in namespace %s: %w", binding.Name, binding.Namespace, err)
		}
	}
	return nil
}

// workers names the nodes that the trainee may change: the run's end restores these, and
// the others are for other runs. In a cluster of one node that is the control plane: there
// is no other to spare it for.
func (p *Provisioner) workers(ctx context.Context) ([]string, error) {
	nodes, err := p.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the nodes the trainee may change: %w", err)
	}
	selects, err := labels.Parse(p.selector)
	if err != nil {
		return nil, fmt.Errorf("read the run's node selector: %w", err)
	}
	var workers, all []string
	for i := range nodes.Items {
		node := &nodes.Items[i]
		if !selects.Matches(labels.Set(node.Labels)) {
			continue
		}
		all = append(all, node.Name)
		if _, isControlPlane := node.Labels[labelControlPlane]; !isControlPlane {
			workers = append(workers, node.Name)
		}
	}
	if len(all) == 0 { // an empty list of names would allow every node
		return nil, fmt.Errorf("the cluster has no nodes for the drill (selector %q); firedrill doctor says more", p.selector)
	}
	if len(workers) == 0 {
		return all, nil
	}
	return workers, nil
}

// render fills the manifest in and decodes it, refusing fields it does not know: a
// rule lost to a typing error would be a right too few or, in a name, too many.
func render(manifest, run, namespace string, workers []string) (*rules, error) {
	list, err := json.Marshal(workers)
	if err != nil {
		return nil, err
	}
	manifest = strings.NewReplacer("${run}", run, "${namespace}", namespace, "${workers}", string(list)).Replace(manifest)
	r := &rules{}
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		if err := r.add([]byte(document)); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *rules) add(document []byte) error {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return err
	}
	switch kind.Kind {
	case "ClusterRole":
		r.clusterRoles = append(r.clusterRoles, &rbacv1.ClusterRole{})
		return strict(document, r.clusterRoles[len(r.clusterRoles)-1])
	case "ClusterRoleBinding":
		r.clusterRoleBindings = append(r.clusterRoleBindings, &rbacv1.ClusterRoleBinding{})
		return strict(document, r.clusterRoleBindings[len(r.clusterRoleBindings)-1])
	case "RoleBinding":
		r.roleBindings = append(r.roleBindings, &rbacv1.RoleBinding{})
		return strict(document, r.roleBindings[len(r.roleBindings)-1])
	default:
		return fmt.Errorf("unexpected kind %q", kind.Kind)
	}
}

func strict(document []byte, into any) error {
	text, err := yaml.ToJSON(document)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// objects is what the clients of roles and bindings have in common.
type objects[T any] interface {
	Create(ctx context.Context, object T, opts metav1.CreateOptions) (T, error)
	Update(ctx context.Context, object T, opts metav1.UpdateOptions) (T, error)
}

// put creates the object or overwrites it. There is no resource version in it, so an
// update meets no conflict: runs that start at once write the same.
func put[T any](ctx context.Context, client objects[T], object T) error {
	_, err := client.Create(ctx, object, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = client.Update(ctx, object, metav1.UpdateOptions{})
	}
	return err
}
