package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
)

func TestReadsOnly(t *testing.T) {
	t.Parallel()
	reads := [][]string{{"systemctl", "status", "kubelet"}, {"journalctl", "-u", "kubelet"}, {"crictl", "ps"}, {"systemctl", "is-enabled", "kubelet"}, {"ip", "route", "show"}}
	writes := [][]string{{"systemctl", "start", "kubelet"}, {"systemctl"}, {"sh", "-c", "true"}, {"crictl", "rm", "x"}, {"ip", "link", "set", "eth0", "down"}}
	for _, c := range reads {
		if !readsOnly(c) {
			t.Errorf("%v was taken for a change", c)
		}
	}
	for _, c := range writes {
		if readsOnly(c) {
			t.Errorf("%v was taken for a look", c)
		}
	}
}

// pagedOn begins a run on the cluster c1 and pages its trainee.
func pagedOn(t *testing.T, f *Factory, run, node string) {
	t.Helper()
	beginRun(t, f, drill.Created{Run: run, Cluster: cluster.DefaultName, ClusterID: "c1", Node: node})
	r, err := f.openRun(run)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.journal.Append(t.Context(), "page", drill.Page{Text: "p"}); err != nil {
		t.Fatal(err)
	}
}

func TestWhichRunAShellIsFor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		runs  map[string]string // nodes by run
		named string
		node  string
		want  string
		warns bool
	}{
		"none under way":          {node: "w3"},
		"the only one":            {runs: map[string]string{"shop-aaaaa": ""}, node: "w1", want: "shop-aaaaa"},
		"named":                   {runs: map[string]string{"shop-aaaaa": "w3", "shop-bbbbb": ""}, named: "shop-bbbbb", node: "w3", want: "shop-bbbbb"},
		"whose node it is":        {runs: map[string]string{"shop-aaaaa": "w3", "shop-bbbbb": "w4", "shop-ccccc": ""}, node: "w4", want: "shop-bbbbb"},
		"named one is over":       {runs: map[string]string{"shop-aaaaa": "w3", "shop-bbbbb": ""}, named: "shop-zzzzz", node: "w3", want: "shop-aaaaa"},
		"nobody can tell":         {runs: map[string]string{"shop-aaaaa": "w3", "shop-bbbbb": ""}, node: "w1", warns: true},
		"nobody can tell of two ": {runs: map[string]string{"shop-aaaaa": "", "shop-bbbbb": ""}, node: "w1", warns: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := testFactory(t)
			errOut := new(strings.Builder)
			f.IO.Err = errOut
			getenv := f.Getenv
			f.Getenv = func(key string) string {
				if key == "FIREDRILL_RUN" {
					return tc.named
				}
				return getenv(key)
			}
			for run, node := range tc.runs {
				pagedOn(t, f, run, node)
			}
			recorder, err := f.recorderFor(t.Context(), "c1", tc.node, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if r, ok := recorder.(*runRecorder); ok {
				got = r.run.name()
			}
			if got != tc.want {
				t.Errorf("recorded for %q, want %q", got, tc.want)
			}
			if warned := strings.Contains(errOut.String(), "what is done on node "+tc.node+" is not recorded"); warned != tc.warns {
				t.Errorf("warned = %t: %s", warned, errOut)
			}
		})
	}
}

// The control plane's node is open only while no run is under way, paged or not.
func TestNoShellOnTheControlPlaneInADrill(t *testing.T) {
	t.Parallel()
	controlPlane := cluster.NodeInfo{Name: "firedrill-control-plane", Role: cluster.RoleControlPlane}
	f := testFactory(t)
	beginRun(t, f, drill.Created{Run: "shop-other", Cluster: "another", ClusterID: "c9"})
	if err := f.refuseControlPlane(controlPlane, "c1"); err != nil {
		t.Errorf("refused without a run on it: %v", err)
	}
	beginRun(t, f, drill.Created{Run: "shop-aaaaa", Cluster: cluster.DefaultName, ClusterID: "c1"})
	err := f.refuseControlPlane(controlPlane, "c1")
	if exitCode(err) != exitUsage || !strings.Contains(err.Error(), "while run shop-aaaaa is under way") {
		t.Errorf("refuseControlPlane = %v", err)
	}
	if err := f.refuseControlPlane(cluster.NodeInfo{Name: "firedrill-worker", Role: cluster.RoleWorker}, "c1"); err != nil {
		t.Errorf("a worker was refused: %v", err)
	}
}

// A line of shell given as one argument is one unknown program: how it ended is told
// without its secrets.
func TestSecretsOfACommandAreNotRecorded(t *testing.T) {
	t.Parallel()
	for _, command := range [][]string{
		{"PGPASSWORD=hunter2 psql"},
		{"PGPASSWORD=hunter2", "psql"},
		{"mysql -phunter2 shop"},
		{"curl -u app:hunter2 http://shop"},
	} {
		f, r := pagedRun(t, "")
		s := &runRecorder{run: r}
		if _, err := s.Started(t.Context(), "w1", command); err != nil {
			t.Fatal(err)
		}
		if err := s.Ended(t.Context(), "w1", command, 127); err != nil {
			t.Fatal(err)
		}
		r, err := f.openRun(r.name())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Events) != 2 || !strings.Contains(r.Events[1].Text, "on node w1 ended with exit code 127") {
			t.Errorf("%q: events %+v", command, r.Events)
		}
		journal, err := os.ReadFile(filepath.Join(r.store.Dir(r.name()), session.JournalFile))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(journal), "hunter2") {
			t.Errorf("%q: the journal holds the password: %s", command, journal)
		}
	}
}
