package drill

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/firedrill/firedrill/verifier"
)

// refereeNamespace is where the tool's own pods run.
const refereeNamespace = "firedrill-system"

// openAddon lets the trainee change the Deployment of the cluster's service that the drill
// breaks: the Role firedrill:addon-editor of the cluster, for the time of the run.
func (e *Engine) openAddon(ctx context.Context) error {
	if e.run.Created.Addon == "" {
		return nil
	}
	run := e.run.Created.Run
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{
			Name: addonBinding(run), Namespace: metav1.NamespaceSystem,
			Labels: map[string]string{LabelManagedBy: ManagedBy, LabelRun: run},
		},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "firedrill:addon-editor"},
		// the name in the trainee's certificate (package trainee)
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "trainee:" + run}},
	}
	_, err := e.Client.RbacV1().RoleBindings(metav1.NamespaceSystem).Create(ctx, binding, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func addonBinding(run string) string { return "firedrill:addon:" + run }

func (e *Engine) closeAddon(ctx context.Context) error {
	if e.run.Created.Addon == "" {
		return nil
	}
	err := e.Client.RbacV1().RoleBindings(metav1.NamespaceSystem).Delete(ctx, addonBinding(e.run.Created.Run), metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("take the trainee's rights on the addon away: %w", err)
	}
	return nil
}

// restoreAddon brings the service back to what the baseline saw, whatever the trainee
// changed in it, waits until it serves, and removes the revisions of the run.
func (e *Engine) restoreAddon(ctx context.Context) error {
	base, err := e.baseline()
	if err != nil || base == nil || base.Addon == nil {
		return err
	}
	return e.restoreAddonTo(ctx, base.Addon)
}

func (e *Engine) restoreAddonTo(ctx context.Context, want *verifier.AddonState) error {
	deployments := e.Client.AppsV1().Deployments(metav1.NamespaceSystem)
	err := wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		live, err := deployments.Get(ctx, want.Name, metav1.GetOptions{})
		if err != nil {
			return false, ignoreUnavailable(err)
		}
		if !apiequality.Semantic.DeepEqual(live.Spec, want.Spec) {
			live.Spec = want.Spec
			_, err := deployments.Update(ctx, live, metav1.UpdateOptions{})
			return false, ignoreUnavailable(err)
		}
		return serves(live), nil
	})
	if err != nil {
		return fmt.Errorf("restore the addon %s: %w", want.Name, err)
	}
	return e.forgetRevisions(ctx, want)
}

// serves: the newest revision is available, and nothing older is left.
func serves(d *appsv1.Deployment) bool {
	s := d.Status
	return s.ObservedGeneration >= d.Generation && s.UpdatedReplicas == s.Replicas && s.AvailableReplicas == s.Replicas &&
		d.Spec.Replicas != nil && s.Replicas == *d.Spec.Replicas
}

func (e *Engine) forgetRevisions(ctx context.Context, want *verifier.AddonState) error {
	client := e.Client.AppsV1().ReplicaSets(metav1.NamespaceSystem)
	sets, err := client.List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(want.Spec.Selector)})
	if err != nil {
		return fmt.Errorf("list the revisions of the addon %s: %w", want.Name, err)
	}
	for i := range sets.Items {
		set := &sets.Items[i]
		if slices.Contains(want.ReplicaSets, set.UID) || set.Status.Replicas > 0 || set.Spec.Replicas == nil || *set.Spec.Replicas > 0 {
			continue
		}
		if err := client.Delete(ctx, set.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("remove revision %s of the addon %s: %w", set.Name, want.Name, err)
		}
	}
	return nil
}

// removeHelpers deletes the run's pods in the referee's namespace: those of a perturbation
// whose referee was killed in the middle of it.
func (e *Engine) removeHelpers(ctx context.Context) error {
	pods := e.Client.CoreV1().Pods(refereeNamespace)
	list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: LabelRun + "=" + e.run.Created.Run})
	if err != nil {
		return fmt.Errorf("list the run's pods in %s: %w", refereeNamespace, err)
	}
	for i := range list.Items {
		err := pods.Delete(ctx, list.Items[i].Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete the run's pod %s: %w", list.Items[i].Name, err)
		}
	}
	return nil
}
