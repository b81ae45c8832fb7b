package verifier

import (
	"context"
	"fmt"
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
	value    string // of a variable that stands in the template; it is never told
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
	return origin{from: fromSecret, object: name, key: key, optional: optional != nil && *optional}
}

func configMapOrigin(name, key string, optional *bool) origin {
	return origin{from: fromConfigMap, object: name, key: key, optional: optional != nil && *optional}
}

// credential finds the origin of a container's credential: it follows the file where the
// container is told of one, else the variable.
func (t *Target) credential(ctx context.Context, spec corev1.PodSpec, container corev1.Container, env, fileEnv string) (origin, error) {
	if fileEnv == "" {
		return t.ofEnv(ctx, container, env)
	}
	of, err := t.ofEnv(ctx, container, fileEnv)
	if err != nil {
		return origin{}, err
	}
	file, told, err := t.valueOf(ctx, of)
	switch {
	case err != nil:
		return origin{}, err
	case !told:
		return t.ofEnv(ctx, container, env)
	}
	return t.ofFile(ctx, spec, container, file)
}

// valueOf reads a value where it comes from; told is false where a container is given none. A
// value that only the kubelet knows is empty.
func (t *Target) valueOf(ctx context.Context, of origin) (value string, told bool, err error) {
	switch of.from {
	case fromTemplate:
		return of.value, true, nil
	case fromSecret:
		secret, err := t.secret(ctx, of.object)
		if err != nil || secret == nil {
			return "", false, err
		}
		data, has := secret.Data[of.key]
		return string(data), has && len(data) > 0, nil
	case fromConfigMap:
		config, err := t.configMap(ctx, of.object)
		if err != nil || config == nil {
			return "", false, err
		}
		return config.Data[of.key], config.Data[of.key] != "", nil
	}
	return "", false, nil
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
	return origin{from: fromTemplate, value: v.Value}
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
		config, err := t.configMap(ctx, found.object)
		if err != nil {
			return origin{}, err
		}
		if config != nil {
			if _, has := config.Data[key]; has {
				return found, nil
			}
		}
	}
	return origin{}, nil
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

// configMap reads a ConfigMap of the drill's namespace; nil when there is none.
func (t *Target) configMap(ctx context.Context, name string) (*corev1.ConfigMap, error) {
	return once(t, "configmap/"+name, func() (*corev1.ConfigMap, error) {
		m, err := t.Client.CoreV1().ConfigMaps(t.Namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read ConfigMap %s: %w", name, err)
		}
		return m, nil
	})
}
