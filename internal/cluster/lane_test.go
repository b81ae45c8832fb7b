package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLaneLabels(t *testing.T) {
	t.Parallel()
	const yes = "yes"
	for workers, want := range map[int][]map[string]string{
		1: {nil},
		2: {nil, nil},
		3: {{"firedrill.dev/lane-0": yes, "firedrill.dev/lane-1": yes}, {"firedrill.dev/lane-0": yes}, {"firedrill.dev/lane-1": yes}},
		4: {
			{"firedrill.dev/lane-0": yes, "firedrill.dev/lane-1": yes},
			{"firedrill.dev/lane-0": yes, "firedrill.dev/lane-2": yes},
			{"firedrill.dev/lane-1": yes},
			{"firedrill.dev/lane-2": yes},
		},
	} {
		var got []map[string]string
		for worker := range workers {
			got = append(got, laneLabels(worker, workers))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d workers (-want +got):\n%s", workers, diff)
		}
	}
}

// Every lane has its own worker and a shared one: a broken node's pods have a place to go.
func TestEveryLaneHasTwoNodes(t *testing.T) {
	t.Parallel()
	const workers = 7
	for lane := range lanes(workers) + 1 {
		nodes := 0
		for worker := range workers {
			if laneLabels(worker, workers)[laneLabel(lane)] != "" {
				nodes++
			}
		}
		if nodes != 2 {
			t.Errorf("lane %d has %d nodes", lane, nodes)
		}
	}
}
