package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/session"
)

// place picks where the drill runs: the worker that it may break, and the nodes its pods
// stay on. A broken node hurts every run on it, so such a drill gets a worker lent, where
// the cluster has one to lend, and else runs alone.
func (f *Factory) place(ctx context.Context, c *cluster.Cluster, store *session.Store, spec scenario.Spec, created drill.Created) (node, selector string, err error) {
	open, err := unfinished(store)
	if err != nil {
		return "", "", err
	}
	open = slices.DeleteFunc(open, func(r *drill.Run) bool { return r.ClusterID != c.ID() })
	for _, other := range open {
		sameProof := created.ProofID != "" && created.ProofID == other.ProofID // which keeps its cases apart (prove.All)
		if (spec.BreaksAddon != "" || other.Addon != "") && !sameProof {
			return "", "", inUsef("run %s is under way and one of the two drills breaks a service of the whole cluster: end it first (firedrill end %s), or use another cluster (--name)",
				other.Created.Run, other.Created.Run)
		}
	}
	switch {
	case c.Lanes() == 0:
		node, err = alone(ctx, c, open, spec.BreaksNode)
		return node, "", err
	case !spec.BreaksNode:
		return "", cluster.LaneSelector(0), nil
	}
	return freeLane(ctx, c, open, created.Seed)
}

// inUseError says that another run keeps a drill from being started for now.
type inUseError struct{ reason string }

func inUsef(format string, args ...any) error { return &inUseError{fmt.Sprintf(format, args...)} }

func (e *inUseError) Error() string { return e.reason }

// How long a proof's case, or an exam's drill, waits for another run on the same cluster that
// keeps it from being started, and how often it tries.
const (
	inUseLimit = 20 * time.Minute
	inUsePoll  = 5 * time.Second
)

// placed starts a drill as soon as no other keeps it from being started. waits is told once
// what is waited for.
func placed(ctx context.Context, start func() (*openRun, error), waits func(reason error) error) (*openRun, error) {
	deadline := time.Now().Add(inUseLimit)
	for told := false; ; told = true {
		r, err := start()
		var inUse *inUseError
		if !errors.As(err, &inUse) || !time.Now().Before(deadline) {
			return r, err
		}
		if !told {
			if err := waits(inUse); err != nil {
				return nil, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(inUsePoll):
		}
	}
}

// besideExams keeps a drill that breaks a service of the whole cluster from taking the place
// between two of an exam's drills, and an exam's drill from being begun twice.
func (f *Factory) besideExams(clusterID string, store *session.Store, spec scenario.Spec, created drill.Created) error {
	if created.Exam != "" {
		runs, err := readAll(store)
		if err != nil {
			return err
		}
		if again := itemOf(created.Exam, created.ExamItem, runs); again != nil {
			return usageErrorf("drill %d of exam %s was begun already: run %s (firedrill exam status)", created.ExamItem, created.Exam, again.Created.Run)
		}
		return nil
	}
	if spec.BreaksAddon == "" {
		return nil
	}
	open, err := f.openExams()
	if err != nil {
		return err
	}
	for _, e := range open {
		if e.on(clusterID) {
			return inUsef("exam %s is not over and the drill breaks a service of the whole cluster: firedrill exam end %s gives it up", e.id, e.id)
		}
	}
	return nil
}

// alone picks the first worker of a cluster on which nothing else runs.
func alone(ctx context.Context, c *cluster.Cluster, open []*drill.Run, breaks bool) (string, error) {
	for _, other := range open {
		if breaks || other.Node != "" {
			return "", inUsef("run %s is under way and one of the two drills breaks a node: end it first (firedrill end %s), or use a cluster with more workers or another name (--name)",
				other.Created.Run, other.Created.Run)
		}
	}
	if !breaks {
		return "", nil
	}
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return "", err
	}
	for _, n := range nodes {
		if n.Role == cluster.RoleWorker {
			return n.Name, nil
		}
	}
	return "", fmt.Errorf("cluster %s has no worker to break: firedrill down, then firedrill up --workers 2", c.Name())
}

// inUse tells whether a run is under way on the cluster.
func (f *Factory) inUse(clusterID string) (bool, error) {
	open, err := f.runsOn(clusterID)
	return len(open) > 0, err
}

// lender is a cluster that lends workers to drills which break one.
type lender interface {
	Lanes() int
	LaneNode(ctx context.Context, lane int) (string, error)
}

// freeLane lends a drill one of the workers that no other run has. The seed draws it, as it
// draws a variable: with the same workers free the same one breaks every time.
func freeLane(ctx context.Context, c lender, open []*drill.Run, seed int64) (node, selector string, err error) {
	var free []string
	selectors := map[string]string{}
	for lane := 1; lane <= c.Lanes(); lane++ {
		worker, err := c.LaneNode(ctx, lane)
		if err != nil {
			return "", "", err
		}
		if !slices.ContainsFunc(open, func(r *drill.Run) bool { return r.Node == worker }) {
			free, selectors[worker] = append(free, worker), cluster.LaneSelector(lane)
		}
	}
	if len(free) == 0 {
		return "", "", inUsef("each of the cluster's %d workers that are lent is in use: end a run first (firedrill runs), or use another cluster (--name)", c.Lanes())
	}
	node = scenario.Choose(seed, scenario.VarNode, free)
	return node, selectors[node], nil
}
