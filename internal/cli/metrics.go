package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/metrics"
	"github.com/firedrill/firedrill/internal/report"
	"github.com/firedrill/firedrill/internal/scenario"
)

// textfilePerm lets node_exporter, which runs as another user, read the file. There is
// nothing in it but sums.
const textfilePerm = 0o644

type metricsOptions struct {
	factory  *Factory
	output   string
	textfile string
	addr     string
}

func newMetrics(f *Factory) *cobra.Command {
	o := &metricsOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "metrics",
		GroupID: groupDrill,
		Short:   "Print the runs as Prometheus metrics",
		Long: `Print what the runs' journals tell as Prometheus metrics: runs by verdict, actions,
hints, probes, scores, and the times to acknowledge, diagnose, mitigate and recover. With
--textfile they are written to a file instead, whole or not at all, for node_exporter's
textfile collector. With --addr they are served over HTTP until Ctrl-C.`,
		Example: `  firedrill metrics
  firedrill metrics --textfile /var/lib/node_exporter/textfile_collector/firedrill.prom
  firedrill metrics --addr localhost:9130`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runMetrics(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.addr, "addr", "", "serve them on this address instead, at /metrics, until Ctrl-C: localhost:9130, or :9130 for every network")
	cmd.Flags().StringVar(&o.textfile, "textfile", "", "file to replace by the metrics, in a folder that is there; its name ends in .prom")
	outputFlag(cmd, &o.output, outputText)
	return cmd
}

func runMetrics(ctx context.Context, o *metricsOptions) error {
	if o.addr != "" && o.textfile != "" {
		return usageErrorf("--addr and --textfile: use one of them")
	}
	if err := checkTextfile(o.textfile); err != nil {
		return err
	}
	if o.addr != "" {
		return o.factory.serveMetricsUntilDone(ctx, o.addr)
	}
	registry, err := o.factory.metricsOfRuns()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := metrics.WriteText(&text, registry); err != nil {
		return err
	}
	if o.textfile == "" {
		return o.factory.Printf("%s", text.Bytes())
	}
	return home.WriteFile(o.textfile, text.Bytes(), textfilePerm)
}

// metricsOfRuns sums up the runs as they stand.
func (f *Factory) metricsOfRuns() (*prometheus.Registry, error) {
	store, err := f.store()
	if err != nil {
		return nil, err
	}
	runs, err := replayAll(store)
	if err != nil {
		return nil, err
	}
	return metrics.NewRegistry(runs, tellFinished)
}

// tellFinished is the report of a finished run. One whose scenario is gone has no grade.
func tellFinished(r *drill.Run) *report.Report {
	var spec *scenario.Spec
	if folder, err := loadFolder(r.Created); err == nil {
		spec = &folder.Scenario.Spec
	}
	return report.Build(r, spec, r.FinishedAt)
}

// checkTextfile refuses a file that no node_exporter would read: it looks for *.prom in
// one folder, and one that we made would be closed to it.
func checkTextfile(path string) error {
	if path == "" {
		return nil
	}
	if !strings.HasSuffix(path, ".prom") {
		return usageErrorf("--textfile %s: node_exporter reads only files whose names end in .prom", path)
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil {
		return usageErrorf("--textfile %s: %w (name a file in node_exporter's --collector.textfile.directory)", path, err)
	} else if !info.IsDir() {
		return usageErrorf("--textfile %s: %s is no folder", path, dir)
	}
	return nil
}
