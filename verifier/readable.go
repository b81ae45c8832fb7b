package verifier

import (
	"context"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// hidden stands for what comes from a Secret in what can be read of a value.
const hidden = "\x00"

// readable is a variable's value as everybody knows it who may read the pod and the ConfigMaps.
// A variable that there is not, or whose value only the kubelet knows, is empty.
func (t *Target) readable(ctx context.Context, p *corev1.Pod, c corev1.Container, name string) (string, error) {
	for i := len(c.Env) - 1; i >= 0; i-- {
		v := c.Env[i]
		if v.Name != name {
			continue
		}
		switch {
		case v.ValueFrom == nil:
			before := c // what stands before it, or in envFrom, is all that it can refer to
			before.Env = c.Env[:i]
			return t.expanded(ctx, p, before, v.Value)
		case v.ValueFrom.FieldRef != nil:
			return fieldOf(p, v.ValueFrom.FieldRef.FieldPath), nil
		}
		break
	}
	from, err := t.ofEnv(ctx, c, name)
	switch {
	case err != nil:
		return "", err
	case from.from == fromSecret:
		return hidden, nil
	case from.from != fromConfigMap:
		return "", nil
	}
	config, err := t.configMap(ctx, from.object)
	if config == nil || err != nil {
		return "", err
	}
	return config.Data[from.key], nil
}

// references matches $(NAME), and $$, which is a $ (expand.go of the kubelet).
var references = regexp.MustCompile(`\$\$|\$\([^)]*\)`)

// expanded is a value with what can be read of the variables that it refers to.
func (t *Target) expanded(ctx context.Context, p *corev1.Pod, c corev1.Container, value string) (string, error) {
	var failed error
	text := references.ReplaceAllStringFunc(value, func(found string) string {
		if found == "$$" {
			return "$"
		}
		part, err := t.readable(ctx, p, c, found[len("$("):len(found)-1])
		if err != nil {
			failed = err
		}
		return part
	})
	return text, failed
}

// metadataField matches what everybody writes into a pod's own metadata.
var metadataField = regexp.MustCompile(`^metadata\.(annotations|labels)\['(.*)'\]$`)

// fieldOf is a field of the pod that a variable takes its value from.
func fieldOf(p *corev1.Pod, path string) string {
	field := metadataField.FindStringSubmatch(path)
	switch {
	case field == nil:
		return ""
	case field[1] == "labels":
		return p.Labels[field[2]]
	}
	return p.Annotations[field[2]]
}

// passwordIn is the password in postgres://user:password@host:port/name; empty without one.
func passwordIn(url string) string {
	_, authority, _ := strings.Cut(url, "://")
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	_, password, _ := strings.Cut(authority[:max(strings.LastIndex(authority, "@"), 0)], ":")
	return password
}
