package cli

import (
	"context"
	"slices"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
)

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
