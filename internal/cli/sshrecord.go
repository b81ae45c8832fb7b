package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/audit"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/timeline"
)

// runRecorder puts what is done in a node, which no audit log sees, into the timeline of
// the run it is done for.
type runRecorder struct {
	run    *openRun
	nodes  nodeStreamer
	tty    bool        // a person types
	typing *typedLines // of a login shell; nil for a command
}

// recorderFor is a recorder for the run that is under way on the cluster, or nil: a node
// shell may be opened without any drill. $FIREDRILL_RUN names the run where there are more.
func (f *Factory) recorderFor(clusterID string, nodes nodeStreamer) (shellRecorder, error) {
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
	return &runRecorder{run: run, nodes: nodes, tty: f.IO.InIsTerminal() && f.IO.OutIsTerminal()}, nil
}

// Started journals the command, before it is run. In place of a login shell it returns one
// whose lines are journaled as they are typed.
func (s *runRecorder) Started(ctx context.Context, node string, command []string) ([]string, error) {
	event := timeline.Event{
		Source: timeline.SourceNode, Actor: "trainee", Verb: "ssh", Resource: "nodes", Name: node,
		Text: "opened a shell on node " + node,
	}
	if len(command) > 0 {
		event.Detail = audit.RedactShell(strings.Join(command, " "))
		event.Text = fmt.Sprintf("ran on node %s: %s", node, event.Detail)
		event.Writes = !readsOnly(command)
		return command, s.note(ctx, event)
	}
	if err := s.note(ctx, event); err != nil {
		return nil, err
	}
	file := fmt.Sprintf("%s/%s-%d", typedDir, s.run.name(), time.Now().UnixNano())
	s.typing = followTyped(context.WithoutCancel(ctx), s.nodes, node, file, func(line string) error {
		return s.typed(context.WithoutCancel(ctx), node, line)
	})
	return wrapped(file, s.tty), nil
}

// Ended journals how a command, or the shell, ended.
func (s *runRecorder) Ended(ctx context.Context, node string, command []string, code int) error {
	if s.typing != nil {
		s.typing.stop()
	}
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
