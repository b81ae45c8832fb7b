//go:build e2e

package e2e

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// otherCluster is one that a test makes, or does not get, beside the tests' own.
func otherCluster() string { return *clusterName + "-2" }

// containers lists those of a kind cluster, stopped ones included.
func containers(t *testing.T, cluster string) string {
	t.Helper()
	return docker(t, "ps", "--all", "--quiet", "--no-trunc", "--filter", "label=io.x-k8s.kind.cluster="+cluster)
}

func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(engine(t), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// A healthy cluster that is as it was asked for is used again, and one that differs is
// left alone until it is said that it may go.
func TestUpAgain(t *testing.T) {
	before := containers(t, *clusterName)
	again := firedrill.run(t, "up", "--workers", workers)
	if again.code != 0 || !strings.Contains(again.stdout+again.stderr, "reused") {
		t.Errorf("up again: exit code %d, and not a word of it being reused\n%s%s", again.code, again.stdout, again.stderr)
	}
	differs := firedrill.run(t, "up", "--workers", "1")
	if differs.code == 0 || !strings.Contains(differs.stderr, "--recreate") {
		t.Errorf("up with fewer workers: exit code %d, want a refusal that names --recreate\n%s", differs.code, differs.stderr)
	}
	if after := containers(t, *clusterName); after != before {
		t.Errorf("the nodes were made anew:\n%s\n%s", before, after)
	}
}

// Ctrl-C leaves nothing behind, whatever up is at.
func upInterrupted(t *testing.T) {
	t.Helper()
	for _, stage := range []struct {
		at    string
		after time.Duration
	}{
		{"Preparing nodes", 1500 * time.Millisecond},
		{"Starting control-plane", 1500 * time.Millisecond},
		{"Joining worker nodes", 1500 * time.Millisecond},
		{"Waiting for 2 nodes", 200 * time.Millisecond}, // it may be over soon, and the cluster made
	} {
		t.Run(strings.ReplaceAll(stage.at, " ", "-"), func(t *testing.T) {
			volumes, networks := docker(t, "volume", "ls", "--quiet"), docker(t, "network", "ls", "--quiet")
			kubeconfig := filepath.Join(t.TempDir(), "config")
			cmd := exec.Command(firedrill.binary, "up", "--name", otherCluster(), "--workers", "1", "--export-kubeconfig")
			cmd.Env = slices.Concat(firedrill.env, []string{"KUBECONFIG=" + kubeconfig})
			t.Cleanup(func() { _ = exec.Command(firedrill.binary, "down", "--name", otherCluster()).Run() })
			interruptAt(t, cmd, stage.at, stage.after)
			if left := containers(t, otherCluster()); left != "" {
				t.Errorf("containers left behind:\n%s", left)
			}
			if left := docker(t, "volume", "ls", "--quiet"); left != volumes {
				t.Errorf("volumes before:\n%s\nand after:\n%s", volumes, left)
			}
			if left := docker(t, "network", "ls", "--quiet"); left != networks {
				t.Errorf("networks before:\n%s\nand after:\n%s", networks, left)
			}
			for _, gone := range []string{kubeconfig, filepath.Join(home(), "clusters", otherCluster())} {
				if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s is there: %v", gone, err)
				}
			}
		})
	}
}

// interruptAt runs firedrill until it says something, and then a moment longer, presses
// Ctrl-C, and waits for its end.
func interruptAt(t *testing.T, cmd *exec.Cmd, text string, after time.Duration) {
	t.Helper()
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(5*time.Minute, func() { _ = cmd.Process.Kill() })
	defer limit.Stop()
	var said strings.Builder
	pressed := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if pressed || !strings.Contains(lines.Text(), text) {
			continue
		}
		pressed = true
		time.AfterFunc(after, func() { _ = cmd.Process.Signal(os.Interrupt) })
	}
	err = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); !pressed || code != 130 {
		t.Errorf("interrupted at %q: exit code %d (%v), want 130; it said\n%s", text, code, err, said.String())
	}
}

// What firedrill did not make it neither uses nor removes, whatever its name is.
func foreignClusterIsRefused(t *testing.T) {
	t.Helper()
	image := docker(t, "inspect", "--format", "{{.Image}}", *clusterName+"-control-plane")
	id := docker(t, "run", "--detach", "--network", "none", "--name", otherCluster()+"-control-plane",
		"--label", "io.x-k8s.kind.cluster="+otherCluster(), "--label", "io.x-k8s.kind.role=control-plane",
		"--entrypoint", "sleep", image, "600")
	t.Cleanup(func() { docker(t, "rm", "--force", id) })
	for _, args := range [][]string{{"up"}, {"up", "--recreate"}, {"down"}, {"start", "oomkilled", "--detach"}} {
		cmd := exec.Command(firedrill.binary, append(args, "--name", otherCluster())...)
		cmd.Env = firedrill.env
		r := capture(t, cmd)
		if r.code == 0 || !strings.Contains(r.stderr, "not made by this firedrill") {
			t.Errorf("%s of a foreign cluster: exit code %d, want a refusal that says whose it is not\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
		}
		if state := docker(t, "inspect", "--format", "{{.State.Status}}", id); state != "running" {
			t.Fatalf("after %s the foreign container is %s", strings.Join(args, " "), state)
		}
	}
	if _, err := os.Stat(filepath.Join(home(), "clusters", otherCluster())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written down of a foreign cluster: %v", err)
	}
}
