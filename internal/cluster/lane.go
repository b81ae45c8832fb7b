package cluster

import (
	"context"
	"fmt"
)

// A cluster with more than sharedWorkers workers lends each of the others to one drill
// at a time that breaks a node; all other drills stay on the shared ones. A lane is a
// set of workers: a drill's pods run on its lane and nowhere else, by way of the
// PodNodeSelector admission plugin and an annotation of the drill's namespace.
const sharedWorkers = 2

// Lanes is how many drills that break a node the cluster can run side by side, beside
// all the others. 0: it is too small, such a drill runs alone.
func (c *Cluster) Lanes() int { return lanes(c.state.Config.Workers) }

func lanes(workers int) int {
	if workers <= sharedWorkers {
		return 0
	}
	return workers - sharedWorkers
}

// LaneSelector selects the nodes of a lane: those shared by all for lane 0, the lent
// worker and one shared one, where its pods can go, for lanes 1 to Lanes.
func LaneSelector(lane int) string { return fmt.Sprintf("%s=yes", laneLabel(lane)) }

func laneLabel(lane int) string { return fmt.Sprintf("firedrill.dev/lane-%d", lane) }

// LaneNode is the worker that a lane lends.
func (c *Cluster) LaneNode(ctx context.Context, lane int) (string, error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return "", err
	}
	index := 0
	for _, n := range nodes {
		if n.Role != RoleWorker {
			continue
		}
		index++
		if index == sharedWorkers+lane {
			return n.Name, nil
		}
	}
	return "", fmt.Errorf("cluster %s has no worker for lane %d: it lost one; firedrill up%s --recreate makes it anew", c.Name(), lane, nameFlag(c.Name()))
}

// laneLabels are the labels of a worker (0 is the first) of a cluster.
func laneLabels(worker, workers int) map[string]string {
	labels := map[string]string{}
	if lanes(workers) == 0 {
		return nil
	}
	if worker >= sharedWorkers {
		labels[laneLabel(worker-sharedWorkers+1)] = "yes"
		return labels
	}
	labels[laneLabel(0)] = "yes"
	for lane := 1; lane <= lanes(workers); lane++ {
		if (lane-1)%sharedWorkers == worker {
			labels[laneLabel(lane)] = "yes"
		}
	}
	return labels
}
