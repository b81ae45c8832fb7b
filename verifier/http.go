package verifier

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/firedrill/firedrill/internal/scenario"
)

// defaultWindow is how far the checks of the users' traffic look back.
const defaultWindow = 5 * time.Second

// stream names one of the scenario's streams of users' requests.
type stream struct {
	Stream      string            `yaml:"stream" doc:"Name of the stream under traffic." format:"stream" required:"true"`
	Window      scenario.Duration `yaml:"window" doc:"How far to look back; longer than the stream's timeout, so that slow answers count." default:"5s" min:"2s"`
	MinRequests int               `yaml:"minRequests" doc:"Requests needed to judge by; with fewer, nothing is judged." default:"5" min:"1"`
}

func (s stream) window() time.Duration { return cmp.Or(max(s.Window.Std(), 0), defaultWindow) }

// measure sums up the window; an error when nothing can be judged by it.
func (s stream) measure(ctx context.Context, t *Target) (TrafficStats, error) {
	if t.Traffic == nil {
		return TrafficStats{}, errors.New("the scenario has no traffic")
	}
	window, least := s.window(), max(s.MinRequests, 1)
	now := t.Now()
	stats, err := t.Traffic.Window(ctx, s.Stream, now.Add(-window), now)
	if err != nil {
		return stats, fmt.Errorf("read the users' requests of stream %s: %w", s.Stream, err)
	}
	if stats.Sent < least {
		return stats, fmt.Errorf("stream %s: the users' prober sent %d requests in %s, %d are needed to judge", s.Stream, stats.Sent, window, least)
	}
	return stats, nil
}

// HTTP passes while the users get good answers, fast enough, and from every pod.
type HTTP struct {
	stream       `yaml:",inline"`
	SuccessRatio *float64          `yaml:"successRatio" doc:"Share of good answers, 0 to 1. Default: 1, every one." min:"0" max:"1"`
	MaxP99       scenario.Duration `yaml:"maxP99" doc:"99 of 100 answers are faster than this; left out: any speed."`
	PerPod       int               `yaml:"perPod" doc:"Good answers from each ready pod within the window, so that load on every pod was seen." min:"0"`
	Selector     string            `yaml:"selector" doc:"The pods that perPod is about."`
}

// Validate refuses perPod without pods.
func (c *HTTP) Validate() error {
	if c.PerPod == 0 && c.Selector == "" {
		return nil
	}
	if c.PerPod == 0 {
		return errors.New("selector: it is only used with perPod")
	}
	return podSelector{c.Selector}.Validate()
}

// Observe reads what the users' prober recorded.
func (c *HTTP) Observe(ctx context.Context, t *Target) (Observation, error) {
	stats, err := c.measure(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	want := 1.0
	if c.SuccessRatio != nil {
		want = *c.SuccessRatio
	}
	evidence := figures(stats)
	failed := stats.Sent - stats.OK
	switch {
	case stats.ratio() < want:
		return Observation{Reason: "users' requests fail" + suffix(classes(stats)), Evidence: evidence}, nil
	case c.MaxP99 > 0 && stats.P99 > c.MaxP99.Std():
		return Observation{Reason: fmt.Sprintf("users wait too long: more than %s for 1 in 100", c.MaxP99), Evidence: evidence}, nil
	}
	if reason, err := c.unanswered(ctx, t, stats.Timeout, want); reason != "" || err != nil {
		return Observation{Reason: reason, Evidence: evidence}, err
	}
	if reason, err := c.starved(ctx, t, stats); reason != "" || err != nil {
		return Observation{Reason: reason, Evidence: evidence}, err
	}
	reason := "users get good answers"
	if failed > 0 {
		reason = "users get good answers often enough"
	}
	return Observation{Passed: true, Reason: reason, Evidence: evidence}, nil
}

// unanswered looks once more at a window of the same length that ended a timeout ago: what
// users waited for in vain comes on record late, and may lie before the present window by then.
// Only after a fault: before it nobody has stopped answering.
func (c *HTTP) unanswered(ctx context.Context, t *Target, timeout time.Duration, want float64) (string, error) {
	to := t.Now().Add(-timeout)
	from := to.Add(-c.window())
	if timeout <= 0 || t.FaultAt.IsZero() || from.Before(t.FaultAt) {
		return "", nil
	}
	stats, err := t.Traffic.Window(ctx, c.Stream, from, to)
	if err != nil {
		return "", fmt.Errorf("read the users' requests of stream %s: %w", c.Stream, err)
	}
	if stats.Sent >= max(c.MinRequests, 1) && stats.ratio() < want {
		return "users' requests fail, by answers that came late" + suffix(classes(stats)), nil
	}
	return "", nil
}

// scope is the pods that perPod is about; nil without.
func (c *HTTP) scope(context.Context, *Target) (labels.Selector, error) {
	if c.Selector == "" {
		return nil, nil
	}
	return podSelector{c.Selector}.parse()
}

// starved names the first pod that answered too little to have shown anything.
func (c *HTTP) starved(ctx context.Context, t *Target, stats TrafficStats) (string, error) {
	if c.PerPod == 0 {
		return "", nil
	}
	selector, err := podSelector{c.Selector}.parse()
	if err != nil {
		return "", err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return "", err
	}
	count := 0
	for i := range pods {
		if !active(&pods[i]) || !ready(&pods[i]) {
			continue
		}
		count++
		if stats.ByPod[pods[i].Name] < c.PerPod {
			return fmt.Sprintf("pod %s has not answered %d users' requests yet", pods[i].Name, c.PerPod), nil
		}
	}
	if count == 0 {
		return fmt.Sprintf("no pod that matches %s is ready", c.Selector), nil
	}
	return "", nil
}

// HTTPFailing passes while the users are hurt: the symptom that a page is about.
type HTTPFailing struct {
	stream          `yaml:",inline"`
	MaxSuccessRatio *float64 `yaml:"maxSuccessRatio" doc:"Share of good answers, at most. Default: 0.9." min:"0" max:"1"`
}

// Observe reads what the users' prober recorded.
func (c *HTTPFailing) Observe(ctx context.Context, t *Target) (Observation, error) {
	stats, err := c.measure(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	limit := 0.9
	if c.MaxSuccessRatio != nil {
		limit = *c.MaxSuccessRatio
	}
	if stats.ratio() <= limit {
		return Observation{Passed: true, Reason: "users' requests fail" + suffix(classes(stats)), Evidence: figures(stats)}, nil
	}
	return Observation{Reason: "users still get good answers", Evidence: figures(stats)}, nil
}

func (s TrafficStats) ratio() float64 { return float64(s.OK) / float64(s.Sent) }

func figures(s TrafficStats) string {
	text := fmt.Sprintf("%d of %d requests answered well, p50 %s, p99 %s",
		s.OK, s.Sent, s.P50.Round(time.Millisecond), s.P99.Round(time.Millisecond))
	for _, class := range slices.Sorted(maps.Keys(s.Errors)) {
		text += fmt.Sprintf(", %d %s", s.Errors[class], class)
	}
	for _, pod := range slices.Sorted(maps.Keys(s.ByPod)) {
		text += fmt.Sprintf("; %s answered %d", pod, s.ByPod[pod])
	}
	if s.LastError != "" {
		text += "; last error: " + s.LastError
	}
	return text
}

// classes names the classes of errors, without figures: a reason stays the same while nothing changes.
func classes(s TrafficStats) string {
	return strings.Join(slices.Sorted(maps.Keys(s.Errors)), ", ")
}
