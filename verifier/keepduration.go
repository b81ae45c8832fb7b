package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// sizeFactor is how many times what it was a kubelet's duration may be, up or down. The
// widest step that a right repair takes is 15: without a line of its own
// nodeStatusReportFrequency follows nodeStatusUpdateFrequency, from 1m to 4s
// (SetDefaults_KubeletConfiguration in pkg/kubelet/apis/config/v1beta1). The narrowest slip
// is 60: minutes for seconds.
const sizeFactor = 20

// KubeletDurationWithin is a safeguard: durations of the kubelet's configuration are of the
// size they were. A kubelet starts with any value that it can read, 30h as well as 30s. It
// asks the running kubelet, as KubeletConfigKept does.
type KubeletDurationWithin struct {
	nodeRef `yaml:",inline"`
	Fields  []string `yaml:"fields" doc:"Paths of durations in the KubeletConfiguration: nodeStatusUpdateFrequency." required:"true"`
	Factor  float64  `yaml:"factor" doc:"How many times the baseline's value in force is still a repair, up and down. A line that is taken out, so that the default counts, must lie within." default:"20" min:"1"`
}

// Validate refuses a safeguard that would compare nothing.
func (c *KubeletDurationWithin) Validate() error {
	if len(c.Fields) == 0 || slices.Contains(c.Fields, "") {
		return errors.New("fields: name the durations, for example nodeStatusUpdateFrequency")
	}
	return nil
}

// extend takes the kubelet's configuration into the baseline.
func (c *KubeletDurationWithin) extend(ctx context.Context, t *Target, b *Baseline) error {
	config, err := b.takeKubelet(ctx, t, c.Node)
	if err != nil {
		return err
	}
	for _, field := range c.Fields {
		if was, err := time.ParseDuration(config[field]); err != nil || was <= 0 {
			return fmt.Errorf("the kubelet of node %s has no duration %s in its configuration (%s)", c.Node, field, orUnset(config[field]))
		}
	}
	return nil
}

// Observe asks the node's kubelet.
func (c *KubeletDurationWithin) Observe(ctx context.Context, t *Target) (Observation, error) {
	return compareKubelet(ctx, t, c.Node, func(before, now map[string]string) Observation {
		var seen []string
		for _, field := range c.Fields {
			text := fmt.Sprintf("%s was %s, is %s", field, orUnset(before[field]), orUnset(now[field]))
			if !c.near(before[field], now[field]) {
				return Observation{Reason: fmt.Sprintf("the kubelet of node %s runs with a value more than %gx off: %s", c.Node, c.factor(), text), Evidence: text}
			}
			seen = append(seen, text)
		}
		return Observation{Passed: true, Reason: "the kubelet of node " + c.Node + " runs with durations of the size they were", Evidence: strings.Join(seen, "; ")}
	})
}

func (c *KubeletDurationWithin) factor() float64 {
	if c.Factor < 1 {
		return sizeFactor
	}
	return c.Factor
}

// near tells whether the values are durations of one size.
func (c *KubeletDurationWithin) near(before, now string) bool {
	was, err := time.ParseDuration(before)
	is, errNow := time.ParseDuration(now)
	if err != nil || errNow != nil || was <= 0 || is <= 0 {
		return false
	}
	return is.Seconds() <= c.factor()*was.Seconds() && was.Seconds() <= c.factor()*is.Seconds()
}
