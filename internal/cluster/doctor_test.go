package cluster

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/home"
)

func levelOf(t *testing.T, e Examination, check string) Level {
	t.Helper()
	for _, finding := range e.Findings {
		if finding.Check == check {
			return finding.Level
		}
	}
	t.Errorf("no finding %q in %+v", check, e.Findings)
	return ""
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	good := EngineInfo{Provider: "docker", Version: "28.0.1", CgroupVersion: "2", CPUs: 4, MemoryBytes: 8 << 30, OSType: "linux"}
	for _, tc := range []struct {
		name   string
		change func(*EngineInfo)
		check  string
		want   Level
	}{
		{"all is well", func(*EngineInfo) {}, "engine", LevelOK},
		{"old engine", func(i *EngineInfo) { i.Version = "19.03.1" }, "version", LevelFail},
		{"version unknown", func(i *EngineInfo) { i.Version = "" }, "version", LevelWarn},
		{"Windows containers", func(i *EngineInfo) { i.OSType = "windows" }, "engine", LevelFail},
		{"cgroup v1", func(i *EngineInfo) { i.CgroupVersion = "1" }, "cgroup", LevelOK},
		{"cgroup unknown", func(i *EngineInfo) { i.CgroupVersion = "" }, "cgroup", LevelWarn},
		{"little memory", func(i *EngineInfo) { i.MemoryBytes = 3 << 30 }, "memory", LevelWarn},
		{"too little memory", func(i *EngineInfo) { i.MemoryBytes = 1 << 30 }, "memory", LevelFail},
		{"one CPU", func(i *EngineInfo) { i.CPUs = 1 }, "cpu", LevelWarn},
		{"a full disk elsewhere is not seen", func(i *EngineInfo) { i.Name = "elsewhere" }, "disk", LevelOK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 1)
			info := good
			tc.change(&info)
			f.engine.info = func() (EngineInfo, error) { return info, nil }
			e, err := f.Doctor(t.Context(), DefaultName, "")
			if err != nil {
				t.Fatal(err)
			}
			if got := levelOf(t, e, tc.check); got != tc.want {
				t.Errorf("%s = %s, want %s", tc.check, got, tc.want)
			}
			if tc.want == LevelFail && e.OK {
				t.Error("a drill could run although a check failed")
			}
			curesAll(t, e.Findings)
		})
	}
}

// curesAll asserts that what is not ok says what to do, and nothing else does.
func curesAll(t *testing.T, findings []Finding) {
	t.Helper()
	for _, finding := range findings {
		if (finding.Level == LevelOK) != (finding.Cure == "") {
			t.Errorf("%s is %s with the cure %q", finding.Check, finding.Level, finding.Cure)
		}
	}
}

// brokenEngine fails to answer about what it holds.
type brokenEngine struct{ *fakeEngine }

func (brokenEngine) ImageID(context.Context, string) (string, error) { return "", errors.New("broken") }

func (brokenEngine) Nodes(context.Context, string) ([]container, error) {
	return nil, errors.New("broken")
}

// TestDoctorCures: what to do where something cannot be found out.
func TestDoctorCures(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*fixture, *visit)
		probe  func(*visit) probe
		level  Level
		cure   string // a part of it
	}{
		{"an engine that fails in its own way", func(_ *fixture, v *visit) { v.engineErr = errors.New("odd") }, func(v *visit) probe { return v.probeEngine }, LevelFail, "docker info"},
		{"an engine without a cure", func(_ *fixture, v *visit) { v.engineErr = &NotReadyError{What: "odd"} }, func(v *visit) probe { return v.probeEngine }, LevelFail, "docker info"},
		{"version unknown", func(_ *fixture, v *visit) { v.engine.Version = "" }, func(v *visit) probe { return v.probeVersion }, LevelWarn, "older than 20.10"},
		{"version unknown, of an engine without a minimum", func(_ *fixture, v *visit) { v.engine = EngineInfo{Provider: "finch"} }, func(v *visit) probe { return v.probeVersion }, LevelWarn, "`finch version`"},
		{"cgroup unknown", func(_ *fixture, v *visit) { v.engine.CgroupVersion = "" }, func(v *visit) probe { return v.probeCgroup }, LevelWarn, "stat -fc %T /sys/fs/cgroup"},
		{"memory unknown", func(_ *fixture, v *visit) { v.engine.MemoryBytes = 0 }, func(v *visit) probe { return v.probeMemory }, LevelWarn, "free -h"},
		{"CPUs unknown", func(_ *fixture, v *visit) { v.engine.CPUs = 0 }, func(v *visit) probe { return v.probeCPU }, LevelWarn, "nproc"},
		{"images unknown", func(f *fixture, v *visit) { v.manager.engine = brokenEngine{f.engine} }, func(v *visit) probe { return v.probeImage }, LevelFail, "docker images"},
		{"nodes unknown", func(f *fixture, v *visit) { v.manager.engine = brokenEngine{f.engine} }, func(v *visit) probe { return v.probeCluster }, LevelFail, "docker ps -a"},
		{"state broken", func(f *fixture, _ *visit) { write(t, statePath(f.home, DefaultName), "{") }, func(v *visit) probe { return v.probeCluster }, LevelFail, "state.json away and run `firedrill down`"},
		{"not ours", func(f *fixture, _ *visit) { f.engine.containers = []container{{Name: "x"}} }, func(v *visit) probe { return v.probeCluster }, LevelFail, "--name"},
		{"another cluster in its place", func(f *fixture, _ *visit) {
			mustUp(t, f, Options{})
			f.client = newClient()
		}, func(v *visit) probe { return v.probeCluster }, LevelFail, "--name"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 1)
			v := &visit{manager: f.Manager, name: DefaultName, goos: "linux"}
			v.engine, v.engineErr = f.engine.Info(t.Context())
			tc.change(f, v)
			got := tc.probe(v)(t.Context())
			if got.Level != tc.level || !strings.Contains(got.Cure, tc.cure) {
				t.Errorf("got %+v, want %s with the cure %q", got, tc.level, tc.cure)
			}
		})
	}
}

// TestAMovedStateIsNoObstacle: the cure of a state that cannot be read works.
func TestAMovedStateIsNoObstacle(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	mustUp(t, f, Options{Workers: 2})
	if err := os.Rename(statePath(f.home, DefaultName), filepath.Join(t.TempDir(), "state.json")); err != nil {
		t.Fatal(err)
	}
	if existed, err := f.Down(t.Context(), DefaultName); err != nil || !existed {
		t.Errorf("Down = %t, %v", existed, err)
	}
	nothingLeft(t, f)
}

// TestInotify: the limits, and what raises those that are too low.
func TestInotify(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, watches, instances string
		level                    Level
		cure                     string
	}{
		{"wide", "524288", "1024", LevelOK, ""},
		{"tight", "524288", "128", LevelWarn, "Run `sudo sysctl -w fs.inotify.max_user_instances=512`, and put it into /etc/sysctl.d to keep it."},
		{"too tight", "1000", "128", LevelFail, "Run `sudo sysctl -w fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512`, and put it into /etc/sysctl.d to keep it."},
		{"unknown", "", "512", LevelWarn, "If nodes fail with \"too many open files\", run `sudo sysctl -w fs.inotify.max_user_watches=524288` on the machine whose kernel they use."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "max_user_watches"), tc.watches)
			write(t, filepath.Join(dir, "max_user_instances"), tc.instances)
			if got := inotify(dir); got.Level != tc.level || got.Cure != tc.cure || got.Message == "" {
				t.Errorf("got %+v, want %s with the cure %q", got, tc.level, tc.cure)
			}
		})
	}
}

// TestEveryProbeNamesACure: no probe leaves the cure of what is wrong empty, also where no
// test can make it go wrong.
func TestEveryProbeNamesACure(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("probe_*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no probes: %v", err)
	}
	for _, name := range files {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if literal, ok := n.(*ast.CompositeLit); ok {
				if of, ok := literal.Type.(*ast.Ident); ok && of.Name == "Finding" {
					t.Errorf("%s: use foundOK, foundWarn or foundFail", fset.Position(n.Pos()))
				}
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if of, ok := call.Fun.(*ast.Ident); !ok || of.Name != "foundWarn" && of.Name != "foundFail" {
				return true
			}
			if cure, ok := call.Args[2].(*ast.BasicLit); ok && len(cure.Value) < len(`"Do it."`) {
				t.Errorf("%s: no cure", fset.Position(n.Pos()))
			}
			return true
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := home.WriteFile(path, []byte(text), home.FilePerm); err != nil {
		t.Fatal(err)
	}
}

func TestDoctorWithoutAnEngine(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	f.engine.info = func() (EngineInfo, error) {
		return EngineInfo{}, &NotReadyError{What: "the container engine docker cannot be reached", Cure: "Start it.", Err: errors.New("no answer")}
	}
	e, err := f.Doctor(t.Context(), DefaultName, "")
	if err != nil || e.OK || levelOf(t, e, "engine") != LevelFail || e.Findings[0].Cure != "Start it." {
		t.Errorf("Doctor = %+v, %v", e, err)
	}
	var notReady *NotReadyError
	if _, _, err := f.Up(t.Context(), Options{}); !errors.As(err, &notReady) || notReady.ExitCode() != 4 {
		t.Errorf("Up = %v, want a *NotReadyError", err)
	}
	curesAll(t, e.Findings)
	nothingLeft(t, f)
}

func TestDoctorLooksForTheImage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		images   map[string]string
		asked    string
		pullable error
		want     Level
	}{
		{"built here", map[string]string{LocalImage: "sha256:1"}, "", errors.New("no route"), LevelOK},
		{"to be pulled", nil, "", nil, LevelOK},
		{"nowhere", nil, "", errors.New("no route to the registry"), LevelFail},
		{"the one asked for is nowhere", map[string]string{LocalImage: "sha256:1"}, "kindest/node:v0", errors.New("no route"), LevelFail},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 1)
			f.engine.images, f.engine.pullable = tc.images, tc.pullable
			e, err := f.Doctor(t.Context(), DefaultName, tc.asked)
			if err != nil {
				t.Fatal(err)
			}
			if got := levelOf(t, e, "image"); got != tc.want {
				t.Errorf("image = %s, want %s", got, tc.want)
			}
		})
	}
}

// TestDoctorKnowsTheClustersImage: the one a cluster was made from is the one that counts, as
// for up and start, unless another one is asked for.
func TestDoctorKnowsTheClustersImage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		gone     bool // the cluster's image was removed since
		asked    string
		variable string
		want     Level
	}{
		{"nothing asked", false, "", "", LevelOK},
		{"the image was removed", true, "", "", LevelWarn},
		{"another one by the flag", false, "kindest/node:v0", "", LevelFail},
		{"another one by the variable", false, "", "kindest/node:v0", LevelFail},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 1)
			f.engine.images = map[string]string{"mine:1": "sha256:1"}
			mustUp(t, f, Options{Image: "mine:1"})
			f.engine.pullable = errors.New("no route to the registry")
			if tc.gone {
				f.engine.images = nil
			}
			f.getenv = func(key string) string { return map[string]string{ImageVariable: tc.variable}[key] }
			e, err := f.Doctor(t.Context(), DefaultName, tc.asked)
			if err != nil {
				t.Fatal(err)
			}
			if got := levelOf(t, e, "image"); got != tc.want {
				t.Errorf("image = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestProbesOfOtherHosts(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	v := &visit{manager: f.Manager, goos: "darwin", engine: EngineInfo{Storage: "/var/lib/docker"}}
	for _, probe := range []probe{v.probeDisk, v.probeInotify} {
		if got := probe(t.Context()); got.Level != LevelOK || got.Message == "" {
			t.Errorf("on macOS: %+v", got)
		}
	}
	if runtime.GOOS != "linux" {
		t.Skip("the rest reads /proc/sys")
	}
	v = &visit{manager: f.Manager, goos: "linux", engineErr: context.Canceled}
	if got := v.probeInotify(t.Context()); got.Check != "inotify" || got.Message == "" {
		t.Errorf("inotify on Linux: %+v", got)
	}
}
