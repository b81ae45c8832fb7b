package verifier

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// usage is what a pod's own metrics and its kernel say of its memory at one moment.
type usage struct {
	requests int64 // answered since its start
	resident int64 // bytes that the kernel counts for it
	cached   int64 // bytes of them that its cache accounts for
}

// other is memory that no cache accounts for. A bounded cache that fills up after a start
// grows as fast as a leak does; this does not.
func (u usage) other() int64 { return u.resident - u.cached }

const (
	metricsPath = "/metrics"
	// bootRequests are a pod's first ones, in which the program itself is still being
	// paged in: they say nothing of a leak.
	bootRequests = 10
)

// growthRef is how the memory of pods is measured.
type growthRef struct {
	Port        string `yaml:"port" doc:"Port of the pods that serves /metrics, by name or number." required:"true"`
	MinRequests int64  `yaml:"minRequests" doc:"Requests that a pod must have answered between two looks, to be judged." default:"15" min:"5"`
	MaxGrowth   int64  `yaml:"maxGrowth" doc:"KiB of memory a request that is no leak yet, as programs grow a little." default:"256" min:"1"`
}

// growth is what a pod keeps of a request, for ever.
type growth struct {
	pod         string
	perRequest  float64 // KiB
	overTheLast int64   // requests
	leaks       bool
}

func (g growth) String() string {
	return fmt.Sprintf("pod %s: %.0f KiB a request over the last %d, beside its cache", g.pod, g.perRequest, g.overTheLast)
}

// measure looks at a pod's memory and compares with earlier looks. The error of a pod that
// has not answered enough requests yet is an errTooEarly.
func (r growthRef) measure(ctx context.Context, t *Target, p *corev1.Pod) (growth, error) {
	if t.memory == nil {
		return growth{}, errors.New("one look says nothing about growth")
	}
	now, err := once(t, "usage/"+string(p.UID)+"/"+r.Port, func() (usage, error) {
		said, err := t.ask(ctx, p, r.Port, metricsPath, nil)
		if err != nil {
			return usage{}, err
		}
		return usageIn(said.body)
	})
	if err != nil {
		return growth{}, err
	}
	least, most := cmp.Or(r.MinRequests, 15), cmp.Or(r.MaxGrowth, 256)
	before, enough := t.memory.used(fmt.Sprintf("%s/%d/%d", p.UID, restartsOf(p), least), now, least)
	if !enough {
		return growth{}, fmt.Errorf("pod %s: %w", p.Name, errTooEarly)
	}
	g := growth{pod: p.Name, overTheLast: now.requests - before.requests}
	g.perRequest = float64(now.other()-before.other()) / float64(g.overTheLast) / 1024
	g.leaks = g.perRequest > float64(most)
	return g, nil
}

var errTooEarly = errors.New("too few requests to tell whether its memory grows")

// used notes what a pod uses now, and returns the latest look that lies at least so many
// requests back. A pod that counts from the start again is another process.
func (m *memory) used(key string, now usage, requests int64) (usage, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.usages == nil {
		m.usages = map[string][]usage{}
	}
	seen := m.usages[key]
	if len(seen) > 0 && now.requests < seen[len(seen)-1].requests {
		seen = nil
	}
	if now.requests >= bootRequests && (len(seen) == 0 || now.requests > seen[len(seen)-1].requests) {
		seen = append(seen, now)
	}
	for len(seen) > 1 && now.requests-seen[1].requests >= requests {
		seen = seen[1:]
	}
	m.usages[key] = seen
	if len(seen) == 0 || now.requests-seen[0].requests < requests {
		return usage{}, false
	}
	return seen[0], true
}

// usageIn reads drillapp's metrics.
func usageIn(text string) (usage, error) {
	var u usage
	found := map[string]bool{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		series, value, ok := strings.Cut(lines.Text(), " ")
		number, err := strconv.ParseInt(value, 10, 64)
		if !ok || err != nil || strings.HasPrefix(series, "#") {
			continue
		}
		name, _, _ := strings.Cut(series, "{")
		found[name] = true
		switch name {
		case "shop_requests_total":
			u.requests += number
		case "process_resident_memory_bytes":
			u.resident = number
		case "shop_session_bytes":
			u.cached = number
		}
	}
	for _, name := range []string{"shop_requests_total", "process_resident_memory_bytes", "shop_session_bytes"} {
		if !found[name] {
			return usage{}, fmt.Errorf("the metrics have no %s", name)
		}
	}
	return u, nil
}
