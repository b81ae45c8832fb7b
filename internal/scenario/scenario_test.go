package scenario_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/scenario"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file of testdata, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

type rollout struct {
	Deployment string `yaml:"deployment" doc:"The deployment's name." required:"true"`
	Replicas   int    `yaml:"replicas" doc:"How many." default:"1" min:"1" max:"9"`
	Port       int    `yaml:"port" doc:"Where it listens."`
}

type latency struct {
	Above scenario.Duration `yaml:"above" doc:"Lower bound."`
	Below time.Duration     `yaml:"below" doc:"Upper bound."`
	Mode  string            `yaml:"mode" doc:"Which figure." enum:"p50,p99" default:"p99"`
}

func (l *latency) Validate() error {
	if l.Above > 0 && l.Below > 0 {
		return errors.Join(errors.New("above and below exclude each other"), errors.New("choose one"))
	}
	return nil
}

type selector struct {
	App    string            `yaml:"app" doc:"Label."`
	Labels map[string]string `yaml:"labels" doc:"More labels."`
}

type deletePod struct {
	selector `yaml:",inline"`
	Ignored  string
}

type patch struct {
	File  string `yaml:"file" doc:"A file." format:"file"`
	Patch any    `yaml:"patch" doc:"The patch itself."`
}

// kinds are small stand-ins for the registries.
func kinds() scenario.Kinds {
	return scenario.Kinds{
		Checks: []scenario.KindDoc{
			{Name: "rollout", Doc: "A deployment is rolled out.", Params: &rollout{}},
			{Name: "latency", Doc: "Requests are answered in time.", Params: &latency{}},
		},
		Perturbs: []scenario.KindDoc{{Name: "deletePod", Doc: "Deletes a pod.", Params: &deletePod{}}},
		Faults:   []scenario.KindDoc{{Name: "patch", Doc: "Patches an object.", Params: &patch{}}},
	}
}

// change returns the good scenario's folder with files replaced (nil removes one).
func change(t *testing.T, files map[string]string, edits ...string) fs.FS {
	t.Helper()
	good := os.DirFS("testdata/good/queue-full")
	folder := fstest.MapFS{}
	err := fs.WalkDir(good, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(good, name)
		folder[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := string(folder[scenario.FileName].Data)
	if len(edits)%2 != 0 {
		t.Fatal("edits come in pairs")
	}
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("the good scenario holds no %q", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	folder[scenario.FileName] = &fstest.MapFile{Data: []byte(text)}
	for name, content := range files {
		if folder[name] = (&fstest.MapFile{Data: []byte(content)}); content == "" {
			delete(folder, name)
		}
	}
	return folder
}

// problems loads a folder and returns every problem of text and of kinds.
func problems(t *testing.T, fsys fs.FS) string {
	t.Helper()
	entry := scenario.Entry{Name: "queue-full", FS: fsys}
	_, err := entry.Check(scenario.Vars{}, kinds())
	if err == nil {
		return ""
	}
	var all scenario.Problems
	if !errors.As(err, &all) {
		t.Fatalf("not Problems: %v", err)
	}
	return all.Error()
}

func TestLoad(t *testing.T) {
	t.Parallel()
	entry, err := scenario.Open("testdata/good/queue-full")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := entry.Check(scenario.Vars{Seed: 7, Values: map[string]string{"namespace": "shop-x7k2q"}}, kinds())
	if err != nil {
		t.Fatal(err)
	}
	spec := folder.Scenario.Spec
	got := fmt.Sprintf("%s%v %d %s %s\n%s %s\n%v\n%v\n%v\n%v\n", spec.Page, spec.TimeLimit, spec.Traffic[0].Rate, spec.Traffic[0].Timeout,
		spec.Recovery.Perturb[0].Within, spec.Traffic[0].URL, spec.Images[0].Env["SIZE"], spec.Manifests, folder.Env(), folder.Solutions, folder.WrongFixes)
	golden(t, "loaded.golden", got)

	manifest, err := folder.File("manifests/10-checkout.yaml")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "manifest.golden", string(manifest))
}

func TestTenMistakes(t *testing.T) {
	t.Parallel()
	entry, err := scenario.Open("testdata/bad/ten-mistakes")
	if err != nil {
		t.Fatal(err)
	}
	_, err = entry.Check(scenario.Vars{}, kinds())
	golden(t, "ten-mistakes.golden", err.Error()+"\n")
}
