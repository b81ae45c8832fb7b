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
	switch {
	case r.PagedAt.IsZero() && r.Phase != drill.PhaseFinished:
		return nil, usageErrorf("run %s is in phase %q: there is no incident before the page", r.name(), r.Phase)
	case r.Phase == drill.PhaseFinished || r.Phase == drill.PhaseEnding:
		return nil, usageErrorf("run %s is over: %s counts from the page to the verdict (firedrill report %s)", r.name(), verb, r.name())
	case r.Verdict != nil && verb != drill.UpdateResolve:
		return nil, usageErrorf("run %s is decided: %s counts from the page to the verdict; only resolve is still taken", r.name(), verb)
	}
	return r, nil
}

// runAndText splits "[RUN] TEXT": one argument is the text.
func runAndText(args []string) (run, text string) {
	if len(args) == 1 {
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
		Use:     "note [RUN] TEXT",
		GroupID: groupIncident,
		Short:   "Write a status update into the incident's log",
		Example: `  firedrill note "pods are OOMKilled since the last release; rolling back"`,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			run, text := runAndText(args)
			text, err := cleanText("the note", text, maxNote)
			if err != nil {
				return err
			}
			r, err := f.openIncident(cmd.Context(), run, drill.UpdateNote)
			if err != nil {
				return err
			}
			return f.tellIncident(cmd.Context(), r, drill.Update{Verb: drill.UpdateNote, Text: text}, output)
		},
	}
	outputFlag(cmd, &output, outputText, outputJSON)
	return cmd
}

// severities from the worst on.
func severities() []string { return []string{"SEV1", "SEV2", "SEV3", "SEV4"} }

func newSeverity(f *Factory) *cobra.Command {
	var output, reason string
	cmd := &cobra.Command{
		Use:     "severity [RUN] SEV1|SEV2|SEV3|SEV4 --reason TEXT",
		GroupID: groupIncident,
		Short:   "Set the incident's severity; the last one counts",
		Example: `  firedrill severity SEV2 --reason "a share of the orders fails, there is no workaround"`,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			run, level := runAndText(args)
			level = strings.ToUpper(level)
			if _, err := strconv.Atoi(level); err == nil {
				level = "SEV" + level
			}
			if !slices.Contains(severities(), level) {
				return usageErrorf("severity %q: use %s", level, strings.Join(severities(), ", "))
			}
			text, err := cleanText("--reason", reason, maxReason)
			if err != nil {
				return err
			}
			r, err := f.openIncident(cmd.Context(), run, drill.UpdateSeverity)
			if err != nil {
				return err
			}
			return f.tellIncident(cmd.Context(), r, drill.Update{Verb: drill.UpdateSeverity, Severity: level, Text: text}, output)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why: who is hurt, and how much")
	outputFlag(cmd, &output, outputText, outputJSON)
	return cmd
}
