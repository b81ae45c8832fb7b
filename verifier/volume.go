package verifier

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// VolumePerOrdinal is a safeguard: the claim that a pod of the StatefulSet keeps its
// database on, and every other one that it may write to under the same folder, is its own. One
// claim for all ordinals is one volume with as many writers. A claim that is mounted
// elsewhere, as one with a dump to restore from, is nobody's data folder.
type VolumePerOrdinal struct {
	databaseRef `yaml:",inline"`
}

// Observe reads the StatefulSet, its pods and the claims, and asks each database for its folder.
func (c *VolumePerOrdinal) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.judge(ctx, t, func(set *appsv1.StatefulSet, pods []corev1.Pod) (Observation, error) {
		claims, err := t.claims(ctx)
		if err != nil {
			return Observation{}, err
		}
		var own []string
		for i := range pods {
			p := &pods[i]
			facts, err := c.facts(ctx, t, p)
			if err != nil {
				return Observation{}, err
			}
			if facts.folder == "" {
				return Observation{Passed: true, Reason: "pod " + p.Name + " is no database that answers: there is nothing to judge", Evidence: facts.trouble}, nil
			}
			for _, claim := range dataClaims(p, c.container(p), facts.folder) {
				if !ownClaim(set, p, claim) {
					return Observation{Reason: fmt.Sprintf("pod %s keeps its data on claim %s, which is the same for every ordinal of StatefulSet %s", p.Name, claim, set.Name)}, nil
				}
				if claims[claim] != corev1.ClaimBound {
					return Observation{Reason: fmt.Sprintf("claim %s of pod %s is not bound", claim, p.Name)}, nil
				}
				own = append(own, p.Name+" has "+claim)
			}
		}
		return Observation{Passed: true, Reason: "no pod of StatefulSet " + set.Name + " shares its database's claim", Evidence: strings.Join(own, "; ")}, nil
	})
}

// dataClaims lists the claims that a database's folder lies on: the one that it is in, and
// those that are mounted inside of it, as for the log of transactions or a tablespace.
func dataClaims(p *corev1.Pod, container, folder string) []string {
	names := map[string]bool{}
	if v := volumeAt(p, container, folder); v != nil {
		names[v.Name] = true
	}
	for _, c := range p.Spec.Containers {
		for _, m := range c.VolumeMounts {
			if c.Name == container && !m.ReadOnly && strings.HasPrefix(path.Clean(m.MountPath), strings.TrimSuffix(folder, "/")+"/") {
				names[m.Name] = true
			}
		}
	}
	var claims []string
	for _, v := range p.Spec.Volumes {
		if v.PersistentVolumeClaim != nil && names[v.Name] {
			claims = append(claims, v.PersistentVolumeClaim.ClaimName)
		}
	}
	return claims
}

// ownClaim tells whether a pod's claim was made for it of a volumeClaimTemplate: the
// controller names it <template>-<pod>.
func ownClaim(set *appsv1.StatefulSet, p *corev1.Pod, claim string) bool {
	return slices.ContainsFunc(set.Spec.VolumeClaimTemplates, func(tpl corev1.PersistentVolumeClaim) bool {
		return claim == tpl.Name+"-"+p.Name
	})
}

// mountedClaims lists the claims that the pod's containers mount. An init container may
// read another one, to fetch the data from.
func mountedClaims(p *corev1.Pod) []string {
	var claims []string
	for _, v := range p.Spec.Volumes {
		if v.PersistentVolumeClaim == nil {
			continue
		}
		for _, c := range p.Spec.Containers {
			if slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name }) {
				claims = append(claims, v.PersistentVolumeClaim.ClaimName)
				break
			}
		}
	}
	return claims
}

// claims reads the phase of every claim.
func (t *Target) claims(ctx context.Context) (map[string]corev1.PersistentVolumeClaimPhase, error) {
	return once(t, "claims", func() (map[string]corev1.PersistentVolumeClaimPhase, error) {
		list, err := t.Client.CoreV1().PersistentVolumeClaims(t.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list the claims of %s: %w", t.Namespace, err)
		}
		phases := map[string]corev1.PersistentVolumeClaimPhase{}
		for _, c := range list.Items {
			phases[c.Name] = c.Status.Phase
		}
		return phases, nil
	})
}

// VolumePersistent is a safeguard: the folder that PostgreSQL itself says it keeps its data
// in lies on a claim. On anything else it is gone with the pod.
type VolumePersistent struct {
	databaseRef `yaml:",inline"`
}

// Observe asks each database for its folder and looks what is mounted there.
func (c *VolumePersistent) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.judge(ctx, t, func(set *appsv1.StatefulSet, pods []corev1.Pod) (Observation, error) {
		if when := claimsGo(set); when != "" {
			return Observation{Reason: fmt.Sprintf("StatefulSet %s deletes its claims when it is %s: its data goes with them", set.Name, when)}, nil
		}
		var evidence []string
		for i := range pods {
			p := &pods[i]
			facts, err := c.facts(ctx, t, p)
			if err != nil {
				return Observation{}, err
			}
			if facts.folder == "" {
				return Observation{Passed: true, Reason: "pod " + p.Name + " is no database that answers: there is nothing to judge", Evidence: facts.trouble}, nil
			}
			v := volumeAt(p, c.container(p), facts.folder)
			if v == nil || v.PersistentVolumeClaim == nil {
				return Observation{Reason: fmt.Sprintf("pod %s keeps its data in %s, on %s: it is gone with the pod", p.Name, facts.folder, volumeText(v))}, nil
			}
			evidence = append(evidence, fmt.Sprintf("%s keeps %s on claim %s", p.Name, facts.folder, v.PersistentVolumeClaim.ClaimName))
		}
		return Observation{Passed: true, Reason: "StatefulSet " + set.Name + " keeps its data on claims", Evidence: strings.Join(evidence, "; ")}, nil
	})
}

// claimsGo says what makes a StatefulSet delete its claims; "" when nothing does, as by default.
func claimsGo(set *appsv1.StatefulSet) string {
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	switch {
	case policy == nil:
	case policy.WhenScaled == appsv1.DeletePersistentVolumeClaimRetentionPolicyType:
		return "scaled down"
	case policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType:
		return "deleted"
	}
	return ""
}

// volumeAt is the volume that a folder of the container lies on; nil for the container's
// own file system.
func volumeAt(p *corev1.Pod, container, folder string) *corev1.Volume {
	var name, deepest string
	for _, c := range p.Spec.Containers {
		for _, m := range c.VolumeMounts {
			at := path.Clean(m.MountPath)
			inside := folder == at || strings.HasPrefix(folder, strings.TrimSuffix(at, "/")+"/")
			if c.Name == container && inside && len(at) >= len(deepest) {
				name, deepest = m.Name, at
			}
		}
	}
	for i := range p.Spec.Volumes {
		if p.Spec.Volumes[i].Name == name {
			return &p.Spec.Volumes[i]
		}
	}
	return nil
}

func volumeText(v *corev1.Volume) string {
	switch {
	case v == nil:
		return "the container's own file system"
	case v.EmptyDir != nil:
		return "emptyDir " + v.Name
	case v.Ephemeral != nil:
		return "ephemeral volume " + v.Name
	}
	return "volume " + v.Name + ", which is no claim"
}
