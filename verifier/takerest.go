package verifier

import (
	"context"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

func (b *Baseline) takeDisruption(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.PolicyV1().PodDisruptionBudgets(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	b.Disruption, err = gather(list.Items, func(p *policyv1.PodDisruptionBudget) string { return p.Name },
		func(p *policyv1.PodDisruptionBudget) (DisruptionState, error) {
			return DisruptionState{UID: p.UID, Spec: p.Spec}, nil
		})
	return err
}

func (b *Baseline) takeAutoscalers(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.AutoscalingV2().HorizontalPodAutoscalers(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	b.Autoscalers, err = gather(list.Items, func(h *autoscalingv2.HorizontalPodAutoscaler) string { return h.Name },
		func(h *autoscalingv2.HorizontalPodAutoscaler) (AutoscalerState, error) {
			return AutoscalerState{UID: h.UID, Spec: h.Spec}, nil
		})
	return err
}

func (b *Baseline) takeNetworkPolicies(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.NetworkingV1().NetworkPolicies(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	b.NetworkPolicies, err = gather(list.Items, func(p *networkingv1.NetworkPolicy) string { return p.Name },
		func(p *networkingv1.NetworkPolicy) (NetworkPolicyState, error) {
			return NetworkPolicyState{UID: p.UID, Spec: p.Spec}, nil
		})
	return err
}

func (b *Baseline) takeClaims(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.CoreV1().PersistentVolumeClaims(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	b.Claims, err = gather(list.Items, func(c *corev1.PersistentVolumeClaim) string { return c.Name },
		func(c *corev1.PersistentVolumeClaim) (ClaimState, error) {
			return ClaimState{UID: c.UID, Phase: string(c.Status.Phase), Volume: c.Spec.VolumeName}, nil
		})
	return err
}

func (b *Baseline) takeQuotas(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.CoreV1().ResourceQuotas(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	b.Quotas, err = gather(list.Items, func(q *corev1.ResourceQuota) string { return q.Name },
		func(q *corev1.ResourceQuota) (corev1.ResourceList, error) { return q.Spec.Hard, nil })
	return err
}

func (b *Baseline) takeLimitRanges(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.CoreV1().LimitRanges(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	b.LimitRanges, err = gather(list.Items, func(l *corev1.LimitRange) string { return l.Name },
		func(l *corev1.LimitRange) (LimitRangeState, error) {
			return LimitRangeState{UID: l.UID, Spec: l.Spec}, nil
		})
	return err
}

func (b *Baseline) takeConfigMaps(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.CoreV1().ConfigMaps(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	b.ConfigMaps, err = gather(list.Items, func(c *corev1.ConfigMap) string { return c.Name },
		func(c *corev1.ConfigMap) (ContentState, error) {
			text := map[string][]byte{}
			for k, v := range c.Data {
				text[k] = []byte(v)
			}
			return contentState(c.ObjectMeta, text, c.BinaryData)
		})
	return err
}

func (b *Baseline) takeSecrets(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.CoreV1().Secrets(b.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	b.Secrets, err = gather(list.Items, func(s *corev1.Secret) string { return s.Name },
		func(s *corev1.Secret) (ContentState, error) { return contentState(s.ObjectMeta, s.Data) })
	return err
}
