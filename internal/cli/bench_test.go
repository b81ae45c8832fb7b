package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
)

// A script is run by the program that it names, wherever that is on this system.
func TestScriptCommand(t *testing.T) {
	bin := t.TempDir()
	found := filepath.Join(bin, "oursh")
	if runtime.GOOS == "windows" {
		found += ".exe"
	}
	if err := os.WriteFile(found, nil, 0o700); err != nil { //nolint:gosec // a program is run
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	for _, line := range []string{"#!/no/such/bin/oursh", "#!/no/such/bin/env oursh", "#! /no/such/bin/oursh"} {
		got, err := scriptCommand([]byte(line+"\necho\n"), "x.sh")
		if want := []string{found, "x.sh"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", line, got, err, want)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := scriptCommand([]byte("#!"+self+" -e\n"), "x.sh"); err != nil || !slices.Equal(got, []string{self, "-e", "x.sh"}) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := scriptCommand([]byte("#!/no/such/bin/nosh\n"), "x.sh"); err == nil || !strings.Contains(err.Error(), "nosh, which is not in PATH") {
		t.Errorf("no such program: %v", err)
	}
}

// What a script of prove does on a node is recorded for its own run, whatever others are
// under way beside it.
func TestAProvenScriptKnowsItsRun(t *testing.T) {
	t.Parallel()
	f, open := pagedRun(t, "")
	b := &bench{f: f, cluster: madeCluster(t, f, cluster.DefaultName, "c1")}
	folder, err := loadFolder(drill.Created{Scenario: "oomkilled", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	env, err := (&benchRun{bench: b, openRun: open}).env(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FIREDRILL_RUN=" + open.name(), "FIREDRILL_CLUSTER=" + cluster.DefaultName} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is not in the environment", want)
		}
	}
}
