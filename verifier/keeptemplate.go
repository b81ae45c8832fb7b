package verifier

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// TemplateKept is a safeguard: the pod template of a workload, or some fields of it, is what it
// was. It is for what no repair has to touch: another team's workload, how names are resolved.
type TemplateKept struct {
	workloadRef `yaml:",inline"`
	Only        []string `yaml:"only" doc:"Fields of the pods' spec that are compared, as in a manifest: hostAliases, dnsConfig. Left out: the whole template but for its annotations, which a restart changes."`
}

// Validate refuses fields that a pod does not have: they would always be kept.
func (c *TemplateKept) Validate() error {
	known := map[string]bool{}
	for field := range reflect.TypeFor[corev1.PodSpec]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		known[name] = true
	}
	for _, name := range c.Only {
		if name == "" || !known[name] {
			return fmt.Errorf("only: the spec of a pod has no field %q", name)
		}
	}
	return nil
}

func (c *TemplateKept) valueKey() string {
	return c.key() + "/template/" + strings.Join(slices.Sorted(slices.Values(c.Only)), ",")
}

// extend takes the template's digest into the baseline.
func (c *TemplateKept) extend(ctx context.Context, t *Target, b *Baseline) error {
	w, err := c.read(ctx, t)
	if err != nil {
		return err
	}
	sum, err := c.digestOf(w)
	if err != nil {
		return err
	}
	if b.Values == nil {
		b.Values = map[string]string{}
	}
	b.Values[c.valueKey()] = sum
	return nil
}

// Observe reads the workload.
func (c *TemplateKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(_ WorkloadState, now *workload) (Observation, error) {
		was, known := t.Baseline.Values[c.valueKey()]
		if !known {
			return Observation{}, fmt.Errorf("the baseline has no pod template of %s", c.key())
		}
		sum, err := c.digestOf(now)
		if err != nil {
			return Observation{}, err
		}
		what := "the pod template of " + c.key()
		if len(c.Only) > 0 {
			what = strings.Join(c.Only, ", ") + " in " + what
		}
		if sum != was {
			return Observation{Reason: what + " was changed", Evidence: "SHA-256 " + sum + ", at the baseline " + was}, nil
		}
		return Observation{Passed: true, Reason: what + " is as it was", Evidence: "SHA-256 " + sum}, nil
	})
}

func (c *TemplateKept) digestOf(w *workload) (string, error) {
	template := *w.template.DeepCopy()
	template.Annotations = nil
	if len(c.Only) == 0 {
		return digest(template)
	}
	fields, _ := asJSON(template.Spec).(map[string]any)
	kept := map[string]any{}
	for _, name := range c.Only {
		kept[name] = fields[name]
	}
	return digest(kept)
}
