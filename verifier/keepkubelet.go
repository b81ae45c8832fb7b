package verifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
)

// configzLimit bounds a question to a kubelet, well below a round's.
const configzLimit = 3 * time.Second

// KubeletConfigKept is a safeguard: fields of the kubelet's configuration are what they were.
// It asks the running kubelet (/configz, by way of the API server), because its file,
// its flags and its unit together decide, and a file that nobody reads proves nothing.
// While the node is not well nothing is compared: that is not a repair yet.
type KubeletConfigKept struct {
	nodeRef `yaml:",inline"`
	Fields  []string `yaml:"fields" doc:"Paths in the KubeletConfiguration: authorization.mode; authentication stands for all in it." required:"true"`
	Unset   []string `yaml:"unset" doc:"Paths of fields that are not set, and are to stay so: readOnlyPort."`
}

// Validate refuses a safeguard that would compare nothing.
func (c *KubeletConfigKept) Validate() error {
	if len(c.Fields) == 0 || slices.Contains(c.Fields, "") {
		return errors.New("fields: name what matters, for example authentication")
	}
	return nil
}

// extend takes the kubelet's configuration into the baseline.
func (c *KubeletConfigKept) extend(ctx context.Context, t *Target, b *Baseline) error {
	config, err := b.takeKubelet(ctx, t, c.Node)
	if err != nil {
		return err
	}
	for _, field := range c.Fields {
		if len(within(config, field)) == 0 {
			return fmt.Errorf("the kubelet of node %s has no field %s in its configuration", c.Node, field)
		}
	}
	for _, field := range c.Unset {
		if len(within(config, field)) > 0 {
			return fmt.Errorf("the kubelet of node %s has the field %s set: it belongs in fields", c.Node, field)
		}
	}
	return nil
}

// takeKubelet reads the configuration of a node's kubelet, once for all checks.
func (b *Baseline) takeKubelet(ctx context.Context, t *Target, node string) (map[string]string, error) {
	if b.Kubelets[node] == nil {
		config, err := configz(ctx, t.Client, node)
		if err != nil {
			return nil, err
		}
		if b.Kubelets == nil {
			b.Kubelets = map[string]map[string]string{}
		}
		b.Kubelets[node] = config
	}
	return b.Kubelets[node], nil
}

// Observe asks the node's kubelet.
func (c *KubeletConfigKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return compareKubelet(ctx, t, c.Node, func(before, now map[string]string) Observation {
		if changed := c.changed(before, now); len(changed) > 0 {
			return Observation{
				Reason:   "the kubelet of node " + c.Node + " runs with another configuration: " + changed[0],
				Evidence: strings.Join(changed, "; "),
			}
		}
		return Observation{
			Passed: true, Reason: "the kubelet of node " + c.Node + " is configured as it was",
			Evidence: "compared: " + strings.Join(c.Fields, ", "),
		}
	})
}

// compareKubelet lets judge compare the configuration in force of the baseline with the
// present one. While the node is not well there is nothing to compare.
func compareKubelet(ctx context.Context, t *Target, node string, judge func(before, now map[string]string) Observation) (Observation, error) {
	if t.Baseline == nil {
		return Observation{}, errors.New("no baseline was taken yet")
	}
	before, ok := t.Baseline.Kubelets[node]
	if !ok {
		return Observation{}, fmt.Errorf("the baseline has no configuration of the kubelet of node %s", node)
	}
	n, err := t.node(ctx, node)
	if apierrors.IsNotFound(err) {
		return Observation{Passed: true, Reason: gone(node)}, nil // NodeKept's business
	}
	if err != nil {
		return Observation{}, err
	}
	if trouble, err := healthyNode(ctx, t, n); trouble != "" || err != nil {
		return Observation{Passed: true, Reason: "node " + node + " is not well: there is nothing to compare", Evidence: trouble}, err
	}
	now, err := once(t, "configz/"+node, func() (map[string]string, error) { return configz(ctx, t.Client, node) })
	switch {
	case apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err):
		return Observation{Reason: "the kubelet of node " + node + " does not accept the API server any more", Evidence: err.Error()}, nil
	case err != nil:
		return Observation{}, err
	}
	return judge(before, now), nil
}

// changed lists the fields that are not what they were.
func (c *KubeletConfigKept) changed(before, now map[string]string) []string {
	var changed []string
	for _, field := range slices.Concat(c.Fields, c.Unset) {
		was, is := within(before, field), within(now, field)
		both := maps.Clone(was)
		maps.Copy(both, is)
		for _, path := range slices.Sorted(maps.Keys(both)) {
			if was[path] != is[path] {
				changed = append(changed, fmt.Sprintf("%s was %s, is %s", path, orUnset(was[path]), orUnset(is[path])))
			}
		}
	}
	return changed
}

// within picks a field, or every field in it.
func within(config map[string]string, field string) map[string]string {
	picked := map[string]string{}
	for path, value := range config {
		if path == field || strings.HasPrefix(path, field+".") {
			picked[path] = value
		}
	}
	return picked
}

// configz is the configuration that a kubelet runs with, by the paths of its fields.
func configz(ctx context.Context, client kubernetes.Interface, node string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, configzLimit)
	defer cancel()
	data, err := client.CoreV1().RESTClient().Get().Resource("nodes").Name(node).SubResource("proxy").Suffix("configz").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the kubelet of node %s for its configuration: %w", node, err)
	}
	var answer struct {
		Config map[string]any `json:"kubeletconfig"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || len(answer.Config) == 0 {
		return nil, fmt.Errorf("the kubelet of node %s gave no configuration: %w", node, errors.Join(err, errors.New("no kubeletconfig in its answer")))
	}
	config := map[string]string{}
	flatten(config, nil, asJSON(answer.Config))
	return config, nil
}
