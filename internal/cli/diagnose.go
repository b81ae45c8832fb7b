package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
)

type diagnoseOptions struct {
	factory   *Factory
	run       string
	class     string
	object    string
	mechanism string
	options   bool
	output    string
}

func newDiagnose(f *Factory) *cobra.Command {
	o := &diagnoseOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "diagnose [RUN]",
		GroupID: groupIncident,
		Short:   "Say what is wrong: its class, the object at fault, the mechanism",
		Long: `Say what is wrong. On a terminal you choose from lists; --options prints them. A flag takes
an option's text or its number. It may be said again: the last one before the verdict
counts. Whether it is right is told with the verdict, in the report.`,
		Example: `  firedrill diagnose
  firedrill diagnose --options -o json
  firedrill diagnose --class configuration --object 2 --mechanism 4`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.run = optionalRun(args)
			return runDiagnose(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.class, "class", "", "class of the cause: application, configuration, infrastructure, deployment, network or capacity")
	flags.StringVar(&o.object, "object", "", "the object at fault")
	flags.StringVar(&o.mechanism, "mechanism", "", "how it does its harm")
	flags.BoolVar(&o.options, "options", false, "only list what there is to choose from")
	outputFlag(cmd, &o.output, outputText, outputJSON)
	return cmd
}

func runDiagnose(ctx context.Context, o *diagnoseOptions) error {
	f := o.factory
	r, err := f.openIncident(ctx, o.run, drill.UpdateDiagnose)
	if err != nil {
		return err
	}
	folder, err := loadFolder(r.Created)
	if err != nil {
		return err
	}
	diagnosis := folder.Scenario.Spec.Diagnosis
	if diagnosis == nil {
		return usageErrorf("scenario %s asks for no diagnosis: write down what you think with firedrill note", r.ToldScenario())
	}
	options := diagnosis.Options(r.Seed)
	if o.options {
		return f.printOptions(options, o.output)
	}
	u := drill.Update{Verb: drill.UpdateDiagnose}
	for _, part := range []struct {
		flag, given, title string
		known              []string
		into               *string
	}{
		{"class", o.class, "What class of cause is it?", options.Classes, &u.Class},
		{"object", o.object, "Which object is at fault?", options.Objects, &u.Object},
		{"mechanism", o.mechanism, "How does it do its harm?", options.Mechanisms, &u.Mechanism},
	} {
		if part.given == "" {
			if part.given, err = f.choose(ctx, "--"+part.flag, part.title, part.known); err != nil {
				return err
			}
		}
		if *part.into, err = option("--"+part.flag, part.given, part.known); err != nil {
			return err
		}
	}
	return f.tellIncident(ctx, r, u, o.output)
}

// option is the option that a text or a number from 1 stands for.
func option(flag, given string, known []string) (string, error) {
	if n, err := strconv.Atoi(given); err == nil && n >= 1 && n <= len(known) {
		return known[n-1], nil
	}
	for _, text := range known {
		if text == given {
			return text, nil
		}
	}
	hint := ""
	if near := scenario.Suggest(given, known); near != "" {
		hint = " (did you mean " + strconv.Quote(near) + "?)"
	}
	return "", usageErrorf("%s %q is none of the %d options%s: firedrill diagnose --options lists them, give a text or its number", flag, given, len(known), hint)
}

func (f *Factory) printOptions(options scenario.Options, output string) error {
	if output == outputJSON {
		return f.printJSON(options)
	}
	for _, list := range []struct {
		title string
		texts []string
	}{{"class", options.Classes}, {"object", options.Objects}, {"mechanism", options.Mechanisms}} {
		if err := f.Printf("%s\n", list.title); err != nil {
			return err
		}
		for i, text := range list.texts {
			if err := f.Printf("  %d  %s\n", i+1, text); err != nil {
				return err
			}
		}
	}
	return nil
}
