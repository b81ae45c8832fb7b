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

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/report"
)

// Values of the label verdict.
const (
	verdictRecovered    = "recovered"
	verdictNotRecovered = "not_recovered"
	verdictNone         = "none" // ended before the page, or by an error of the tool's
)

// traineeActor is the actor of what the trainee did, among a timeline's events.
const traineeActor = "trainee"

// set is the metrics of all runs.
type set struct {
	runs, actions, hints         *prometheus.CounterVec
	firstAction, recovery, proof *prometheus.HistogramVec
}

// NewRegistry returns a registry of its own that holds the metrics of the runs.
func NewRegistry(runs []*drill.Run) (*prometheus.Registry, error) {
	s := newSet()
	for _, r := range runs {
		s.add(r)
	}
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{s.runs, s.actions, s.hints, s.firstAction, s.recovery, s.proof} {
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
			"Actions of trainees, by their verb as kubectl names it.", "scenario", "verb"),
		hints: counter("firedrill_hints_total", "Hints that were given.", "scenario"),
		// Drills last from 5 minutes to an hour: fine where a good trainee is, coarse behind.
		firstAction: histogram("firedrill_time_to_first_action_seconds",
			"Time from the page to the trainee's first action, of finished runs.",
			[]float64{5, 10, 20, 30, 60, 120, 300, 600, 1800}, "scenario"),
		recovery: histogram("firedrill_time_to_recover_seconds",
			"Time from the page to the start of the hold that passed, of recovered runs.",
			[]float64{30, 60, 120, 180, 300, 450, 600, 900, 1800, 3600}, "scenario"),
		proof: histogram("firedrill_proof_seconds",
			"Time it took to prove a state of the system before the page.",
			[]float64{1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300}, "scenario", "what"),
	}
}

func (s *set) add(r *drill.Run) {
	s.hints.WithLabelValues(r.Scenario).Add(float64(len(r.Hints)))
	for _, e := range r.Events {
		if e.Actor == traineeActor { // what bypasses the trainee's identity is no trainee's action
			s.actions.WithLabelValues(r.Scenario, e.Verb).Inc()
		}
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
	if r.Phase == drill.PhaseFinished {
		s.addFinished(r)
	}
}

func (s *set) addFinished(r *drill.Run) {
	s.runs.WithLabelValues(r.Scenario, verdictOf(r)).Inc()
	// The report's own times, so that the two never differ.
	times := report.Build(r, nil, r.FinishedAt).Times
	observe(s.firstAction, r.Scenario, times.FirstAction)
	observe(s.recovery, r.Scenario, times.Recovered)
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
