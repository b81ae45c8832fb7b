package scenarios_test

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/firedrill/firedrill/verifier"
)

// breakerOf is a tired trainee's change to the healthy system that one safeguard is there
// to refuse; nil for a kind of check that has none here. It knows the kinds and no
// scenario: a new scenario's safeguards are tried as they are.
func breakerOf(c verifier.Checker) func(w *world) {
	for _, find := range []func(verifier.Checker) func(*world){ofWorkload, ofTemplate, ofPull, ofObject, ofNode, ofAutoscaler, ofSuccessor} {
		if breaks := find(c); breaks != nil {
			return breaks
		}
	}
	return nil
}

func ofWorkload(c verifier.Checker) func(w *world) {
	switch g := c.(type) {
	case *verifier.WorkloadKept:
		return func(w *world) { w.bare(g.Name) }
	case *verifier.ReplicasKept:
		return func(w *world) { w.deployment(g.Name, func(d *appsv1.Deployment) { *d.Spec.Replicas = 0 }) }
	case *verifier.PodAnswers:
		return func(w *world) { w.open = true }
	case *verifier.ServiceKept:
		return func(w *world) {
			w.service(g.Name, func(s *corev1.Service) {
				if g.Aspect == "readiness" {
					s.Spec.PublishNotReadyAddresses = true
					return
				}
				s.Spec.Selector = map[string]string{"app": "holding-page"}
			})
		}
	}
	return nil
}

func ofTemplate(c verifier.Checker) func(w *world) {
	switch g := c.(type) {
	case *verifier.ImageKept:
		return onContainer(g.Name, func(c *corev1.Container) { c.Image = "docker.io/library/busybox:1.37" })
	case *verifier.ProbesKept:
		return onContainer(g.Name, func(c *corev1.Container) { weaken(c, g.Aspect) })
	case *verifier.EnvIs:
		return onContainer(g.Name, func(c *corev1.Container) {
			c.Env = slices.DeleteFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == g.Env })
		})
	case *verifier.TemplateKept:
		return func(w *world) {
			w.deployment(g.Name, func(d *appsv1.Deployment) {
				if spec := &d.Spec.Template.Spec; len(g.Only) > 0 {
					spec.HostAliases = []corev1.HostAlias{{IP: "10.0.0.1", Hostnames: []string{"backend"}}}
				} else {
					spec.Containers[0].WorkingDir = "/elsewhere"
				}
			})
		}
	case *verifier.LimitKept:
		return onContainer(g.Name, func(c *corev1.Container) { c.Resources.Limits = nil })
	case *verifier.LimitWithin:
		return onContainer(g.Name, func(c *corev1.Container) { c.Resources.Limits[corev1.ResourceMemory] = resource.MustParse("8Gi") })
	}
	return nil
}

func weaken(c *corev1.Container, aspect string) {
	switch aspect {
	case "question":
		c.ReadinessProbe.ProbeHandler = corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("http")}}
	case "patience":
		c.ReadinessProbe.FailureThreshold = 9999
	default:
		c.ReadinessProbe, c.LivenessProbe = nil, nil
	}
}

func ofPull(c verifier.Checker) func(w *world) {
	switch g := c.(type) {
	case *verifier.PullPolicyKept:
		return onContainer(g.Name, func(c *corev1.Container) { c.ImagePullPolicy = corev1.PullNever })
	case *verifier.TagPinned:
		return onContainer(g.Name, func(c *corev1.Container) { c.Image = untagged(c.Image) + ":latest" })
	case *verifier.RegistryGuarded:
		return func(w *world) { w.open = true }
	case *verifier.PullAccounts:
		return func(w *world) { w.pullAs("somebody", g.Selector) }
	}
	return nil
}

func ofObject(c verifier.Checker) func(w *world) {
	switch g := c.(type) {
	case *verifier.ContentKept:
		if g.Kind == "Secret" {
			return func(w *world) { w.retell(g.Name) }
		}
	case *verifier.PDBKept:
		return func(w *world) {
			w.must(w.client.PolicyV1().PodDisruptionBudgets(w.ns).Delete(w.Context(), g.Name, metav1.DeleteOptions{}))
		}
	}
	return nil
}

func ofNode(c verifier.Checker) func(w *world) {
	switch g := c.(type) {
	case *verifier.NodeKept:
		return func(w *world) {
			w.must(w.client.CoreV1().Nodes().Delete(w.Context(), g.Node, metav1.DeleteOptions{}))
		}
	case *verifier.UnitsEnabled:
		return func(w *world) { w.units = "disabled" }
	case *verifier.Uncordoned:
		return func(w *world) { w.cordon(g.Node) }
	case *verifier.NodesKept:
		return func(w *world) { w.cordon(otherWorker) } // no script: a real cluster's other worker is other runs' as well
	}
	return nil
}

func (w *world) cordon(node string) {
	n, err := w.client.CoreV1().Nodes().Get(w.Context(), node, metav1.GetOptions{})
	w.must(err)
	n.Spec.Unschedulable = true
	_, err = w.client.CoreV1().Nodes().Update(w.Context(), n, metav1.UpdateOptions{})
	w.must(err)
}
