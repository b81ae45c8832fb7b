package cluster

import (
	"context"
	"errors"
	"runtime"
	"testing"
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
			for _, finding := range e.Findings {
				if finding.Level == LevelFail && finding.Cure == "" {
					t.Errorf("%s failed without a cure", finding.Check)
				}
			}
		})
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
