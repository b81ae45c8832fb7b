package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/metrics"
)

// textfilePerm lets node_exporter, which runs as another user, read the file. There is
// nothing in it but sums.
const textfilePerm = 0o644

type metricsOptions struct {
	factory  *Factory
	output   string
	textfile string
}

func newMetrics(f *Factory) *cobra.Command {
	o := &metricsOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "metrics",
		GroupID: groupDrill,
		Short:   "Print the runs as Prometheus metrics",
		Long: `Print what the runs' journals tell as Prometheus metrics: runs by verdict, actions,
hints, and the times to the first action and to the recovery. With --textfile they are
written to a file instead, whole or not at all, for node_exporter's textfile collector.`,
		Example: `  firedrill metrics
  firedrill metrics --textfile /var/lib/node_exporter/textfile_collector/firedrill.prom`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runMetrics(o) },
	}
	cmd.Flags().StringVar(&o.textfile, "textfile", "", "file to replace by the metrics, in a folder that is there; its name ends in .prom")
	outputFlag(cmd, &o.output, outputText)
	return cmd
}

func runMetrics(o *metricsOptions) error {
	if err := checkTextfile(o.textfile); err != nil {
		return err
	}
	store, err := o.factory.store()
	if err != nil {
		return err
	}
	runs, err := replayAll(store)
	if err != nil {
		return err
	}
	text, err := exposition(runs)
	if err != nil {
		return err
	}
	if o.textfile == "" {
		return o.factory.Printf("%s", text)
	}
	return home.WriteFile(o.textfile, text, textfilePerm)
}

func exposition(runs []*drill.Run) ([]byte, error) {
	registry, err := metrics.NewRegistry(runs)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = metrics.WriteText(&text, registry)
	return text.Bytes(), err
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
