package drill

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/firedrill/firedrill/verifier"
)

// controlled tells whether Kubernetes itself puts and removes the taint.
func controlled(key string) bool {
	return strings.HasPrefix(key, "node.kubernetes.io/") || strings.HasPrefix(key, "node.cloudprovider.kubernetes.io/")
}

// KeptByKubernetes tells whether Kubernetes itself, or a plugin of its, keeps the annotation.
func KeptByKubernetes(key string) bool {
	domain, _, _ := strings.Cut(key, "/")
	return strings.HasSuffix(domain, "kubernetes.io") || strings.HasSuffix(domain, "k8s.io")
}

// annotations are those that a node had, and those that Kubernetes keeps as they are now.
func annotations(now, was map[string]string) map[string]string {
	if was == nil {
		return now // a baseline of before they were in it
	}
	all := maps.Clone(was)
	for key, value := range now {
		if KeptByKubernetes(key) {
			all[key] = value
		}
	}
	return all
}

// restored is the node as the baseline saw it, and whether it differed. The node
// controller's own taints stay as they are; the one of a cordon goes with the cordon.
func restored(node *corev1.Node, want verifier.NodeState) (*corev1.Node, bool) {
	out := node.DeepCopy()
	out.Spec.Unschedulable = want.Unschedulable
	out.Labels = want.Labels
	out.Annotations = annotations(node.Annotations, want.Annotations)
	out.Spec.Taints = nil
	for _, text := range want.Taints {
		if taint := parseTaint(text); !controlled(taint.Key) {
			out.Spec.Taints = append(out.Spec.Taints, taint)
		}
	}
	for _, taint := range node.Spec.Taints {
		if controlled(taint.Key) && (taint.Key != corev1.TaintNodeUnschedulable || want.Unschedulable) {
			out.Spec.Taints = append(out.Spec.Taints, taint)
		}
	}
	same := node.Spec.Unschedulable == out.Spec.Unschedulable && maps.Equal(node.Labels, out.Labels) && maps.Equal(node.Annotations, out.Annotations) &&
		slices.Equal(taintTexts(node.Spec.Taints), taintTexts(out.Spec.Taints))
	return out, !same
}

func taintTexts(taints []corev1.Taint) []string {
	var texts []string
	for _, t := range taints {
		texts = append(texts, t.ToString())
	}
	slices.Sort(texts)
	return texts
}

// parseTaint reads key=value:Effect, as kubectl writes it.
func parseTaint(text string) corev1.Taint {
	rest, effect, _ := strings.Cut(text, ":")
	key, value, _ := strings.Cut(rest, "=")
	return corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)}
}
