//go:build e2e

package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// rating is the part of "report -o json" that says how a run is rated.
type rating struct {
	Grade *struct {
		Total, Process, Technical float64
		Parts                     []struct {
			Name        string
			Points, Max float64
			Lines       []struct{ Text, Evidence string }
		}
	}
	Checks []struct{ ID string }
}

func (d *drill) grade() rating {
	d.Helper()
	return decode[rating](d.T, firedrill.must(d.T, "report", d.started.Run, "-o", "json"))
}

// A graded run, and then the demo of its scenario: the demo gives the answer away, and is
// refused while the run is not decided.
func graded(t *testing.T) {
	t.Helper()
	t.Run("expert", anExpertIsRatedAsOne)
	t.Run("demo", demo)
}

// An expert's run, told and repaired in the order that the rubric wants, is rated as one
// by what was really observed: audit events, users' requests, check states. Nothing of how
// the checks stand is told before the verdict, and every point names what it rests on.
func anExpertIsRatedAsOne(t *testing.T) {
	d := begin(t, "oomkilled", "limit-cut", "--mode", "graded")
	run := d.started.Run
	firedrill.must(t, "ack", run)
	firedrill.must(t, "severity", run, "SEV2", "--reason", "customers lose orders")
	if s := d.status(); len(s.Checks)+len(s.Safeguards) > 0 || strings.Contains(s.Verdict, "rolled-out") {
		t.Errorf("a graded run tells how the checks stand: %+v", s)
	}
	if before := d.grade(); before.Grade != nil || len(before.Checks) > 0 {
		t.Errorf("rated before the verdict: %+v", before)
	}
	if r := firedrill.run(t, "demo", "oomkilled"); r.code != 2 || !strings.Contains(r.stderr, run) {
		t.Errorf("the demo beside a graded run: exit code %d, %s", r.code, r.stderr)
	}
	d.kubectl("get", "pods")
	pod := d.restarted()
	deployment := "deployment/" + d.variables["app"]
	d.kubectl("describe", "pod", pod)
	d.kubectl("logs", pod, "--previous", "--tail=5")
	d.kubectl("rollout", "history", deployment, "--revision=2")
	d.kubectl("get", deployment, "-o", "yaml")
	firedrill.must(t, "diagnose", run, "--class", "configuration", "--object", d.option("objects", "(its settings)"),
		"--mechanism", d.option("mechanisms", "smaller than the bounded working set"))
	firedrill.must(t, "note", run, "the release cut the memory limit: rolling back")
	d.kubectl("rollout", "undo", deployment)
	d.inShell("kubectl wait --for=condition=Available " + deployment + " --timeout=1m")
	firedrill.must(t, "note", run, "rolled back, watching the restarts")
	firedrill.must(t, "resolve", run, "--kind", "mitigation", "--done", "rolled back", "--follow-up", "size the limit from the working set")
	d.recovers()
	g := d.grade().Grade
	if g == nil || g.Total < 95 || g.Process < 9 || g.Technical < 9 {
		t.Fatalf("an expert's run: %+v", g)
	}
	if !slices.ContainsFunc(d.report().Timeline, func(e event) bool { return e.Verb == "wait" && e.Resource == "deployments" }) {
		t.Errorf("what was waited for in the drill's shell is not told as that: %+v", d.report().Timeline)
	}
	sum := 0.0
	for _, p := range g.Parts {
		sum += p.Points
		for _, l := range p.Lines {
			if l.Evidence == "" {
				t.Errorf("%s: %q rests on nothing", p.Name, l.Text)
			}
		}
	}
	if sum < g.Total-0.1 || sum > g.Total+0.1 {
		t.Errorf("the parts sum to %.2f, the total is %.2f", sum, g.Total)
	}
	if html := firedrill.must(t, "report", run, "-o", "html"); !strings.Contains(html, "<svg") || strings.Contains(html, "<script src") {
		t.Error("the HTML report has no chart, or needs more than itself")
	}
	firedrill.must(t, "end", run)
	if said := firedrill.must(t, "report", run, "--verify"); !strings.Contains(said, "sealed") {
		t.Errorf("after the end the journal is %q", said)
	}
}

// inShell types a line in the drill's shell.
func (d *drill) inShell(line string) {
	d.Helper()
	cmd := exec.Command(firedrill.binary, "shell", d.started.Run, "--name", *clusterName)
	cmd.Env, cmd.Stdin = d.env, strings.NewReader(line+"\n")
	if r := capture(d.T, cmd); r.code != 0 {
		d.Fatalf("%s, in the drill's shell: exit code %d\n%s%s", line, r.code, r.stdout, r.stderr)
	}
}

// option is the one of diagnose's options that contains the text.
func (d *drill) option(of, text string) string {
	d.Helper()
	options := decode[map[string][]string](d.T, firedrill.must(d.T, "diagnose", d.started.Run, "--options", "-o", "json"))[of]
	i := slices.IndexFunc(options, func(o string) bool { return strings.Contains(o, text) })
	if i < 0 || len(options) < 4 {
		d.Fatalf("options of %s: %q, want four or more and one with %q", of, options, text)
	}
	return options[i]
}

// restarted waits for a pod whose container was killed.
func (d *drill) restarted() (pod string) {
	d.Helper()
	eventually(d.T, time.Minute, "a container that was killed", func() (bool, string) {
		cmd := exec.Command("kubectl", "get", "pods", "-o",
			`jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].restartCount}{"\n"}{end}`)
		cmd.Env = d.env
		out := capture(d.T, cmd).stdout
		for line := range strings.Lines(out) {
			name, count, _ := strings.Cut(strings.TrimSpace(line), " ")
			if count != "" && count != "0" {
				pod = name
				return true, out
			}
		}
		return false, out
	})
	return pod
}

// What the README's first command runs: a whole drill to its verdict, and nothing left of it.
func demo(t *testing.T) {
	r := firedrill.run(t, "demo", "oomkilled")
	for _, want := range []string{"recovered: ", "Timeline", "rolled back deployment", "What a senior reviewer says"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the demo does not tell %q", want)
		}
	}
	if r.code != 0 || t.Failed() {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}
