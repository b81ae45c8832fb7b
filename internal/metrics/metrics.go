// Package metrics counts what the runs' journals tell, as Prometheus metrics: how many
// drills are recovered, and how fast. Nothing is kept but the journals, so every figure
// is computed anew from all of them.
//
// A counter must never fall while the journals stay. What a reset can still take back,
// the verdict and the times that belong to it, is therefore counted of finished runs
// only; actions, hints and proofs are added to a journal and never taken away, and are
// counted of runs under way as well. There are no labels for runs or trainees: their
// number has no bound.
package metrics

import (
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/report"
	"github.com/firedrill/firedrill/internal/timeline"
)

// Values of the label verdict.
const (
	verdictRecovered    = "recovered"
	verdictNotRecovered = "not_recovered"
	verdictNone         = "none" // ended before the page, or by an error of the tool's
)

// set is the metrics of all runs.
type set struct {
	runs, actions, hints, probes                                          *prometheus.CounterVec
	active                                                                *prometheus.GaugeVec
	firstAction, acknowledge, diagnose, mitigate, recovery, verify, proof *prometheus.HistogramVec
	score, rating                                                         *prometheus.HistogramVec
}

// Tell makes the report of a finished run, with its grade where it has one: the metrics
// are the report's own figures, so that the two never differ.
type Tell func(*drill.Run) *report.Report

// NewRegistry returns a registry of its own that holds the metrics of the runs.
func NewRegistry(runs []*drill.Run, tell Tell) (*prometheus.Registry, error) {
	s := newSet()
	for _, r := range runs {
		s.add(r, tell)
	}
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		s.runs, s.actions, s.hints, s.probes, s.active, s.firstAction, s.acknowledge, s.diagnose, s.mitigate, s.recovery, s.verify, s.proof, s.score, s.rating,
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return registry, nil
}

// WriteText writes the metrics in Prometheus's text exposition format, which
// node_exporter's textfile collector reads.
func WriteText(out io.Writer, from prometheus.Gatherer) error {
	families, err := from.Gather()
	if err != nil {
		return fmt.Errorf("gather metrics: %w", err)
	}
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(out, family); err != nil {
			return fmt.Errorf("write metrics: %w", err)
		}
	}
	return nil
}

func newSet() *set {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	return &set{
		runs: counter("firedrill_runs_total",
			"Finished runs, by their verdict; none: finished without one.", "scenario", "verdict"),
		actions: counter("firedrill_actions_total",
			"Actions of trainees up to the verdict, by their verb as kubectl names it.", "scenario", "verb"),
		hints: counter("firedrill_hints_total", "Hints that were given.", "scenario"),
		probes: counter("firedrill_probes_total",
			"Requests of the users' prober in finished runs, by whether they got a good answer.", "scenario", "result"),
		active: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "firedrill_active_runs", Help: "Runs that are not finished, by their phase.",
		}, []string{"scenario", "phase"}),
		// Drills last from 5 minutes to an hour: fine where a good trainee is, coarse behind.
		firstAction: histogram("firedrill_time_to_first_action_seconds",
			"Time from the page to the trainee's first action, of finished runs.",
			[]float64{5, 10, 20, 30, 60, 120, 300, 600, 1800}, "scenario"),
		acknowledge: histogram("firedrill_time_to_acknowledge_seconds",
			"Time from the page to its acknowledgement, of finished runs.",
			[]float64{5, 10, 20, 30, 60, 120, 300, 600, 1800}, "scenario"),
		diagnose: histogram("firedrill_time_to_diagnose_seconds",
			"Time from the page to the diagnosis, of finished runs whose last one is right.",
			[]float64{30, 60, 120, 180, 300, 450, 600, 900, 1800, 3600}, "scenario"),
		mitigate: histogram("firedrill_time_to_mitigate_seconds",
			"Time from the page until the users got good answers again, of finished runs.",
			[]float64{30, 60, 120, 180, 300, 450, 600, 900, 1800, 3600}, "scenario"),
		recovery: histogram("firedrill_time_to_recover_seconds",
			"Time from the page to the start of the hold that passed, of recovered runs.",
			[]float64{30, 60, 120, 180, 300, 450, 600, 900, 1800, 3600}, "scenario"),
		verify: histogram("firedrill_time_to_verify_seconds",
			"Time from the page until the recovery was proven to hold, of recovered runs.",
			[]float64{30, 60, 120, 180, 300, 450, 600, 900, 1800, 3600}, "scenario"),
		score: histogram("firedrill_score_ratio",
			"Total of the grade, 1 being all points, of finished runs that were graded.", tenths(), "scenario"),
		rating: histogram("firedrill_rating_ratio",
			"The grade's ratings of process and of technical depth, 1 being ten of ten.", tenths(), "scenario", "rating"),
		proof: histogram("firedrill_proof_seconds",
			"Time it took to prove a state of the system before the page.",
			[]float64{1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300}, "scenario", "what"),
	}
}

func tenths() []float64 { return []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1} }

func (s *set) add(r *drill.Run, tell Tell) {
	if r.InExam() {
		// The scenario's name is the cause. What is counted is so once it is decided, under
		// its name: a counter of hidden ones would fall then. One that ended before its page
		// is begun anew, as another run.
		if r.Phase == drill.PhaseFinished {
			return
		}
		s.active.WithLabelValues(r.ToldScenario(), string(r.Phase)).Inc()
		return
	}
	s.hints.WithLabelValues(r.Scenario).Add(float64(len(r.Hints)))
	var decided time.Time
	if r.Verdict != nil {
		decided = r.Verdict.DecidedAt
	}
	for _, e := range timeline.Actions(r.Events, decided) {
		s.actions.WithLabelValues(r.Scenario, e.Verb).Inc()
	}
	for _, p := range r.Proofs {
		if p.Passed { // one that failed took as long as it was given
			s.proof.WithLabelValues(r.Scenario, p.What).Observe(p.Took.Seconds())
		}
	}
	// Every verdict is there from a scenario's first run on: rate() needs the zero
	// before the first one.
	for _, v := range []string{verdictRecovered, verdictNotRecovered, verdictNone} {
		s.runs.WithLabelValues(r.Scenario, v).Add(0)
	}
	if r.Phase != drill.PhaseFinished {
		s.active.WithLabelValues(r.Scenario, string(r.Phase)).Inc()
		return
	}
	s.addFinished(r, tell(r))
}

func (s *set) addFinished(r *drill.Run, told *report.Report) {
	s.runs.WithLabelValues(r.Scenario, verdictOf(r)).Inc()
	observe(s.firstAction, r.Scenario, told.Times.FirstAction)
	observe(s.acknowledge, r.Scenario, told.Times.Acknowledged)
	if d := told.Times.Diagnosed; d.Right != nil && *d.Right { // a guess takes no time
		observe(s.diagnose, r.Scenario, d)
	}
	observe(s.mitigate, r.Scenario, told.Times.Mitigated)
	observe(s.recovery, r.Scenario, told.Times.Recovered)
	observe(s.verify, r.Scenario, told.Times.Verified)
	if told.Users != nil {
		for _, stream := range told.Users.Streams {
			s.probes.WithLabelValues(r.Scenario, "ok").Add(float64(stream.Sent - stream.Failed))
			s.probes.WithLabelValues(r.Scenario, "failed").Add(float64(stream.Failed))
		}
	}
	if g := told.Grade; g != nil {
		s.score.WithLabelValues(r.Scenario).Observe(g.Total / 100)
		s.rating.WithLabelValues(r.Scenario, "process").Observe(g.Process / 10)
		s.rating.WithLabelValues(r.Scenario, "technical").Observe(g.Technical / 10)
	}
}

func observe(into *prometheus.HistogramVec, scenario string, m report.Moment) {
	if m.AfterPage != nil {
		into.WithLabelValues(scenario).Observe(max(*m.AfterPage, 0)) // audit times are whole where the page's is not
	}
}

func verdictOf(r *drill.Run) string {
	switch {
	case r.Verdict == nil:
		return verdictNone
	case r.Verdict.Recovered:
		return verdictRecovered
	default:
		return verdictNotRecovered
	}
}
