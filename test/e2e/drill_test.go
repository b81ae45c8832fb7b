//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/scenario"
)

// started, status and told are the parts of the contract (docs/cli.md) that the tests
// read, declared here again on purpose: a field that is renamed breaks these tests.
type started struct {
	Run        string
	Scenario   string
	Namespace  string
	Kubeconfig string
	Nodes      []string
	Node       string
}

type status struct {
	Phase     string
	Trouble   string
	Verdict   string
	Recovered bool
	Decided   bool
	Checks    []struct {
		ID, Reason, Evidence string
		Passed               bool
	}
	Safeguards []struct {
		ID, Reason string
		Held       bool
	}
	Hold struct {
		Required, Elapsed float64
		Phase             string
	}
}

type told struct {
	Verdict struct {
		Recovered bool
		Reason    string
	}
	Proofs []struct {
		What   string
		Passed bool
		Checks []struct {
			ID, Reason string
			Passed     bool
		}
	}
	Times struct {
		FirstAction, Recovered struct {
			At       *time.Time
			Evidence string
		}
	}
	Timeline []event
}

type event struct{ Actor, Verb, Resource, Text string }

// drill is one run under test.
type drill struct {
	*testing.T
	started
	scenario  string
	variables map[string]string // that its seed drew
	env       []string
}

// begin starts a drill and makes sure that it is ended, whatever becomes of the test.
func begin(t *testing.T, name, variant string, args ...string) *drill {
	t.Helper()
	s := decode[started](t, firedrill.must(t,
		append([]string{"start", name, "--variant", variant, "--detach", "-o", "json", "--seed", "1"}, args...)...))
	return adopt(t, s, name, variant)
}

// adopt takes a drill in hand that was begun with the seed 1.
func adopt(t *testing.T, s started, name, variant string) *drill {
	t.Helper()
	d := &drill{T: t, started: s, scenario: name, variables: variablesOf(t, name, variant, 1)}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("report of %s:\n%s", s.Run, firedrill.run(t, "report", s.Run).stdout)
		}
		firedrill.must(t, "end", s.Run)
		assertGone(t, s)
	})
	d.env = append(os.Environ(), "KUBECONFIG="+s.Kubeconfig, "NAMESPACE="+s.Namespace, "NODE="+s.Node, "RUN="+s.Run,
		"FIREDRILL="+wrapper(t))
	for name, value := range d.variables {
		d.env = append(d.env, scenario.EnvName(name)+"="+value)
	}
	return d
}

// in is the same drill in a part of its test.
func (d *drill) in(t *testing.T) *drill {
	part := *d
	part.T = t
	return &part
}

// wrapper is a firedrill that knows the tests' home and cluster, for the scripts.
func wrapper(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "firedrill")
	text := "#!/bin/sh\nFIREDRILL_HOME='" + home() + "' exec '" + firedrill.binary + "' --name '" + *clusterName + "' \"$@\"\n"
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// variablesOf are the values that a seed draws: what a run hides of them is not asked for.
func variablesOf(t *testing.T, name, variant string, seed int64) map[string]string {
	t.Helper()
	entries, err := scenario.OpenAll(filepath.Join("..", "..", "scenarios"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name != name {
			continue
		}
		folder, err := entry.Load(scenario.Vars{Seed: seed, Values: map[string]string{scenario.VarVariant: variant}})
		if err != nil {
			t.Fatal(err)
		}
		drawn := map[string]string{}
		for _, v := range folder.Scenario.Spec.Variables {
			drawn[v.Name] = folder.Vars[v.Name]
		}
		return drawn
	}
	t.Fatalf("there is no scenario %s", name)
	return nil
}

func (d *drill) status() status {
	d.Helper()
	return decode[status](d.T, firedrill.must(d.T, "status", d.started.Run, "-o", "json"))
}

func (d *drill) report() told {
	d.Helper()
	return decode[told](d.T, firedrill.must(d.T, "report", d.started.Run, "-o", "json"))
}

// script runs one of the scenario's scripts as the trainee.
func (d *drill) script(path string) {
	d.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = d.env
	out, err := cmd.CombinedOutput()
	d.Logf("%s:\n%s", filepath.Base(path), out)
	if err != nil {
		d.Fatalf("%s: %v", path, err)
	}
}

// recovers waits for the verdict.
func (d *drill) recovers() {
	d.Helper()
	r := firedrill.run(d.T, "wait", d.started.Run, "--for", "recovered", "--timeout", "5m")
	if r.code != 0 {
		d.Fatalf("wait: exit code %d\n%s\n%s", r.code, r.stderr, firedrill.run(d.T, "status", d.started.Run).stdout)
	}
	told := d.report()
	if !told.Verdict.Recovered || told.Times.Recovered.At == nil || told.Times.Recovered.Evidence == "" {
		d.Errorf("the report does not say when and why it was recovered: %+v", told)
	}
	if told.Times.FirstAction.At == nil || len(told.Timeline) == 0 {
		d.Errorf("no action of the trainee in the report: %+v", told.Timeline)
	}
}

// assertGone asserts that nothing of the run is left in the cluster.
func assertGone(t *testing.T, s started) {
	t.Helper()
	for _, args := range [][]string{
		{"get", "namespace", s.Namespace, "--ignore-not-found", "-o", "name"},
		{"get", "pods", "-n", "firedrill-system", "-l", "firedrill.dev/run=" + s.Run, "-o", "name"},
		{"get", "clusterroles,clusterrolebindings,csr", "-l", "firedrill.dev/run=" + s.Run, "-o", "name"},
		{"get", "roles,rolebindings", "-A", "-l", "firedrill.dev/run=" + s.Run, "-o", "name"},
	} {
		if out := admin(t, args...); strings.TrimSpace(out) != "" {
			t.Errorf("left behind after end: kubectl %s: %s", strings.Join(args, " "), out)
		}
	}
	if s.Node == "" { // the nodes of other drills are theirs to cordon
		return
	}
	if out := admin(t, "get", "node", s.Node, "-o", "jsonpath={.spec.unschedulable}"); out == "true" {
		t.Errorf("left cordoned after end: %s", s.Node)
	}
}

// admin runs kubectl with the referee's kubeconfig.
func admin(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("kubectl", append([]string{"--kubeconfig", filepath.Join(home(), "clusters", *clusterName, "referee.kubeconfig")}, args...)...)
	r := capture(t, cmd)
	if r.code != 0 {
		t.Fatalf("kubectl %s: %s", strings.Join(args, " "), r.stderr)
	}
	return r.stdout
}
