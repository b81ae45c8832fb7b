package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/cluster"
)

type doctorOptions struct {
	factory *Factory
	image   string
	output  string
}

func newDoctor(f *Factory) *cobra.Command {
	o := &doctorOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "doctor",
		GroupID: groupCluster,
		Short:   "Check whether this machine can run drills",
		Long: `Check whether this machine can run drills, and say what to do where it cannot. The
exit code is 4 when a drill could not run, else 0.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd, o) },
	}
	cmd.Flags().StringVar(&o.image, "image", "", "node image to look for (default: the one `up` would use)")
	cmd.Flags().StringVarP(&o.output, "output", "o", "text", "output format: text or json")
	return cmd
}

func runDoctor(cmd *cobra.Command, o *doctorOptions) error {
	ctx, f := cmd.Context(), o.factory
	if o.output != "text" && o.output != "json" {
		return usageErrorf("--output %q: use text or json", o.output)
	}
	status := f.IO.NewStatus()
	clusters, err := f.Clusters(ctx, status)
	if err != nil {
		return err
	}
	examination, err := clusters.Doctor(ctx, f.ClusterName, o.image)
	if err != nil {
		return err
	}
	if o.output == "json" {
		err = printDoctorJSON(f, examination)
	} else {
		err = printDoctorText(f, examination)
	}
	if err == nil && !examination.OK {
		return &exitStatus{exitNotReady}
	}
	return err
}

func printDoctorJSON(f *Factory, examination cluster.Examination) error {
	data, err := json.MarshalIndent(examination, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	return f.Printf("%s\n", data)
}

func printDoctorText(f *Factory, examination cluster.Examination) error {
	palette := f.IO.OutPalette()
	mark := map[cluster.Level]string{
		cluster.LevelOK:   palette.Green("ok  "),
		cluster.LevelWarn: palette.Yellow("warn"),
		cluster.LevelFail: palette.Red("fail"),
	}
	for _, finding := range examination.Findings {
		if err := f.Printf("%s  %-10s %s\n", mark[finding.Level], finding.Check, finding.Message); err != nil {
			return err
		}
		if finding.Cure == "" {
			continue
		}
		if err := f.Printf("      %-10s %s %s\n", "", palette.Gray("→"), finding.Cure); err != nil {
			return err
		}
	}
	if examination.OK {
		return f.Printf("\nThis machine can run drills.\n")
	}
	return f.Printf("\nThis machine cannot run drills yet.\n")
}
