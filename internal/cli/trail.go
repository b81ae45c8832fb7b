package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/firedrill/firedrill/internal/audit"
	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/timeline"
)

// trail is the trainee's trail: the audit log of the cluster's control plane, as the
// actions of one run.
type trail struct{ audit.Watcher }

func newTrail(ctx context.Context, c *cluster.Cluster, run string, log *slog.Logger) (*trail, error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(nodes, func(n cluster.NodeInfo) bool { return n.Role == cluster.RoleControlPlane })
	if i < 0 {
		return nil, errors.New("the cluster has no control-plane node to read the audit log from")
	}
	return &trail{audit.Watcher{Run: run, Follower: audit.Follower{
		Nodes: c, Node: nodes[i].Name,
		Status: func(s audit.Status) { log.Info("audit log", "state", s.State, "error", s.Err) },
	}}}, nil
}

// Start is the log's present end.
func (t *trail) Start(ctx context.Context) (json.RawMessage, error) {
	end, err := t.Watcher.Start(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(end)
}

// Watch tells what was done behind a place in the log.
func (t *trail) Watch(ctx context.Context, from json.RawMessage, sink func([]timeline.Event, json.RawMessage) error) error {
	return t.tell(ctx, from, sink, t.Watcher.Watch)
}

// Finish tells what was done between a place in the log and its present end.
func (t *trail) Finish(ctx context.Context, from json.RawMessage, sink func([]timeline.Event, json.RawMessage) error) error {
	return t.tell(ctx, from, sink, t.Watcher.Finish)
}

func (t *trail) tell(ctx context.Context, from json.RawMessage, sink func([]timeline.Event, json.RawMessage) error,
	watch func(context.Context, audit.Checkpoint, audit.Sink) error,
) error {
	var place audit.Checkpoint
	if len(from) > 0 {
		if err := json.Unmarshal(from, &place); err != nil {
			return fmt.Errorf("the journal's place in the audit log: %w", err)
		}
	}
	return watch(ctx, place, func(events []timeline.Event, next audit.Checkpoint) error {
		data, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("keep the place in the audit log: %w", err)
		}
		return sink(events, data)
	})
}
