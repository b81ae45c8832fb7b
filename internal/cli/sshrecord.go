package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/timeline"
)

// runRecorder puts what is done in a node, which no audit log sees, into the timeline of
// the run it is done for.
type runRecorder struct{ run *openRun }

// recorderFor is a recorder for the run that is under way on the cluster, or nil: a node
// shell may be opened without any drill. $FIREDRILL_RUN names the run where there are more.
func (f *Factory) recorderFor(clusterID string) (shellRecorder, error) {
	store, err := f.store()
	if err != nil {
		return nil, err
	}
	open, err := unfinished(store)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, r := range open {
		if r.ClusterID == clusterID && !r.PagedAt.IsZero() {
			if r.Created.Run == f.Getenv("FIREDRILL_RUN") {
				found = []string{r.Created.Run}
				break
			}
			found = append(found, r.Created.Run)
		}
	}
	if len(found) != 1 {
		return nil, nil //nolint:nilnil // no run to record for is no error
	}
	run, err := f.openRun(found[0])
	if err != nil {
		return nil, err
	}
	return &runRecorder{run}, nil
}

// Started journals the shell, before anything is run in it.
func (s *runRecorder) Started(ctx context.Context, node string, command []string) ([]string, error) {
	event := timeline.Event{
		Source: timeline.SourceNode, Actor: "trainee", Verb: "ssh", Resource: "nodes", Name: node,
		Text: "opened a shell on node " + node,
	}
	if len(command) > 0 {
		event.Detail = redacted(command)
		event.Text = fmt.Sprintf("ran on node %s: %s", node, event.Detail)
		event.Writes = !readsOnly(command)
	}
	return command, s.note(ctx, event)
}

// Ended journals how a command, or the shell, ended.
func (s *runRecorder) Ended(ctx context.Context, node string, command []string, code int) error {
	if len(command) > 0 && code == 0 {
		return nil
	}
	event := timeline.Event{
		Source: timeline.SourceNode, Actor: "trainee", Verb: "ssh exit", Resource: "nodes", Name: node, Code: code,
		Text: fmt.Sprintf("left the shell on node %s", node),
	}
	if len(command) > 0 {
		event.Text = fmt.Sprintf("%s on node %s ended with exit code %d", command[0], node, code)
	}
	return s.note(ctx, event)
}

func (s *runRecorder) note(ctx context.Context, event timeline.Event) error {
	event.Time = time.Now().UTC()
	event.ID = fmt.Sprintf("node-%s-%d", event.Name, event.Time.UnixNano())
	return drill.NoteAction(ctx, s.run.journal, event)
}

// redacted is the command as it may be kept: values that look like secrets are left out.
func redacted(command []string) string {
	words := make([]string, 0, len(command))
	hide := false
	for _, word := range command {
		name, _, assigned := strings.Cut(word, "=")
		switch {
		case hide:
			words, hide = append(words, "***"), false
			continue
		case secret(name) && assigned:
			word = name + "=***"
		case secret(name) && strings.HasPrefix(name, "-"):
			hide = true
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func secret(name string) bool {
	name = strings.ToLower(name)
	for _, mark := range []string{"password", "passwd", "token", "secret", "key"} {
		if strings.Contains(name, mark) {
			return true
		}
	}
	return false
}

// readsOnly tells whether the command is one of those that people look around with.
func readsOnly(command []string) bool {
	switch command[0] {
	case "journalctl", "df", "free", "ps", "ss", "cat", "ls", "uptime", "dmesg", "top", "ip", "mount":
		return true
	case "systemctl":
		return len(command) > 1 && (strings.HasPrefix(command[1], "status") || strings.HasPrefix(command[1], "is-") ||
			strings.HasPrefix(command[1], "list-") || command[1] == "show" || command[1] == "cat")
	case "crictl":
		return len(command) > 1 && (command[1] == "ps" || command[1] == "pods" || command[1] == "logs" || strings.HasPrefix(command[1], "inspect"))
	}
	return false
}
