package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/scenario"
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

// TestPlaced: what another run keeps from being started is tried again, for a while, and
// nothing else is.
func TestPlaced(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		busy  int // so many tries
		fails error
		want  string
		took  time.Duration
	}{
		"at once":          {},
		"after two tries":  {busy: 2, took: 2 * inUsePoll},
		"never":            {busy: 1 << 20, want: "run shop-aaaaa is under way", took: inUseLimit},
		"another failure":  {fails: errors.New("no node"), want: "no node"},
		"failure after it": {busy: 1, fails: errors.New("no node"), want: "no node", took: inUsePoll},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tries, told, began := 0, 0, time.Now()
				_, err := placed(t.Context(), func() (*openRun, error) {
					tries++
					if tries <= tc.busy {
						return nil, fmt.Errorf("start: %w", inUsef("run shop-aaaaa is under way"))
					}
					return nil, tc.fails
				}, func(error) error { told++; return nil })
				if got := fmt.Sprint(err); (err != nil) != (tc.want != "") || !strings.Contains(got, tc.want) {
					t.Errorf("ended with %v", err)
				}
				if took := time.Since(began).Truncate(inUsePoll); took != tc.took {
					t.Errorf("took %s, want %s", took, tc.took)
				}
				if want := min(tc.busy, 1); told != want {
					t.Errorf("told %d times what is waited for, want %d", told, want)
				}
			})
		})
	}
}

// TestBesideExams: no drill that breaks a service of the whole cluster takes the place between
// two drills of an exam, and none of an exam is begun twice.
func TestBesideExams(t *testing.T) {
	t.Parallel()
	f := testFactory(t)
	h, err := f.Home()
	if err != nil {
		t.Fatal(err)
	}
	store, err := f.store()
	if err != nil {
		t.Fatal(err)
	}
	addon, plain := scenario.Spec{BreaksAddon: "metrics-server"}, scenario.Spec{}
	refused := func(spec scenario.Spec, created drill.Created, want string) {
		t.Helper()
		err := f.besideExams("c1", store, spec, created)
		if (err != nil) != (want != "") || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%+v: %v, want %q", created, err, want)
		}
	}
	first := drill.Created{Run: "shop-aaaaa", ClusterID: "c1", Exam: "exam-aaaaa", ExamItem: 1}
	refused(addon, drill.Created{}, "")
	exam := "apiVersion: firedrill.dev/v1alpha1\nkind: Exam\ntitle: Spring\nscenarios:\n  - name: oomkilled\n  - name: bad-probe\n"
	if err := home.WriteFile(filepath.Join(h.Exam("exam-aaaaa"), examFile), []byte(exam), home.FilePerm); err != nil {
		t.Fatal(err)
	}
	refused(addon, drill.Created{}, "exam exam-aaaaa is not over") // it may come here
	refused(plain, drill.Created{}, "")
	refused(addon, first, "")

	beginRun(t, f, first)
	refused(plain, first, "drill 1 of exam exam-aaaaa was begun already: run shop-aaaaa")
	refused(plain, drill.Created{Exam: "exam-aaaaa", ExamItem: 2}, "")
	refused(plain, drill.Created{Exam: "exam-bbbbb", ExamItem: 1}, "")
	refused(addon, drill.Created{}, "exam exam-aaaaa is not over")
	if err := f.besideExams("c2", store, addon, drill.Created{}); err != nil {
		t.Errorf("an exam on another cluster: %v", err)
	}
	r, err := f.openRun("shop-aaaaa")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.journal.Append(t.Context(), "phase", drill.PhaseChange{Phase: drill.PhaseFinished, Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	refused(plain, first, "") // it never got to its page
}

// TestPlaceOfACaseOfAProof: a drill that breaks a service of the whole cluster has no other
// beside it, unless both are cases of one proof, which keeps them apart itself.
func TestPlaceOfACaseOfAProof(t *testing.T) {
	t.Parallel()
	addon, plain := scenario.Spec{BreaksAddon: "metrics-server"}, scenario.Spec{}
	for name, tc := range map[string]struct {
		there   drill.Created
		spec    scenario.Spec
		created drill.Created
		refused bool
	}{
		"a drill beside a drill":                       {drill.Created{}, plain, drill.Created{}, false},
		"an addon's beside a drill":                    {drill.Created{}, addon, drill.Created{}, true},
		"a drill beside an addon's":                    {drill.Created{Addon: "metrics-server"}, plain, drill.Created{}, true},
		"an addon's beside one of its proof":           {drill.Created{ProofID: "proof-a"}, addon, drill.Created{ProofID: "proof-a"}, false},
		"one beside an addon's of its proof":           {drill.Created{ProofID: "proof-a", Addon: "metrics-server"}, plain, drill.Created{ProofID: "proof-a"}, false},
		"an addon's beside one of another proof":       {drill.Created{ProofID: "proof-a"}, addon, drill.Created{ProofID: "proof-b"}, true},
		"a drill beside an addon's of a proof":         {drill.Created{ProofID: "proof-a", Addon: "metrics-server"}, plain, drill.Created{}, true},
		"a proof's addon's beside a trainee's drill":   {drill.Created{}, addon, drill.Created{ProofID: "proof-a"}, true},
		"a drill of an exam beside an addon's (proof)": {drill.Created{ProofID: "proof-a", Addon: "metrics-server"}, plain, drill.Created{Exam: "exam-a", ExamItem: 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := testFactory(t)
			c := madeCluster(t, f, cluster.DefaultName, "c1")
			tc.there.Run, tc.there.Cluster, tc.there.ClusterID = "shop-aaaaa", c.Name(), c.ID()
			beginRun(t, f, tc.there)
			store, err := f.store()
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = f.place(t.Context(), c, store, tc.spec, tc.created)
			var inUse *inUseError
			if errors.As(err, &inUse) != tc.refused || !tc.refused && err != nil {
				t.Errorf("%v, want it refused: %v", err, tc.refused)
			}
		})
	}
}
