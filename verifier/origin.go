package verifier

import (
	"context"
	"fmt"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Where a container's value comes from.
const (
	fromNowhere   = ""
	fromSecret    = "a Secret"
	fromConfigMap = "a ConfigMap"
	fromTemplate  = "the pod template itself"
)

// origin is where a container's value comes from.
type origin struct {
	from     string
	object   string // name of the Secret or ConfigMap
	key      string
	optional bool
}

func (o origin) String() string {
	switch o.from {
	case fromNowhere:
		return "nowhere"
	case fromTemplate:
		return o.from
	}
	return fmt.Sprintf("%s, key %s of %s", o.from, o.key, o.object)
}

func secretOrigin(name, key string, optional *bool) origin {
	return origin{fromSecret, name, key, optional != nil && *optional}
}

func configMapOrigin(name, key string, optional *bool) origin {
	return origin{fromConfigMap, name, key, optional != nil && *optional}
}

// credential finds the origin of a container's credential: it follows the file where the
// container is told of one, else the variable.
func (t *Target) credential(ctx context.Context, spec corev1.PodSpec, container corev1.Container, env, fileEnv string) (origin, error) {
	if fileEnv != "" {
		for _, v := range container.Env {
			if v.Name == fileEnv && v.Value != "" {
				return ofFile(spec, container, v.Value), nil
			}
		}
	}
	return t.ofEnv(ctx, container, env)
}

// ofEnv finds the origin of an environment variable. As in the kubelet, env wins over
// envFrom, and a later source over an earlier one.
func (t *Target) ofEnv(ctx context.Context, c corev1.Container, name string) (origin, error) {
	for i := len(c.Env) - 1; i >= 0; i-- {
		if c.Env[i].Name != name {
			continue
		}
		if other, is := reference(c.Env[i].Value); is { // to one that stands before it, or in envFrom
			before := c
			before.Env = c.Env[:i]
			return t.ofEnv(ctx, before, other)
		}
		return ofVariable(c.Env[i]), nil
	}
	for i := len(c.EnvFrom) - 1; i >= 0; i-- {
		source := c.EnvFrom[i]
		key, fits := strings.CutPrefix(name, source.Prefix)
		if !fits {
			continue
		}
		found, err := t.ofSource(ctx, source, key)
		if err != nil || found.from != fromNowhere {
			return found, err
		}
	}
	return origin{}, nil
}

// reference tells whether a value is another variable's and nothing else: $(OTHER).
func reference(value string) (name string, is bool) {
	inner, opened := strings.CutPrefix(value, "$(")
	name, closed := strings.CutSuffix(inner, ")")
	return name, opened && closed && name != "" && !strings.ContainsAny(name, "$() ")
}

func ofVariable(v corev1.EnvVar) origin {
	switch s := v.ValueFrom; {
	case s == nil && v.Value == "":
		return origin{}
	case s != nil && s.SecretKeyRef != nil:
		return secretOrigin(s.SecretKeyRef.Name, s.SecretKeyRef.Key, s.SecretKeyRef.Optional)
	case s != nil && s.ConfigMapKeyRef != nil:
		return configMapOrigin(s.ConfigMapKeyRef.Name, s.ConfigMapKeyRef.Key, s.ConfigMapKeyRef.Optional)
	}
	return origin{from: fromTemplate}
}

// ofSource finds a key in a whole object that becomes environment. An object that is
// missing and not optional keeps the container from starting: it counts as the origin.
func (t *Target) ofSource(ctx context.Context, source corev1.EnvFromSource, key string) (origin, error) {
	switch {
	case source.SecretRef != nil:
		found := secretOrigin(source.SecretRef.Name, key, source.SecretRef.Optional)
		secret, err := t.secret(ctx, found.object)
		if err != nil {
			return origin{}, err
		}
		if secret == nil && !found.optional {
			return found, nil
		}
		if secret != nil {
			if _, has := secret.Data[key]; has {
				return found, nil
			}
		}
	case source.ConfigMapRef != nil:
		found := configMapOrigin(source.ConfigMapRef.Name, key, source.ConfigMapRef.Optional)
		config, err := t.Client.CoreV1().ConfigMaps(t.Namespace).Get(ctx, found.object, metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return origin{}, fmt.Errorf("read ConfigMap %s: %w", found.object, err)
		}
		if err == nil {
			if _, has := config.Data[key]; has {
				return found, nil
			}
		}
	}
	return origin{}, nil
}

// ofFile finds the origin of a file in a container.
func ofFile(spec corev1.PodSpec, c corev1.Container, file string) origin {
	mount, rest := mountOf(c, file)
	if mount == nil {
		return origin{}
	}
	for _, v := range spec.Volumes {
		if v.Name == mount.Name {
			return ofVolume(v.VolumeSource, rest)
		}
	}
	return origin{}
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

func ofVolume(v corev1.VolumeSource, file string) origin {
	switch {
	case v.Secret != nil:
		if key, found := keyOf(v.Secret.Items, file); found {
			return secretOrigin(v.Secret.SecretName, key, v.Secret.Optional)
		}
	case v.ConfigMap != nil:
		if key, found := keyOf(v.ConfigMap.Items, file); found {
			return configMapOrigin(v.ConfigMap.Name, key, v.ConfigMap.Optional)
		}
	case v.Projected != nil:
		for _, s := range v.Projected.Sources {
			if s.Secret != nil {
				if key, found := keyOf(s.Secret.Items, file); found {
					return secretOrigin(s.Secret.Name, key, s.Secret.Optional)
				}
			}
			if s.ConfigMap != nil {
				if key, found := keyOf(s.ConfigMap.Items, file); found {
					return configMapOrigin(s.ConfigMap.Name, key, s.ConfigMap.Optional)
				}
			}
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

// secret reads a Secret of the drill's namespace; nil when there is none.
func (t *Target) secret(ctx context.Context, name string) (*corev1.Secret, error) {
	return once(t, "secret/"+name, func() (*corev1.Secret, error) {
		s, err := t.Client.CoreV1().Secrets(t.Namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read Secret %s: %w", name, err)
		}
		return s, nil
	})
}
