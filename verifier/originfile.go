package verifier

import (
	"context"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// ofFile finds the origin of a file in a container.
func (t *Target) ofFile(ctx context.Context, spec corev1.PodSpec, c corev1.Container, file string) (origin, error) {
	mount, rest := mountOf(c, file)
	if mount == nil || mount.SubPathExpr != "" { // which only the kubelet can tell
		return origin{}, nil
	}
	for _, v := range spec.Volumes {
		if v.Name == mount.Name {
			return t.ofVolume(ctx, v.VolumeSource, rest)
		}
	}
	return origin{}, nil
}

// mountOf is the mount that a file lies in, and the file's path in the volume.
func mountOf(c corev1.Container, file string) (*corev1.VolumeMount, string) {
	file = path.Clean(file)
	var best *corev1.VolumeMount
	rest := ""
	for i := range c.VolumeMounts {
		m := &c.VolumeMounts[i]
		dir := path.Clean(m.MountPath)
		inside, under := strings.CutPrefix(file, strings.TrimSuffix(dir, "/")+"/")
		if file != dir && !under {
			continue
		}
		if best == nil || len(dir) > len(path.Clean(best.MountPath)) {
			best, rest = m, path.Join(m.SubPath, inside)
			if file == dir {
				rest = m.SubPath
			}
		}
	}
	return best, rest
}

func (t *Target) ofVolume(ctx context.Context, v corev1.VolumeSource, file string) (origin, error) {
	switch {
	case v.Secret != nil:
		if key, found := keyOf(v.Secret.Items, file); found {
			return secretOrigin(v.Secret.SecretName, key, v.Secret.Optional), nil
		}
	case v.ConfigMap != nil:
		if key, found := keyOf(v.ConfigMap.Items, file); found {
			return configMapOrigin(v.ConfigMap.Name, key, v.ConfigMap.Optional), nil
		}
	case v.DownwardAPI != nil:
		return ofDownwardAPI(v.DownwardAPI.Items, file), nil
	case v.Projected != nil: // a later source is written over an earlier one
		for _, source := range slices.Backward(v.Projected.Sources) {
			found, err := t.ofProjection(ctx, source, file)
			if err != nil || found.from != fromNowhere {
				return found, err
			}
		}
	}
	return origin{}, nil
}

// ofProjection finds a file in one source of a projected volume. A whole object without the
// key gives no file. One that is missing, or lacks a key that is asked for, keeps the pod from
// starting unless it is optional: it counts as the origin.
func (t *Target) ofProjection(ctx context.Context, source corev1.VolumeProjection, file string) (origin, error) {
	var found origin
	var items []corev1.KeyToPath
	switch {
	case source.DownwardAPI != nil:
		return ofDownwardAPI(source.DownwardAPI.Items, file), nil
	case source.ServiceAccountToken != nil && path.Clean(source.ServiceAccountToken.Path) == file:
		return origin{from: fromTemplate}, nil
	case source.Secret != nil:
		items = source.Secret.Items
		found = secretOrigin(source.Secret.Name, "", source.Secret.Optional)
	case source.ConfigMap != nil:
		items = source.ConfigMap.Items
		found = configMapOrigin(source.ConfigMap.Name, "", source.ConfigMap.Optional)
	}
	key, named := keyOf(items, file)
	if found.from == fromNowhere || !named {
		return origin{}, nil
	}
	found.key = key
	there, has, err := t.holds(ctx, found)
	switch {
	case err != nil:
		return origin{}, err
	case has, !found.optional && (!there || len(items) > 0):
		return found, nil
	}
	return origin{}, nil
}

// holds tells whether an object is there, and has the key.
func (t *Target) holds(ctx context.Context, of origin) (there, has bool, err error) {
	if of.from == fromSecret {
		secret, err := t.secret(ctx, of.object)
		if err != nil || secret == nil {
			return false, false, err
		}
		_, has = secret.Data[of.key]
		return true, has, nil
	}
	config, err := t.configMap(ctx, of.object)
	if err != nil || config == nil {
		return false, false, err
	}
	_, text := config.Data[of.key]
	_, binary := config.BinaryData[of.key]
	return true, text || binary, nil
}

// ofDownwardAPI: labels and annotations stand in the template.
func ofDownwardAPI(items []corev1.DownwardAPIVolumeFile, file string) origin {
	for _, item := range items {
		if path.Clean(item.Path) == file {
			return origin{from: fromTemplate}
		}
	}
	return origin{}
}

// keyOf is the key whose value a file holds: its own name, unless items say otherwise.
func keyOf(items []corev1.KeyToPath, file string) (string, bool) {
	if len(items) == 0 {
		return file, file != ""
	}
	for _, item := range items {
		if path.Clean(item.Path) == file {
			return item.Key, true
		}
	}
	return "", false
}
