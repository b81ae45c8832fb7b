package verifier

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// ImageKept is a safeguard: every container runs an image of the repository it ran
// before, and none was added. Another tag may be the repair; another program is not, nor is
// one beside it that answers in its place.
type ImageKept struct {
	workloadRef `yaml:",inline"`
}

// Observe reads the workload and its pods.
func (c *ImageKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(was WorkloadState, now *workload) (Observation, error) {
		pods, err := t.selected(ctx, now.selector)
		if err != nil {
			return Observation{}, err
		}
		var evidence []string
		for _, name := range slices.Sorted(maps.Keys(was.Containers)) {
			before := was.Containers[name].Image
			image, found := imageIn(now.template.Spec, name)
			if !found {
				return Observation{Reason: fmt.Sprintf("%s has no container %s any more", c.key(), name)}, nil
			}
			if repository(image) != repository(before) {
				return Observation{Reason: fmt.Sprintf("container %s of %s runs %s instead of an image of %s", name, c.key(), image, repository(before))}, nil
			}
			for i := range pods { // a pod's image can be changed in place
				image, found := imageIn(pods[i].Spec, name)
				if found && active(&pods[i]) && repository(image) != repository(before) {
					return Observation{Reason: fmt.Sprintf("container %s of pod %s runs %s instead of an image of %s", name, pods[i].Name, image, repository(before))}, nil
				}
			}
			evidence = append(evidence, fmt.Sprintf("%s: %s at the baseline, %s now", name, before, image))
		}
		for _, added := range containersIn(now.template.Spec) {
			if _, known := was.Containers[added.Name]; !known {
				return Observation{Reason: fmt.Sprintf("%s runs one more container: %s, of %s", c.key(), added.Name, added.Image)}, nil
			}
		}
		return Observation{Passed: true, Reason: c.key() + " runs its own images", Evidence: strings.Join(evidence, "; ")}, nil
	})
}

func imageIn(spec corev1.PodSpec, name string) (string, bool) {
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for _, c := range list {
			if c.Name == name {
				return c.Image, true
			}
		}
	}
	return "", false
}

// repository is an image reference without tag and digest, with the parts that Docker's
// references leave out, so that two ways to write one repository are the same.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
		image = image[:i]
	}
	host, _, slashed := strings.Cut(image, "/")
	if !slashed {
		return "docker.io/library/" + image
	}
	if !strings.ContainsAny(host, ".:") && host != "localhost" {
		return "docker.io/" + image
	}
	return image
}
