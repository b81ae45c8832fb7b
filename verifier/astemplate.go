package verifier

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// unlikeTemplate says which pod is not what its workload would make: its image or resources
// were changed in place, or it was made by hand and adopted. Such a pod is repaired, or
// broken, only until the next rollout, drain or eviction. Empty when all are alike.
func unlikeTemplate(ctx context.Context, t *Target, w *workload, pods []corev1.Pod) (string, error) {
	for i := range pods {
		p := &pods[i]
		if !active(p) {
			continue
		}
		if field := unlikeSpec(w.template.Spec, p.Spec, p.Name); field != "" {
			return fmt.Sprintf("pod %s has %s other than its template's: the next rollout takes that away", p.Name, field), nil
		}
		for _, list := range [][2][]corev1.Container{
			{w.template.Spec.InitContainers, p.Spec.InitContainers}, {w.template.Spec.Containers, p.Spec.Containers},
		} {
			field, err := unlikeContainers(ctx, t, list[0], list[1])
			if err != nil {
				return "", err
			}
			if field != "" {
				return fmt.Sprintf("pod %s has another %s than its template: the next rollout takes that away", p.Name, field), nil
			}
		}
	}
	return "", nil
}

// unlikeSpec names what differs beside the containers: where names lead, and what is mounted.
// A StatefulSet puts each pod's own claims in the place of volumes of their names.
func unlikeSpec(said, has corev1.PodSpec, pod string) string {
	switch {
	case !apiequality.Semantic.DeepEqual(said.HostAliases, has.HostAliases):
		return "hostAliases"
	case said.DNSPolicy != has.DNSPolicy || !apiequality.Semantic.DeepEqual(said.DNSConfig, has.DNSConfig):
		return "DNS settings"
	}
	for _, want := range said.Volumes {
		i := slices.IndexFunc(has.Volumes, func(v corev1.Volume) bool { return v.Name == want.Name })
		if i < 0 {
			return "a volume " + want.Name
		}
		claim := has.Volumes[i].PersistentVolumeClaim
		own := claim != nil && claim.ClaimName == want.Name+"-"+pod
		if !own && !apiequality.Semantic.DeepEqual(want, has.Volumes[i]) {
			return "a volume " + want.Name
		}
	}
	return ""
}

// unlikeContainers names the first difference between what a template says of its containers
// and what a pod has. What admission adds to every pod is none.
func unlikeContainers(ctx context.Context, t *Target, said, has []corev1.Container) (string, error) {
	names := func(all []corev1.Container) (names []string) {
		for _, c := range all {
			names = append(names, c.Name)
		}
		return names
	}
	if !slices.Equal(names(said), names(has)) {
		return "list of containers", nil
	}
	for i := range said {
		a, b := said[i], has[i]
		for _, field := range []struct {
			name      string
			said, has any
		}{
			{"image", a.Image, b.Image},
			{"command", a.Command, b.Command},
			{"args", a.Args, b.Args},
			{"env", a.Env, b.Env},
			{"envFrom", a.EnvFrom, b.EnvFrom},
			{"ports", a.Ports, b.Ports},
			{"livenessProbe", a.LivenessProbe, b.LivenessProbe},
			{"readinessProbe", a.ReadinessProbe, b.ReadinessProbe},
			{"startupProbe", a.StartupProbe, b.StartupProbe},
			{"lifecycle", a.Lifecycle, b.Lifecycle},
			{"volumeMounts", a.VolumeMounts, withoutToken(b.VolumeMounts)},
		} {
			if !apiequality.Semantic.DeepEqual(field.said, field.has) {
				return field.name + " of container " + a.Name, nil
			}
		}
		what, err := unlikeResources(ctx, t, a.Resources, b.Resources)
		if err != nil || what != "" {
			return what + " of container " + a.Name, err
		}
	}
	return "", nil
}

// tokenPath is where every pod finds its service account's token, by admission.
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"

func withoutToken(mounts []corev1.VolumeMount) []corev1.VolumeMount {
	return slices.DeleteFunc(slices.Clone(mounts), func(m corev1.VolumeMount) bool {
		return m.MountPath == tokenPath && strings.HasPrefix(m.Name, "kube-api-access-")
	})
}

// unlikeResources compares requests and limits. A limit that stands alone is the request,
// too, and a LimitRange gives what is missing.
func unlikeResources(ctx context.Context, t *Target, said, has corev1.ResourceRequirements) (string, error) {
	for _, list := range []struct {
		name      string
		said, has corev1.ResourceList
	}{{"request", said.Requests, has.Requests}, {"limit", said.Limits, has.Limits}} {
		for name, want := range list.said {
			if got, set := list.has[name]; !set || got.Cmp(want) != 0 {
				return string(name) + " " + list.name, nil
			}
		}
		for name := range list.has {
			if _, set := list.said[name]; set {
				continue
			}
			amount := list.has[name]
			if limit, set := said.Limits[name]; set && limit.Cmp(amount) == 0 {
				continue
			}
			given, err := t.givenByLimitRange(ctx, name, amount)
			if err != nil {
				return "", err
			}
			if !given {
				return string(name) + " " + list.name, nil
			}
		}
	}
	return "", nil
}

// givenByLimitRange tells whether a LimitRange gives so much to containers that do not say.
func (t *Target) givenByLimitRange(ctx context.Context, name corev1.ResourceName, amount resource.Quantity) (bool, error) {
	ranges, err := once(t, "limit ranges", func() ([]corev1.LimitRange, error) {
		list, err := t.Client.CoreV1().LimitRanges(t.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list the limit ranges of %s: %w", t.Namespace, err)
		}
		return list.Items, nil
	})
	if err != nil {
		return false, err
	}
	for _, r := range ranges {
		for _, item := range r.Spec.Limits {
			if item.Type != corev1.LimitTypeContainer {
				continue
			}
			for _, gives := range []corev1.ResourceList{item.Default, item.DefaultRequest} {
				if q, set := gives[name]; set && q.Cmp(amount) == 0 {
					return true, nil
				}
			}
		}
	}
	return false, nil
}
