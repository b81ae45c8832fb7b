package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
)

// lends is a cluster that lends so many workers; a negative number: they are out of reach.
type lends int

func (l lends) Lanes() int { return max(int(l), -int(l)) }

func (l lends) LaneNode(_ context.Context, lane int) (string, error) {
	if l < 0 {
		return "", errors.New("docker is away")
	}
	return fmt.Sprintf("worker%d", lane), nil
}

// TestFreeLane: the seed draws among the free workers, and never one in use.
func TestFreeLane(t *testing.T) {
	t.Parallel()
	taken := []*drill.Run{{Created: drill.Created{Node: "worker2"}}, {}}
	drawn := map[string]int{}
	for seed := range int64(30) {
		node, selector, err := freeLane(t.Context(), lends(3), taken, seed)
		again, _, _ := freeLane(t.Context(), lends(3), taken, seed)
		if err != nil || node != again {
			t.Fatalf("seed %d: %s, then %s, %v", seed, node, again, err)
		}
		if want := map[string]string{"worker1": cluster.LaneSelector(1), "worker3": cluster.LaneSelector(3)}[node]; want == "" || selector != want {
			t.Fatalf("seed %d: %s on %q", seed, node, selector)
		}
		drawn[node]++
	}
	if len(drawn) != 2 {
		t.Errorf("thirty seeds drew only %v", drawn)
	}
	var busy *inUseError
	if _, _, err := freeLane(t.Context(), lends(1), []*drill.Run{{Created: drill.Created{Node: "worker1"}}}, 1); !errors.As(err, &busy) {
		t.Errorf("every worker is in use: %v", err)
	}
	if _, _, err := freeLane(t.Context(), lends(-1), nil, 1); err == nil {
		t.Error("a cluster out of reach lent a worker")
	}
}
