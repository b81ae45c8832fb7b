package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/report"
)

type statusOptions struct {
	factory *Factory
	run     string
	output  string
}

func newStatus(f *Factory) *cobra.Command {
	o := &statusOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "status [RUN]",
		GroupID: groupDrill,
		Short:   "Say how a drill stands",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.run = optionalRun(args)
			return runStatus(cmd.Context(), o)
		},
	}
	outputFlag(cmd, &o.output, "text", "json")
	return cmd
}

func runStatus(ctx context.Context, o *statusOptions) error {
	f := o.factory
	r, err := f.openLive(ctx, o.run)
	if err != nil {
		return err
	}
	alive, err := r.store.Held(ctx, r.name())
	if err != nil {
		return err
	}
	if err := r.refresh(); err != nil {
		return err
	}
	s := drill.StatusOf(r.Run, alive, time.Now())
	if o.output == "json" {
		return f.printJSON(s)
	}
	return f.printStatus(s)
}

func (f *Factory) printStatus(s drill.Status) error {
	p := f.IO.OutPalette()
	verdict := report.Harmless(s.Verdict) // it may hold names that others chose
	switch {
	case s.Recovered:
		verdict = p.Green(verdict)
	case s.Decided:
		verdict = p.Red(verdict)
	default:
		verdict = p.Yellow(verdict)
	}
	if err := f.Printf("%s  %s\nphase %s since %s, %s of %s used\n%s\n", p.Bold(s.Run), report.Harmless(s.Title), s.Phase,
		s.PhaseSince.Local().Format("15:04:05"), inSeconds(s.Clock.Used), inSeconds(s.Clock.Limit), verdict); err != nil {
		return err
	}
	if err := f.printObserved(s); err != nil {
		return err
	}
	if s.Hidden {
		if err := f.Printf("  mode %s: how the checks stand is told with the verdict\n", s.Mode); err != nil {
			return err
		}
	}
	if err := f.printTroubles(s); err != nil {
		return err
	}
	if s.Hold.Phase != "" && !s.Decided {
		return f.Printf("  %s: held for %s of %s\n", s.Hold.Phase, inSeconds(s.Hold.Elapsed), inSeconds(s.Hold.Required))
	}
	return nil
}

// printObserved tells how the checks stand, and which safeguards are not known to hold.
func (f *Factory) printObserved(s drill.Status) error {
	p := f.IO.OutPalette()
	line := func(mark, id, text string) error {
		return f.Printf("  %s %-24s %s\n", mark, id, short(text, f.textWidth()-30))
	}
	for _, c := range s.Checks {
		mark, text := p.Red("✗"), c.Reason
		switch {
		case c.Error != "":
			mark, text = p.Yellow("?"), drill.Unobserved(c.Error)
		case c.Passed:
			mark = p.Green("✓")
		}
		if err := line(mark, c.ID, text); err != nil {
			return err
		}
	}
	for _, g := range s.Safeguards {
		mark, text := p.Red("✗"), g.Reason
		switch {
		case g.Unknown:
			mark, text = p.Yellow("?"), drill.Unobserved(g.Error)
		case g.Held:
			continue
		}
		if err := line(mark, g.ID, text); err != nil {
			return err
		}
	}
	return nil
}

// printTroubles tells what stands in the referee's way, and what went wrong beside it.
func (f *Factory) printTroubles(s drill.Status) error {
	p := f.IO.OutPalette()
	if s.Trouble != "" {
		if err := f.Printf("  %s %s\n", p.Yellow("trouble:"), short(s.Trouble, f.textWidth()-12)); err != nil {
			return err
		}
	}
	for _, warning := range s.Warnings {
		if err := f.Printf("  %s %s\n", p.Yellow("warning:"), short(warning, f.textWidth()-12)); err != nil {
			return err
		}
	}
	return nil
}

func inSeconds(s float64) string {
	return (time.Duration(s) * time.Second).String()
}

// phaseDamaged is told in place of the phase of a run whose journal cannot be read.
const phaseDamaged drill.Phase = "damaged"

// newRuns lists the runs.
func newRuns(f *Factory) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "runs",
		GroupID: groupDrill,
		Short:   "List the runs, those under way and those of the past",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.listRuns(cmd.Context(), output)
		},
	}
	outputFlag(cmd, &output, "text", "json")
	return cmd
}

func (f *Factory) listRuns(ctx context.Context, output string) error {
	store, err := f.store()
	if err != nil {
		return err
	}
	runs, err := readAll(store)
	if err != nil {
		return err
	}
	all := []drill.Status{}
	table := f.IO.NewTable("RUN", "SCENARIO", "PHASE", "STARTED", "VERDICT")
	for _, r := range runs {
		alive, err := store.Held(ctx, r.name)
		if err != nil {
			return err
		}
		s := drill.StatusOf(r.Run, alive, time.Now())
		if r.damage != nil {
			s.Phase, s.Verdict, s.Recovered, s.Decided = phaseDamaged, r.damage.Error(), false, false
		}
		all = append(all, s)
		verdict := strings.Join(strings.Fields(s.Verdict), " ") // a line for each run
		if f.IO.OutIsTerminal() {                               // a program gets all of it
			verdict = short(verdict, 60)
		}
		started := "-"
		if !s.CreatedAt.IsZero() {
			started = s.CreatedAt.Local().Format("2006-01-02 15:04")
		}
		table.Row(s.Run, s.Scenario, string(s.Phase), started, verdict)
	}
	if output == "json" {
		return f.printJSON(all)
	}
	if err := table.Render(); err != nil {
		return fmt.Errorf("list the runs: %w", err)
	}
	return nil
}
