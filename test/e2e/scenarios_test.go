//go:build e2e

package e2e

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// scenario is one that is proven in both directions. Those that break a node run alone.
type scenario struct {
	name  string
	alone bool
	hold  time.Duration // how long a refused system is watched: longer than the hold
}

func scenarios() []scenario {
	return []scenario{
		{name: "oomkilled", hold: 40 * time.Second},
		{name: "node-notready", alone: true, hold: 40 * time.Second},
	}
}

func TestScenarios(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			s.test(t, "untouched", func(t *testing.T) {
				d := begin(t, s.name)
				d.provenBroken()
				d.neverRecovers(s.hold + 20*time.Second)
				r := firedrill.run(t, "wait", d.started.Run, "--for", "recovered", "--timeout", "1s")
				if r.code != 3 {
					t.Errorf("wait: exit code %d, want 3", r.code)
				}
			})
			for _, path := range scripts(t, s.name, "solutions", 2) {
				s.test(t, "solution/"+base(path), func(t *testing.T) {
					d := begin(t, s.name)
					d.script(path)
					d.recovers()
				})
			}
			for _, path := range scripts(t, s.name, "wrong-fixes", 3) {
				s.test(t, "wrong/"+base(path), func(t *testing.T) {
					d := begin(t, s.name)
					d.script(path)
					d.refusedFor(refused(t, path), s.hold)
				})
			}
		})
	}
}

func (s scenario) test(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		if !s.alone {
			t.Parallel()
		}
		f(t)
	})
}

// scripts lists a scenario's scripts; fewer than the least wanted is a failure.
func scripts(t *testing.T, scenario, folder string, least int) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "scenarios", scenario, folder, "*.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < least {
		t.Fatalf("%s has %d %s, want at least %d", scenario, len(paths), folder, least)
	}
	return paths
}

func base(path string) string { return strings.TrimSuffix(filepath.Base(path), ".sh") }

// refused is the safeguard that a wrong fix says it is refused by.
func refused(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "# refused: "); ok {
			return strings.TrimSpace(name)
		}
	}
	t.Fatalf("%s does not say what it is refused for", path)
	return ""
}
