package verifier

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// extend takes the digest of the one key into the baseline; those of other keys stay out.
func (c *ContentKept) extend(ctx context.Context, t *Target, b *Baseline) error {
	if c.Key == "" {
		return nil
	}
	sum, found, err := c.digestNow(ctx, t)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("there is no key %s in %s %s to keep", c.Key, c.Kind, c.Name)
	}
	if b.Values == nil {
		b.Values = map[string]string{}
	}
	b.Values[c.valueKey()] = sum
	return nil
}

func (c *ContentKept) valueKey() string { return c.Kind + "/" + c.Name + "/" + c.Key }

// keyKept compares the one key. Whoever reads the object finds what it held there,
// whatever else was written into it.
func (c *ContentKept) keyKept(ctx context.Context, t *Target) (Observation, error) {
	what := fmt.Sprintf("key %s of %s %s", c.Key, c.Kind, c.Name)
	was, known := t.Baseline.Values[c.valueKey()]
	if !known {
		return Observation{}, fmt.Errorf("the baseline has no %s", what)
	}
	is, found, err := c.digestNow(ctx, t)
	switch {
	case err != nil:
		return Observation{}, err
	case !found:
		return Observation{Reason: what + " is gone"}, nil
	case is != was:
		return Observation{Reason: what + " was changed"}, nil
	}
	return Observation{Passed: true, Reason: what + " holds what it held"}, nil
}

// digestNow is the SHA-256 of the key's value; false when the object or the key is not there.
func (c *ContentKept) digestNow(ctx context.Context, t *Target) (sum string, found bool, err error) {
	value, found, err := c.value(ctx, t)
	if err != nil || !found {
		return "", false, err
	}
	sum, err = digest(value)
	return sum, true, err
}

func (c *ContentKept) value(ctx context.Context, t *Target) (value []byte, found bool, err error) {
	if c.Kind == "ConfigMap" {
		m, err := t.Client.CoreV1().ConfigMaps(t.Namespace).Get(ctx, c.Name, metav1.GetOptions{})
		if err != nil {
			return nil, false, unlessNotFound(err, "ConfigMap "+c.Name)
		}
		if text, found := m.Data[c.Key]; found {
			return []byte(text), true, nil
		}
		value, found = m.BinaryData[c.Key]
		return value, found, nil
	}
	s, err := t.secret(ctx, c.Name)
	if err != nil || s == nil {
		return nil, false, err
	}
	value, found = s.Data[c.Key]
	return value, found, nil
}

func unlessNotFound(err error, what string) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return fmt.Errorf("read %s: %w", what, err)
}
