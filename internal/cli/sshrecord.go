package cli

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/firedrill/firedrill/internal/audit"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/timeline"
)

// runRecorder puts what is done in a node, which no audit log sees, into the timeline of
// the run it is done for. A shell may be open longer than a run: what is typed belongs to
// the run that it is for then.
type runRecorder struct {
	run    *openRun                                    // nil: none as yet, or none any more
	find   func(ctx context.Context) (*openRun, error) // the run that a shell on the node is for now; nil: none
	nodes  nodeStreamer
	tty    bool        // a person types
	typing *typedLines // of a login shell; nil for a command

	mu   sync.Mutex
	lost []error // of the lines that could not be journaled
}

// recorderFor is a recorder for a shell on the node. There need not be any drill.
func (f *Factory) recorderFor(ctx context.Context, clusterID, node string, nodes nodeStreamer) (shellRecorder, error) {
	open, err := f.runsOn(clusterID)
	if err != nil {
		return nil, err
	}
	name := f.meant(open, node)
	owned := slices.ContainsFunc(open, func(r *drill.Run) bool { return unpaged(r) && r.Node == node })
	for _, r := range open {
		// A shell that nobody records, or on the very node, would show how it is broken.
		if unpaged(r) && r.InMode() != drill.ModeTraining && (name == "" || r.Node == node) {
			return nil, usageErrorf("run %s is being prepared: a shell on a node is opened after its page", r.Created.Run)
		}
	}
	recorder := &runRecorder{nodes: nodes, tty: f.IO.InIsTerminal() && f.IO.OutIsTerminal()}
	recorder.find = func(ctx context.Context) (*openRun, error) {
		open, err := f.runsOn(clusterID)
		if err != nil {
			return nil, err
		}
		name := f.meant(open, node)
		if name == "" {
			return nil, nil //nolint:nilnil // no run to record for is no error
		}
		return f.openLive(ctx, name)
	}
	if name != "" {
		recorder.run, err = f.openLive(ctx, name)
		return recorder, err
	}
	if paged := slices.DeleteFunc(open, unpaged); len(paged) > 0 && !owned {
		return recorder, f.notRecorded(node, paged)
	}
	return recorder, nil
}

func unpaged(r *drill.Run) bool { return r.PagedAt.IsZero() }

// runsOn lists the runs under way on a cluster, oldest first.
func (f *Factory) runsOn(clusterID string) ([]*drill.Run, error) {
	store, err := f.store()
	if err != nil {
		return nil, err
	}
	open, err := unfinished(store)
	return slices.DeleteFunc(open, func(r *drill.Run) bool { return r.ClusterID != clusterID }), err
}

// meant is the run that a shell on a node is for: the one that is named, else the one whose
// node it is, else the only one. "": none is paged, or nobody can tell.
func (f *Factory) meant(open []*drill.Run, node string) string {
	named := f.Getenv(envRun)
	paged := slices.DeleteFunc(slices.Clone(open), unpaged)
	for _, is := range []func(*drill.Run) bool{
		func(r *drill.Run) bool { return r.Created.Run == named },
		func(r *drill.Run) bool { return r.Node == node },
		func(*drill.Run) bool {
			owned := slices.ContainsFunc(open, func(r *drill.Run) bool { return r.Node == node }) // it is paged soon
			return len(paged) == 1 && !owned
		},
	} {
		if i := slices.IndexFunc(paged, is); i >= 0 {
			return paged[i].Created.Run
		}
	}
	return ""
}

// notRecorded says that no run's timeline will show what is done on the node.
func (f *Factory) notRecorded(node string, open []*drill.Run) error {
	var names []string
	for _, r := range open {
		names = append(names, r.Created.Run)
	}
	return write(f.IO.Err, "%s what is done on node %s is not recorded: several runs are under way, and it is the node of none; set FIREDRILL_RUN to the one that is meant: %s\n",
		f.IO.ErrPalette().Yellow("warning:"), node, strings.Join(names, ", "))
}

// Started journals the command, before it is run. In place of a shell it returns one whose lines are journaled as they are typed.
func (s *runRecorder) Started(ctx context.Context, node string, command []string) ([]string, error) {
	event := timeline.Event{
		Source: timeline.SourceNode, Actor: "trainee", Verb: "ssh", Resource: "nodes", Name: node,
		Text: "opened a shell on node " + node,
	}
	if !isShell(command) {
		event.Detail = audit.RedactShell(strings.Join(command, " "))
		event.Text = fmt.Sprintf("ran on node %s: %s", node, event.Detail)
		event.Writes = !readsOnly(command)
		return command, s.note(ctx, event)
	}
	if err := s.note(ctx, event); err != nil {
		return nil, err
	}
	file := fmt.Sprintf("%s/shell-%d", typedDir, time.Now().UnixNano())
	s.typing = followTyped(context.WithoutCancel(ctx), s.nodes, node, file, func(line string) {
		if err := s.typed(context.WithoutCancel(ctx), node, line); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lost = append(s.lost, err)
		}
	})
	return wrapped(file, s.tty), nil
}

// isShell tells whether a command is a shell that reads what is typed: the login shell, or
// one that is asked for by its name.
func isShell(command []string) bool {
	if len(command) == 0 {
		return true
	}
	return slices.Contains([]string{"bash", "sh"}, path.Base(command[0])) && !slices.ContainsFunc(command[1:], func(arg string) bool {
		return arg != "--login" && (!strings.HasPrefix(arg, "-") || strings.Trim(arg[1:], "ils") != "")
	})
}

// Ended journals how a command, or the shell, ended.
func (s *runRecorder) Ended(ctx context.Context, node string, command []string, code int) error {
	if s.typing != nil {
		s.typing.stop()
	}
	shell := isShell(command)
	if !shell && code == 0 {
		return nil
	}
	event := timeline.Event{
		Source: timeline.SourceNode, Actor: "trainee", Verb: "ssh exit", Resource: "nodes", Name: node, Code: code,
		Text: fmt.Sprintf("left the shell on node %s", node),
	}
	if !shell {
		// One argument may be a whole line of shell, such as "PGPASSWORD=... psql".
		event.Text = fmt.Sprintf("%s on node %s ended with exit code %d", audit.RedactShell(command[0]), node, code)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lost) == 0 {
		return s.note(ctx, event)
	}
	event.Text += fmt.Sprintf("; %d lines typed there could not be recorded", len(s.lost))
	return errors.Join(s.note(ctx, event), fmt.Errorf("%d lines typed on node %s could not be recorded: %w", len(s.lost), node, s.lost[0]))
}

// note journals what was done, for the run that it is done for now.
func (s *runRecorder) note(ctx context.Context, event timeline.Event) error {
	if err := s.turn(ctx, event.Name); err != nil || s.run == nil {
		return err
	}
	return s.journal(ctx, event)
}

func (s *runRecorder) journal(ctx context.Context, event timeline.Event) error {
	event.Time = time.Now().UTC()
	event.ID = fmt.Sprintf("node-%s-%d", event.Name, event.Time.UnixNano())
	return drill.NoteAction(ctx, s.run.journal, event)
}

// turn lets go of a run that is over, whose journal is sealed, and turns to the one that the
// shell is for now.
func (s *runRecorder) turn(ctx context.Context, node string) error {
	if s.run != nil {
		if err := s.run.refresh(); err != nil {
			return err
		}
		if s.run.Phase != drill.PhaseFinished {
			return nil
		}
		s.run = nil
	}
	run, err := s.find(ctx)
	if err != nil || run == nil {
		return err
	}
	s.run = run
	if s.typing == nil {
		return nil
	}
	return s.journal(ctx, timeline.Event{
		Source: timeline.SourceNode, Actor: "trainee", Verb: "ssh", Resource: "nodes", Name: node,
		Text: fmt.Sprintf("has a shell on node %s, which was opened before", node),
	})
}
