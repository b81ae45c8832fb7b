//go:build !windows

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/iostreams"
)

// TestARunOnANamedCluster: what its trainee is told to type, and what the shell opens, is about
// the run's cluster and no other.
func TestARunOnANamedCluster(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ ssh, env string }{
		cluster.DefaultName: {"firedrill ssh NODE", "shop-aaaaa on " + cluster.DefaultName},
		"second":            {"firedrill ssh --name second NODE", "shop-aaaaa on second"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, r, out := begunRun(t, drill.Created{Run: "shop-aaaaa", Cluster: name})
			errOut := new(strings.Builder)
			f.IO.Err = errOut
			if err := f.printHowTo(r); err != nil || !strings.Contains(errOut.String(), tt.ssh+"\n") {
				t.Errorf("told %s, %v; want %q in it", errOut, err, tt.ssh)
			}
			f.IO.In = strings.NewReader("echo $FIREDRILL_RUN on $FIREDRILL_CLUSTER\n")
			if err := f.openShell(t.Context(), r, ""); err != nil || strings.TrimSpace(out.String()) != tt.env {
				t.Errorf("in the shell: %q, %v; want %q", out, err, tt.env)
			}
		})
	}
}

// TestTheShellNamesKubectl: the kubectl of a drill's shell has a name that tells its command, and
// one that must not be called otherwise keeps its own. cat stands for kubectl: it says its name
// before each file that it does not find.
func TestTheShellNamesKubectl(t *testing.T) {
	f, r, _ := begunRun(t, drill.Created{Run: "shop-aaaaa"})
	cat, err := exec.LookPath("cat")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(cat)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "kubectl.1.37")
	if err := os.WriteFile(program, data, 0o700); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	outer := filepath.Join(dir, "outer") // of the drill whose shell the one under test is opened in
	if err := errors.Join(os.Mkdir(outer, 0o700), os.WriteFile(filepath.Join(outer, "kubectl"), namingKubectl, 0o700)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OUTER", outer)
	for _, tt := range []struct{ target, typed, name string }{
		{program, "kubectl wait deploy/a", "kubectl-wait"},
		{program, "kubectl -n a rollout status deploy/a", "kubectl-rollout-status"},
		{program, "kubectl set -e env deploy/a", "kubectl-set-env"},
		{program, "kubectl certificate approve a", "kubectl-certificate-approve"},
		{program, "kubectl -t get pods", "kubectl-get"},
		{program, "kubectl rollout deploy/a", dir + "/bin/kubectl"},
		{program, "kubectl whoami", dir + "/bin/kubectl"},
		{program, "kubectl -n get", dir + "/bin/kubectl"},
		{program, "kubectl -- get", dir + "/bin/kubectl"},
		{cat, "kubectl get pods", dir + "/bin/kubectl"},
		{program, `PATH="$PATH:${PATH%%:*}" kubectl wait`, "kubectl-wait"},
		{program, `PATH="$OUTER:$PATH" kubectl wait`, "kubectl-wait"},
		{program, `PATH="${PATH%%:*}:$OUTER:${PATH#*:}" kubectl wait`, "kubectl-wait"},
	} {
		bin := filepath.Join(dir, "bin")
		if err := errors.Join(os.RemoveAll(bin), os.Mkdir(bin, 0o700), os.Symlink(tt.target, filepath.Join(bin, "kubectl"))); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", bin+":"+path)
		said := new(strings.Builder)
		f.IO.In, f.IO.Err = strings.NewReader(tt.typed+"\n"), said
		if err := f.openShell(t.Context(), r, ""); err == nil {
			t.Errorf("%s: the exit code of kubectl is lost", tt.typed)
		}
		if got, _, _ := strings.Cut(said.String(), ": "); got != tt.name {
			t.Errorf("%s: %q says it; want %q", tt.typed, got, tt.name)
		}
	}
	t.Setenv("PATH", path)
}

// TestARecordedShell plays a script in a shell as a person would type it.
func TestARecordedShell(t *testing.T) {
	t.Parallel()
	streams, in, out, _ := iostreams.Test()
	in.WriteString("printf 'a\\303\\244-%s\\n' \"$((40 + 2))\"\nstty size\nexit 7\n")
	f := NewFactory(streams)
	path := filepath.Join(t.TempDir(), "x.cast")
	err := f.runRecorded(exec.CommandContext(t.Context(), "/bin/sh"), path, "shop-aaaaa")
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Fatalf("ended with %v, want exit status 7", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	var header struct {
		Version, Width, Height int
		Timestamp              int64
		Title                  string
	}
	if err := json.Unmarshal(lines[0], &header); err != nil {
		t.Fatal(err)
	}
	if header.Version != 2 || header.Width != 80 || header.Height != 24 || header.Timestamp == 0 || header.Title != "firedrill shop-aaaaa" {
		t.Errorf("header %+v", header)
	}
	shown, last := "", 0.0
	for _, line := range lines[1:] {
		var event [3]any
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		at, ok := event[0].(float64)
		if !ok || at < last || event[1] != "o" {
			t.Errorf("event %s after %v s", line, last)
		}
		last = at
		shown += event[2].(string)
	}
	for _, want := range []string{"aä-42", "24 80"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not in the recording: %q", want, shown)
		}
	}
	if shown != out.String() {
		t.Errorf("recorded %q, shown %q", shown, out.String())
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	if err := f.runRecorded(exec.CommandContext(t.Context(), "/bin/sh"), path, "x"); err == nil || exitCode(err) != exitUsage || !strings.Contains(err.Error(), "name a new one") {
		t.Errorf("a recording that is there: %v", err)
	}
}
