package metrics

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard is what is looked at of a Grafana dashboard.
type dashboard struct {
	Panels []struct {
		Title   string `json:"title"`
		GridPos struct {
			X, Y, W, H int
		} `json:"gridPos"`
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
	Templating struct {
		List []struct {
			Name  string `json:"name"`
			Query string `json:"query"`
		} `json:"list"`
	} `json:"templating"`
}

// TestDashboardsAskForWhatThereIs: every metric and label that a dashboard asks for is
// in the registry, with data, and every metric is on a dashboard.
func TestDashboardsAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../manifests/grafana/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	labels := map[string][]string{}
	families, err := registryOf(t, runs()).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, label := range family.GetMetric()[0].GetLabel() {
			labels[family.GetName()] = append(labels[family.GetName()], label.GetName())
		}
	}
	asked := map[string]bool{}
	for _, file := range files {
		for _, expr := range queries(t, file) {
			for name, of := range metricsIn(expr) {
				asked[name] = true
				known, ok := labels[name]
				if !ok {
					t.Errorf("%s asks for %s, which there is not: %s", file, name, expr)
				}
				for _, label := range of {
					if !slices.Contains(append(known, "le"), label) {
						t.Errorf("%s: %s has no label %s: %s", file, name, label, expr)
					}
				}
			}
		}
	}
	for name := range labels {
		if !asked[name] {
			t.Errorf("no dashboard shows %s", name)
		}
	}
}

func queries(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var all []string
	for i, p := range d.Panels {
		if p.Title == "" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s: panel %d has no title or no query, or is too wide", file, i)
		}
		for _, target := range p.Targets {
			all = append(all, target.Expr)
		}
	}
	for _, v := range d.Templating.List {
		if strings.Contains(v.Query, "firedrill_") {
			all = append(all, v.Query)
		}
	}
	return all
}

var (
	metricName = regexp.MustCompile(`firedrill_[a-z_]+`)
	matcher    = regexp.MustCompile(`([a-z]+)=~?"`)
	grouping   = regexp.MustCompile(`by \(([^)]*)\)`)
)

// metricsIn are the metrics of a query, each with the labels that the query needs of it.
func metricsIn(expr string) map[string][]string {
	var needs []string
	for _, m := range matcher.FindAllStringSubmatch(expr, -1) {
		needs = append(needs, m[1])
	}
	for _, m := range grouping.FindAllStringSubmatch(expr, -1) {
		needs = append(needs, strings.Split(strings.ReplaceAll(m[1], " ", ""), ",")...)
	}
	found := map[string][]string{}
	for _, name := range metricName.FindAllString(expr, -1) {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, suffix)
		}
		found[name] = needs
	}
	return found
}
