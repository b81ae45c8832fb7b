package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/manifests"
)

func TestParseContainers(t *testing.T) {
	t.Parallel()
	got, err := parseContainers([]byte(`[
 {"Name":"/x-worker","State":{"Running":false},"Config":{"Labels":{"io.x-k8s.kind.role":"worker"}},
  "Mounts":[{"Source":"/lib/modules","Destination":"/lib/modules"},{"Source":"/s/clusters/x/node-abc","Destination":"/etc/firedrill"}]},
 {"Name":"x-control-plane","State":{"Running":true},"Config":{"Labels":{"io.x-k8s.kind.role":"control-plane"}},
  "Mounts":[{"Source":"C:\\Users\\a\\clusters\\x\\node-abc","Destination":"/etc/firedrill"}]},
 {"Name":"/x-worker2","State":{"Running":true},"Config":{"Labels":{"io.x-k8s.kind.role":"worker"}},
  "Mounts":[{"Source":"/s/clusters/x/node-abc","Destination":"/elsewhere"},{"Source":"/s/stranger","Destination":"/etc/firedrill"}]},
 {"Name":"/x-worker3","State":{"Running":true},"Config":{"Labels":{"io.x-k8s.kind.role":"worker",
   "desktop.docker.io/binds/0/Source":"/lib/modules","desktop.docker.io/binds/0/Target":"/lib/modules",
   "desktop.docker.io/binds/1/Source":"/home/a/clusters/x/node-abc","desktop.docker.io/binds/1/SourceKind":"wsl2DistroFile","desktop.docker.io/binds/1/Target":"/etc/firedrill"}},
  "Mounts":[{"Source":"/run/desktop/mnt/host/wsl/docker-desktop-bind-mounts/Ubuntu/5f2c","Destination":"/etc/firedrill"}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := []container{
		{Name: "x-control-plane", Role: "control-plane", Running: true, OwnerID: "abc", Source: `C:\Users\a\clusters\x\node-abc`},
		{Name: "x-worker", Role: "worker", OwnerID: "abc", Source: "/s/clusters/x/node-abc"},
		{Name: "x-worker2", Role: "worker", Running: true, Source: "/s/stranger"},
		{Name: "x-worker3", Role: "worker", Running: true, OwnerID: "abc", Source: "/home/a/clusters/x/node-abc"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("containers (-want +got):\n%s", diff)
	}
	if _, err := parseContainers([]byte("not JSON")); err == nil {
		t.Error("nonsense was read")
	}
}

func TestParseInfo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, binary, text string
		want               EngineInfo
		wantErr            bool
	}{
		{
			"docker", "docker", `{"ID":"XYZ","ServerVersion":"20.10.24+dfsg1","CgroupVersion":"1","OSType":"linux","Architecture":"x86_64","DockerRootDir":"/var/lib/docker","Name":"vm","OperatingSystem":"Debian","NCPU":2,"MemTotal":25}`,
			EngineInfo{Provider: "docker", ID: "XYZ", Version: "20.10.24+dfsg1", CgroupVersion: "1", CPUs: 2, MemoryBytes: 25, OSType: "linux", Architecture: "x86_64", Storage: "/var/lib/docker", Name: "vm", OS: "Debian"},
			false,
		},
		{"docker without its daemon", "docker", `{"ServerErrors":["Cannot connect to the Docker daemon"]}`, EngineInfo{}, true},
		{
			"podman", "podman", `{"host":{"cgroupVersion":"v2","os":"linux","arch":"amd64","hostname":"h","cpus":8,"memTotal":99,"distribution":{"distribution":"fedora","version":"42"}},"store":{"graphRoot":"/g"},"version":{"Version":"5.4.0"}}`,
			EngineInfo{Provider: "podman", ID: "h:/g", Version: "5.4.0", CgroupVersion: "2", CPUs: 8, MemoryBytes: 99, OSType: "linux", Architecture: "amd64", Storage: "/g", Name: "h", OS: "fedora 42"},
			false,
		},
		{"nonsense", "docker", "oops", EngineInfo{}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseInfo(tc.binary, []byte(tc.text))
			if (err != nil) != tc.wantErr {
				t.Fatalf("error = %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("info (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIsNotFound(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]bool{
		"Error: No such object: x":                                           true,
		"Error response from daemon: No such container: x":                   true,
		"Error: no such container x":                                         true,
		"Error: failed to find image x: x: image not known":                  true,
		"Error response from daemon: network kind not found":                 true,
		"dial unix /var/run/docker.sock: connect: no such file or directory": false,
		"permission denied":                                                  false,
	} {
		if got := isNotFound(&commandError{Args: []string{"docker"}, Output: output}); got != want {
			t.Errorf("isNotFound(%q) = %t", output, got)
		}
	}
	if isNotFound(errors.New("no such container")) {
		t.Error("an error that is not the engine's counts as not found")
	}
}

func TestConfigDifferences(t *testing.T) {
	t.Parallel()
	has := Config{Provider: "docker", Workers: 2, Image: LocalImage, ImageID: "sha256:aaaaaaaaaaaaaaaaaaaaaa", Settings: "s"}
	for _, tc := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"none", func(*Config) {}, nil},
		{"image not here any more", func(c *Config) { c.ImageID = "" }, nil},
		{
			"image built anew", func(c *Config) { c.ImageID = "sha256:bbbbbbbbbbbbbbbbbbbbbb" },
			[]string{"node image: firedrill/node:local was built anew (it has sha256:aaaaaaaaaaaa, wanted is sha256:bbbbbbbbbbbb)"},
		},
		{
			"another image", func(c *Config) { c.Image, c.ImageID = "kindest/node:v1", "sha256:c" },
			[]string{"node image: it has firedrill/node:local, wanted is kindest/node:v1"},
		},
		{
			"several", func(c *Config) { c.Workers, c.CgroupV1, c.Provider, c.Settings = 1, true, "podman", "t" },
			[]string{
				"container engine: it has docker, wanted is podman", "workers: it has 2, wanted is 1", "cgroup v1: it has false, wanted is true",
				"settings: it was made by another version of firedrill, with other cluster settings",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			want := has
			tc.change(&want)
			if diff := cmp.Diff(tc.want, has.Differences(want)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			if same := has.Hash() == want.Hash(); same != (has == want) {
				t.Errorf("hashes equal = %t", same)
			}
		})
	}
}

// TestKindConfig pins the traps of kind's patches: no apiVersion, extraArgs as maps.
func TestKindConfig(t *testing.T) {
	t.Parallel()
	for _, cgroupV1 := range []bool{false, true} {
		config, err := kindConfig(Config{Workers: 2, CgroupV1: cgroupV1}, "/s/node-abc")
		if err != nil {
			t.Fatal(err)
		}
		if len(config.Nodes) != 3 || config.Nodes[2].ExtraMounts[0].HostPath != "/s/node-abc" || !config.Nodes[0].ExtraMounts[0].Readonly {
			t.Errorf("nodes = %+v", config.Nodes)
		}
		for i, patch := range config.ContainerdConfigPatches { // each says which version it is for
			if !strings.Contains(patch, fmt.Sprintf("\nversion = %d\n", i+2)) || !strings.Contains(patch, `config_path = "/etc/containerd/certs.d"`) {
				t.Errorf("containerd's patch %d: %q", i, patch)
			}
		}
		for _, patch := range config.KubeadmConfigPatches {
			var doc map[string]any
			if err := yaml.Unmarshal([]byte(patch), &doc); err != nil {
				t.Fatalf("%v in\n%s", err, patch)
			}
			if _, ok := doc["apiVersion"]; ok || doc["kind"] == nil {
				t.Errorf("a patch has an apiVersion or no kind:\n%s", patch)
			}
			if doc["kind"] == "KubeletConfiguration" {
				if _, ok := doc["failCgroupV1"]; ok != cgroupV1 {
					t.Errorf("cgroup v1 %t: failCgroupV1 is there = %t", cgroupV1, ok)
				}
				continue
			}
			for _, component := range []string{"apiServer", "controllerManager", "scheduler"} {
				if _, ok := doc[component].(map[string]any)["extraArgs"].(map[string]any); !ok {
					t.Errorf("%s.extraArgs is no map", component)
				}
			}
		}
	}
}

func TestAuditPolicy(t *testing.T) {
	t.Parallel()
	data, err := manifests.AuditPolicy()
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		OmitStages []string `yaml:"omitStages"`
		Rules      []struct {
			Level      string   `yaml:"level"`
			UserGroups []string `yaml:"userGroups"`
			Users      []string `yaml:"users"`
			Verbs      []string `yaml:"verbs"`
			Resources  []any    `yaml:"resources"`
		} `yaml:"rules"`
	}
	if err := yaml.Unmarshal(data, &policy); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"RequestReceived"}, policy.OmitStages); diff != "" {
		t.Errorf("omitStages (-want +got):\n%s", diff)
	}
	for i, rule := range policy.Rules {
		last := i == len(policy.Rules)-1
		everybody := len(rule.UserGroups) == 0 && len(rule.Users) == 0
		if everybody != last {
			t.Errorf("rule %d is for everybody = %t: only the last may be", i, everybody)
		}
		for _, user := range rule.Users {
			// It looks more than once a second; what it changes is little, and its content nobody's business.
			if looks := len(rule.Resources) == 0 && (len(rule.Verbs) == 0 || slices.ContainsFunc(rule.Verbs, looking)); user == RefereeUser && (looks || rule.Level != "Metadata") {
				t.Errorf("rule %d logs what the referee looks at, or the content of what it writes", i)
			}
		}
		if last && rule.Level != "None" {
			t.Errorf("the rest is logged at level %s", rule.Level)
		}
	}
}

func looking(verb string) bool { return slices.Contains([]string{"get", "list", "watch", "*"}, verb) }

func TestOlderThan(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		version, minimum string
		want             bool
	}{
		{"20.10.24+dfsg1", "20.10", false},
		{"19.03.5", "20.10", true},
		{"28.2.2", "20.10", false},
		{"20", "20.10", true},
		{"v1.7.7", "1.7", false},
		{"3.0.0-rc1", "3.0", false},
		{"20.9", "20.10", true},
		{"unknown", "1.7", true},
	} {
		if got := olderThan(tc.version, tc.minimum); got != tc.want {
			t.Errorf("olderThan(%q, %q) = %t", tc.version, tc.minimum, got)
		}
	}
}

func TestStateFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	path := statePath(f.home, "x")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{`{"version":99}`: "version 99", `{`: "unexpected end"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadState(f.home, "x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("loadState of %s = %v, want %q", text, err, want)
		}
	}
}

func TestImageNamesOnPodman(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]string{
		"firedrill/node:local":                  "docker.io/firedrill/node:local",
		"kindest/node:v1.37.0@sha256:a1":        "docker.io/kindest/node@sha256:a1",
		"node:1":                                "docker.io/library/node:1",
		"localhost/node:1":                      "localhost/node:1",
		"registry.example:5000/node:1@sha256:b": "registry.example:5000/node@sha256:b",
	} {
		if got := (&cliEngine{binary: "podman"}).named(ref); got != want {
			t.Errorf("%s is %s, want %s", ref, got, want)
		}
		if got := (&cliEngine{binary: "docker"}).named(ref); got != ref {
			t.Errorf("%s is %s on docker", ref, got)
		}
	}
}

// nerdctl's info has containerd's version, and nerdctl 2.0 says nothing of an image that is
// not there.
func TestNerdctl(t *testing.T) {
	t.Parallel()
	const nerdctl = `#!/bin/sh
case $1 in
  info) echo '{"ID":"X","ServerVersion":"1.6.20","OSType":"linux"}' ;;
  --version) echo "nerdctl version v2.0.1" ;;
esac
`
	binary := filepath.Join(t.TempDir(), "nerdctl")
	if err := os.WriteFile(binary, []byte(nerdctl), 0o755); err != nil {
		t.Fatal(err)
	}
	engine := &cliEngine{binary: binary}
	info, err := engine.Info(t.Context())
	if err != nil || info.Version != "2.0.1" || info.ID != "X" {
		t.Errorf("info is %+v, %v", info, err)
	}
	if id, err := engine.ImageID(t.Context(), "kindest/node:v1"); id != "" || err != nil {
		t.Errorf("the image that is not there is %q, %v", id, err)
	}
	for said, want := range map[string]string{"finch version 1.4.1, build x": "1.4.1", "nerdctl version 2.0.3": "2.0.3", "oops": "", "": ""} {
		if got := versionIn(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
