package verifier

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// AddonState is a service of the whole cluster as it was: what it takes to restore it.
type AddonState struct {
	Name        string                `json:"name"`
	Spec        appsv1.DeploymentSpec `json:"spec"`
	ReplicaSets []types.UID           `json:"replicaSets"` // those that were there
}

// TakeAddon adds the Deployment of a service of the whole cluster to the baseline.
func (b *Baseline) TakeAddon(ctx context.Context, client kubernetes.Interface, name string) error {
	d, err := client.AppsV1().Deployments(metav1.NamespaceSystem).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the addon %s: %w", name, err)
	}
	sets, err := client.AppsV1().ReplicaSets(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector)})
	if err != nil {
		return fmt.Errorf("list the replicasets of the addon %s: %w", name, err)
	}
	b.Addon = &AddonState{Name: name, Spec: d.Spec}
	for i := range sets.Items {
		b.Addon.ReplicaSets = append(b.Addon.ReplicaSets, sets.Items[i].UID)
	}
	return nil
}
