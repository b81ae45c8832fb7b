package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/audit"
	"github.com/firedrill/firedrill/internal/drill"
)

// Longest texts of the incident's process, in characters.
const (
	maxNote   = 1000
	maxReason = 500
)

// told is what the verbs of the process print with -o json.
type told struct {
	Run string `json:"run"`
	drill.Update
}

// tellIncident journals a step of the process and says so.
// What looks secret in a person's words goes neither into the journal nor to the webhook.
func (f *Factory) tellIncident(ctx context.Context, r *openRun, u drill.Update, output string) error {
	text, followUp := audit.RedactSentence(u.Text), audit.RedactSentence(u.FollowUp)
	if text != u.Text || followUp != u.FollowUp {
		if err := write(f.IO.Err, "What looks like a secret was hidden: *** stands for it.\n"); err != nil {
			return err
		}
	}
	u.Text, u.FollowUp = text, followUp
	if err := r.refresh(); err != nil { // a question may have been long in answering
		return err
	}
	if err := r.takes(u.Verb); err != nil {
		return err
	}
	if err := drill.Tell(ctx, r.journal, u); err != nil {
		return err
	}
	if output == outputJSON {
		return f.printJSON(told{Run: r.name(), Update: u})
	}
	return f.Printf("%s: %s\n", r.name(), u.Sentence())
}

// openIncident reads a run on whose incident something can be told: from the page to the
// verdict, and for a resolution until the run ends.
func (f *Factory) openIncident(ctx context.Context, name, verb string) (*openRun, error) {
	r, err := f.openLive(ctx, name)
	if err != nil {
		return nil, err
	}
	return r, r.takes(verb)
}

// takes refuses a step of the incident's process that would not count any more, or not yet.
func (r *openRun) takes(verb string) error {
	switch {
	case r.PagedAt.IsZero() && r.Phase != drill.PhaseFinished:
		return usageErrorf("run %s is in phase %q: there is no incident before the page", r.name(), r.Phase)
	case r.Phase == drill.PhaseFinished || r.Phase == drill.PhaseEnding:
		return usageErrorf("run %s is over: %s counts from the page to the verdict (firedrill report %s)", r.name(), verb, r.name())
	case r.Verdict != nil && verb != drill.UpdateResolve:
		return usageErrorf("run %s is decided: %s counts from the page to the verdict; only resolve is still taken", r.name(), verb)
	}
	return nil
}

// runAndText splits "[RUN] [TEXT]": one argument is the text, unless there is a run of its name.
func (f *Factory) runAndText(args []string) (run, text string) {
	switch len(args) {
	case 0:
		return "", ""
	case 1:
		if store, err := f.store(); err == nil {
			if _, err := store.Open(args[0]); err == nil {
				return args[0], ""
			}
		}
		return "", args[0]
	}
	return args[0], args[1]
}

// cleanText is a person's text as it may be kept: without control characters, which a
// terminal would obey, and not longer than most characters. A line break is a space.
func cleanText(what, text string, most int) (string, error) {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "", usageErrorf("%s is empty: say it in a sentence", what)
	case n > most:
		return "", usageErrorf("%s has %d characters: at most %d are kept", what, n, most)
	}
	return text, nil
}

func newAck(f *Factory) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "ack [RUN]",
		GroupID: groupIncident,
		Short:   "Acknowledge the page: the incident is yours",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.openIncident(cmd.Context(), optionalRun(args), drill.UpdateAck)
			if err != nil {
				return err
			}
			done := func(u drill.Update) bool { return u.Verb == drill.UpdateAck && !u.At.Before(r.PagedAt) }
			if slices.ContainsFunc(r.Updates, done) {
				return usageErrorf("run %s is acknowledged already", r.name())
			}
			return f.tellIncident(cmd.Context(), r, drill.Update{Verb: drill.UpdateAck}, output)
		},
	}
	outputFlag(cmd, &output, outputText, outputJSON)
	return cmd
}

func newNote(f *Factory) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "note [RUN] [TEXT]",
		GroupID: groupIncident,
		Short:   "Write a status update into the incident's log",
		Long:    "Write a status update into the incident's log. On a terminal the text is asked when none is given.",
		Example: `  firedrill note "pods are OOMKilled since the last release; rolling back"`,
		Args:    cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			run, text := f.runAndText(args)
			return runNote(cmd.Context(), f, run, text, len(args) == 0 || len(args) == 1 && run != "", output)
		},
	}
	outputFlag(cmd, &output, outputText, outputJSON)
	return cmd
}

// runNote asks for the text when none is given.
func runNote(ctx context.Context, f *Factory, run, text string, asked bool, output string) error {
	r, err := f.openIncident(ctx, run, drill.UpdateNote)
	if err != nil {
		return err
	}
	if asked {
		if text, err = f.ask(ctx, "TEXT", "How does it stand? "); err != nil {
			return err
		}
	}
	if text, err = cleanText("the note", text, maxNote); err != nil {
		return err
	}
	return f.tellIncident(ctx, r, drill.Update{Verb: drill.UpdateNote, Text: text}, output)
}

// severities from the worst on.
func severities() []string { return []string{"SEV1", "SEV2", "SEV3", "SEV4"} }

type severityOptions struct {
	factory            *Factory
	run, level, reason string
	output             string
}

func newSeverity(f *Factory) *cobra.Command {
	o := &severityOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "severity [RUN] SEV1|SEV2|SEV3|SEV4",
		GroupID: groupIncident,
		Short:   "Set the incident's severity; the last one counts",
		Long: `Set the incident's severity, with the reason; the last one counts. On a terminal what is
not given is asked.`,
		Example: `  firedrill severity SEV2 --reason "a share of the orders fails, there is no workaround"`,
		Args:    cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.run, o.level = f.runAndText(args)
			return runSeverity(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.reason, "reason", "", "why: who is hurt, and how much")
	outputFlag(cmd, &o.output, outputText, outputJSON)
	return cmd
}

func runSeverity(ctx context.Context, o *severityOptions) error {
	f := o.factory
	r, err := f.openIncident(ctx, o.run, drill.UpdateSeverity)
	if err != nil {
		return err
	}
	if o.level == "" {
		if o.level, err = f.choose(ctx, "the severity", "How severe is it?", severities()); err != nil {
			return err
		}
	}
	level := strings.ToUpper(o.level)
	if _, err := strconv.Atoi(level); err == nil {
		level = "SEV" + level
	}
	if !slices.Contains(severities(), level) {
		return usageErrorf("severity %q: use %s", o.level, strings.Join(severities(), ", "))
	}
	if o.reason == "" {
		if o.reason, err = f.ask(ctx, "--reason", "Why: who is hurt, and how much? "); err != nil {
			return err
		}
	}
	text, err := cleanText("--reason", o.reason, maxReason)
	if err != nil {
		return err
	}
	return f.tellIncident(ctx, r, drill.Update{Verb: drill.UpdateSeverity, Severity: level, Text: text}, o.output)
}
