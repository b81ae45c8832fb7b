package verifier

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
)

// Aspects of SecretKept, one for each way to go wrong with a credential.
const (
	secretReference = "reference"
	secretClear     = "clear"
	secretOptional  = "optional"
	secretValue     = "value"
)

// SecretKept is a safeguard: a container takes a credential from a Secret, as an
// environment variable or a file, and the credential is the true one. Nothing that it
// says holds any part of a value.
type SecretKept struct {
	workloadRef `yaml:",inline"`
	Container   string `yaml:"container" doc:"Name of the container." required:"true"`
	Env         string `yaml:"env" doc:"Environment variable that holds the credential." required:"true"`
	FileEnv     string `yaml:"fileEnv" doc:"Environment variable that, where it is set, names the file with the credential instead."`
	Aspect      string `yaml:"aspect" doc:"What to judge: reference (it comes from somewhere), clear (not from a template or a ConfigMap, where everybody reads it), optional (the container does not start without it), value (it is what the other side accepts)." enum:"reference,clear,optional,value" required:"true"`
	Accepted    string `yaml:"accepted" doc:"With aspect value: the Secret of the other side."`
	AcceptedKey string `yaml:"acceptedKey" doc:"With aspect value: the key in it."`
}

// Validate wants to know what a value is compared with.
func (c *SecretKept) Validate() error {
	wants := c.Aspect == secretValue
	if wants != (c.Accepted != "") || wants != (c.AcceptedKey != "") {
		return errors.New("accepted and acceptedKey: they go with aspect value, and it needs them")
	}
	return nil
}

// Observe reads the workload and what its template refers to.
func (c *SecretKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(_ WorkloadState, now *workload) (Observation, error) {
		container, found := templateContainer(now.template.Spec, c.Container)
		if !found {
			return Observation{Reason: fmt.Sprintf("%s has no container %s any more", c.key(), c.Container)}, nil
		}
		from, err := t.credential(ctx, now.template.Spec, container, c.Env, c.FileEnv)
		if err != nil {
			return Observation{}, err
		}
		reason, err := c.wrong(ctx, t, from)
		if err != nil {
			return Observation{}, err
		}
		evidence := fmt.Sprintf("the credential of container %s comes from %s", c.Container, from)
		if reason != "" {
			return Observation{Reason: reason, Evidence: evidence}, nil
		}
		return Observation{Passed: true, Reason: c.key() + " keeps its credential where it belongs", Evidence: evidence}, nil
	})
}

// wrong says what is wrong with the credential under the aspect; empty when nothing is.
func (c *SecretKept) wrong(ctx context.Context, t *Target, from origin) (string, error) {
	switch {
	case c.Aspect == secretReference && from.from == fromNowhere:
		return fmt.Sprintf("container %s of %s is not given the credential any more", c.Container, c.key()), nil
	case c.Aspect == secretClear && (from.from == fromTemplate || from.from == fromConfigMap):
		return fmt.Sprintf("the credential of %s stands in %s", c.key(), from.from), nil
	case c.Aspect == secretOptional && from.optional:
		return fmt.Sprintf("the credential of %s is optional: its pods start without it", c.key()), nil
	case c.Aspect == secretValue && from.from == fromSecret:
		return c.otherValue(ctx, t, from)
	}
	return "", nil
}

// otherValue compares the value with what the other side accepts. A Secret or key that
// is missing has no value: that is the incident, and no wrong fix.
func (c *SecretKept) otherValue(ctx context.Context, t *Target, from origin) (string, error) {
	ours, err := t.secret(ctx, from.object)
	if err != nil || ours == nil {
		return "", err
	}
	theirs, err := t.secret(ctx, c.Accepted)
	if err != nil {
		return "", err
	}
	value, has := ours.Data[from.key]
	if !has {
		return "", nil
	}
	if theirs == nil || len(theirs.Data[c.AcceptedKey]) == 0 {
		return "", fmt.Errorf("nothing to compare with: key %s of Secret %s is gone", c.AcceptedKey, c.Accepted)
	}
	if subtle.ConstantTimeCompare(bytes.TrimSpace(value), bytes.TrimSpace(theirs.Data[c.AcceptedKey])) != 1 {
		return fmt.Sprintf("key %s of Secret %s holds a value that nobody accepts", from.key, from.object), nil
	}
	return "", nil
}
