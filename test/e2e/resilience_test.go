//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// home is the folder of the tests' own state.
func home() string {
	for _, e := range firedrill.env {
		if v, ok := strings.CutPrefix(e, "FIREDRILL_HOME="); ok {
			return v
		}
	}
	return ""
}

// referee is the process ID of a run's referee.
func referee(t *testing.T, run string) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(home(), "runs", run, "referee.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill -9 %d: %v", pid, err)
	}
}

// eventually polls until ok, and fails with what was last seen.
func eventually(t *testing.T, within time.Duration, what string, ok func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		done, seen := ok()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %s; last seen: %s", what, within, seen)
		}
		time.Sleep(time.Second)
	}
}

// A referee that is killed goes on with the next command, loses no action, and gives no
// verdict that it did not see.
func killedReferee(t *testing.T) {
	t.Helper()
	d := begin(t, "oomkilled", "limit-cut")
	d.script(filepath.Join("..", "..", "scenarios", "oomkilled", "wrong-fixes", "limit-removed.sh"))
	eventually(t, time.Minute, "the action in the timeline", func() (bool, string) {
		return d.sees("patch"), d.verbs()
	})
	kill(t, referee(t, d.started.Run))
	// The trainee goes on while nobody watches.
	app := d.variables["app"]
	d.kubectl("set", "resources", "deployment/"+app, "-c", app, "--limits=memory=112Mi")
	d.kubectl("rollout", "status", "deployment/"+app, "--timeout=120s")
	bypass(t, "annotate", "deployment/"+app, "--namespace", d.started.Namespace, "by=somebody-else")
	if s := d.status(); s.Recovered {
		t.Fatalf("a verdict that nobody saw: %+v", s)
	}
	eventually(t, 2*time.Minute, "the hold", func() (bool, string) {
		s := d.status()
		return s.Hold.Phase == "holding", s.Hold.Phase + ": " + s.Verdict
	})
	kill(t, referee(t, d.started.Run))
	killed := time.Now()
	d.recovers() // put right again within the time limit
	if at := d.report().Times.Recovered.At; at == nil || at.Before(killed.Add(-time.Second)) {
		t.Errorf("recovered at %v: the hold whose referee was killed at %v counted", at, killed)
	}
	if !d.sees("patch") || !d.sees("set") {
		t.Errorf("actions lost over the kill: %s", d.verbs())
	}
	if n := d.count("patch"); n != 1 {
		t.Errorf("the patch is in the timeline %d times", n)
	}
	by := map[string]string{}
	for _, e := range d.report().Timeline {
		by[e.Verb] = e.Actor
	}
	if by["annotate"] != "admin" || by["patch"] != "trainee" {
		t.Errorf("who did what: %v; want the annotation by the administrator's kubeconfig told as such", by)
	}
	killedWhileEnding(t, d.started.Run)
}

// killedWhileEnding kills a referee that takes the run away: the next end goes on with it, and
// leaves nothing (begin looks at that).
func killedWhileEnding(t *testing.T, run string) {
	t.Helper()
	end := exec.Command(firedrill.binary, "end", run, "--name", *clusterName)
	end.Env = firedrill.env
	if err := end.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the end under way", func() (bool, string) {
		s := decode[status](t, firedrill.must(t, "status", run, "-o", "json"))
		return s.Phase == "ending", s.Phase
	})
	kill(t, referee(t, run))
	_ = end.Wait() // it may have begun the referee anew, or not
}

// bypass runs kubectl with the administrator's kubeconfig, as a trainee is not to.
func bypass(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("kubectl", append([]string{"--kubeconfig", filepath.Join(home(), "clusters", *clusterName, "kubeconfig")}, args...)...)
	if r := capture(t, cmd); r.code != 0 {
		t.Fatalf("kubectl %s: %s", strings.Join(args, " "), r.stderr)
	}
}

// A run killed before its page ends up paged or clean with the next command.
func killedWhileStarting(t *testing.T) {
	t.Helper()
	for _, after := range []time.Duration{300 * time.Millisecond, 4 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			before := runs(t)
			cmd := exec.Command(firedrill.binary, "start", "oomkilled", "--detach", "-o", "json", "--name", *clusterName)
			cmd.Env = firedrill.env
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var run string
			eventually(t, time.Minute, "the run", func() (bool, string) {
				run = newRun(t, cmd.Process.Pid, before)
				return run != "", "no run"
			})
			time.Sleep(after)
			kill(t, cmd.Process.Pid)
			if err := cmd.Wait(); err == nil {
				t.Error("the start was not killed")
			}
			kill(t, referee(t, run))
			t.Cleanup(func() {
				firedrill.must(t, "end", run)
				assertGone(t, started{Run: run, Namespace: run})
			})
			eventually(t, 4*time.Minute, "the page", func() (bool, string) {
				s := decode[status](t, firedrill.must(t, "status", run, "-o", "json"))
				return s.Phase == "active", s.Phase + ": " + s.Verdict
			})
		})
	}
}

// Ctrl-C in the foreground leaves nothing behind.
func interruptCleansUp(t *testing.T) {
	t.Helper()
	before := runs(t)
	cmd := exec.Command(firedrill.binary, "start", "oomkilled", "--name", *clusterName)
	cmd.Env = firedrill.env
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var run string
	eventually(t, time.Minute, "the run", func() (bool, string) {
		run = newRun(t, cmd.Process.Pid, before)
		return run != "", "no run"
	})
	time.Sleep(2 * time.Second)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("exit: %v, want code 130", err)
	}
	assertGone(t, started{Run: run, Namespace: run})
	if s := decode[status](t, firedrill.must(t, "status", run, "-o", "json")); s.Phase != "finished" {
		t.Errorf("phase %q after Ctrl-C, want finished", s.Phase)
	}
}

// A reset gives a broken system and a new clock on the same run.
func reset(t *testing.T) {
	t.Helper()
	d := begin(t, "oomkilled", "limit-cut")
	d.script(filepath.Join("..", "..", "scenarios", "oomkilled", "solutions", "rollback.sh"))
	d.recovers()
	firedrill.must(t, "reset", d.started.Run)
	if s := d.status(); s.Recovered || s.Decided || s.Phase != "active" {
		t.Fatalf("after reset: %+v", s)
	}
	d.script(filepath.Join("..", "..", "scenarios", "oomkilled", "solutions", "rollback.sh"))
	d.recovers()
}

func runs(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	entries, err := os.ReadDir(filepath.Join(home(), "runs"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		found[e.Name()] = true
	}
	return found
}

// newRun is the run that the start with the given process ID began: its referee's
// parent is that process.
func newRun(t *testing.T, pid int, before map[string]bool) string {
	t.Helper()
	for run := range runs(t) {
		if before[run] {
			continue
		}
		data, err := os.ReadFile(filepath.Join(home(), "runs", run, "referee.pid"))
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(data)), "stat"))
		if err != nil {
			continue
		}
		// pid (comm) state ppid ...
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			return run
		}
	}
	return ""
}

func (d *drill) kubectl(args ...string) {
	d.Helper()
	cmd := exec.Command("kubectl", args...)
	cmd.Env = d.env
	if r := capture(d.T, cmd); r.code != 0 {
		d.Fatalf("kubectl %s: %s%s", strings.Join(args, " "), r.stdout, r.stderr)
	}
}

func (d *drill) count(verb string) int {
	d.Helper()
	n := 0
	for _, e := range d.report().Timeline {
		if e.Verb == verb {
			n++
		}
	}
	return n
}

// actsOn counts the actions on a resource.
func (d *drill) actsOn(resource string) int {
	d.Helper()
	n := 0
	for _, e := range d.report().Timeline {
		if e.Resource == resource {
			n++
		}
	}
	return n
}

func (d *drill) sees(verb string) bool {
	d.Helper()
	return d.count(verb) > 0
}

func (d *drill) verbs() string {
	d.Helper()
	var verbs []string
	for _, e := range d.report().Timeline {
		verbs = append(verbs, e.Verb)
	}
	return strings.Join(verbs, ", ")
}
