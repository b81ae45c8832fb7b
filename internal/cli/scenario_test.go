package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goyaml "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/session"
	"github.com/firedrill/firedrill/scenarios"
)

var updateDocs = flag.Bool("update", false, "write generated documentation anew")

// runCLI runs the command line without a terminal.
func runCLI(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	streams, _, out, errOut := iostreams.Test()
	code = Main(t.Context(), args, streams)
	return out.String(), errOut.String(), code
}

// TestRegistries: every kind that a scenario may name is described, and its tags fit.
func TestRegistries(t *testing.T) {
	t.Parallel()
	if err := scenario.CheckTags(drill.Kinds()); err != nil {
		t.Error(err)
	}
}

// TestEmbeddedScenarios: what is shipped is in order, for every value of its
// variables.
func TestEmbeddedScenarios(t *testing.T) {
	t.Parallel()
	names, err := scenarios.Names()
	if err != nil || len(names) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	catalogue, err := scenario.NewCatalogue(scenarios.FS())
	if err != nil {
		t.Fatal(err)
	}
	schema := compileSchema(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entry, err := catalogue.Get(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := entry.Lint(drill.Kinds()); err != nil {
				t.Error(err)
			}
			if err := schema.Validate(asJSON(t, entry.FS)); err != nil {
				t.Errorf("the schema refuses it: %v", err)
			}
		})
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, _, code := runCLI(t, "schema")
	if code != 0 {
		t.Fatalf("schema: exit code %d", code)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(scenario.SchemaID, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(scenario.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func asJSON(t *testing.T, folder fs.FS) any {
	t.Helper()
	src, err := fs.ReadFile(folder, scenario.FileName)
	if err != nil {
		t.Fatal(err)
	}
	data, err := goyaml.YAMLToJSON(src)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestReferenceIsCurrent: docs/reference.md is generated; -update writes it.
func TestReferenceIsCurrent(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "reference.md")
	got := scenario.Reference(drill.Kinds())
	if *updateDocs {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not current, run: go test ./internal/cli -run Reference -update\n%s", file, diff)
	}
}

// TestNewLints: what `new` writes is accepted as it is, whatever its name.
func TestNewLints(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"disk-full", "third-order", "store-down", "fails", "customers-share-market"} {
		if _, stderr, code := runCLI(t, "new", name, "--dir", dir); code != 0 {
			t.Fatalf("new %s: exit code %d: %s", name, code, stderr)
		}
	}
	stdout, stderr, code := runCLI(t, "lint", dir)
	if code != 0 || strings.Count(stdout, "ok  ") != 5 {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if _, stderr, code := runCLI(t, "new", "fails", "--dir", dir); code != exitUsage || !strings.Contains(stderr, "is already there") {
		t.Errorf("a second time: exit code %d: %s", code, stderr)
	}
}

func TestLintProblems(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, stderr, code := runCLI(t, "new", "disk-full", "--dir", dir); code != 0 {
		t.Fatal(stderr)
	}
	file := filepath.Join(dir, "disk-full", scenario.FileName)
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.NewReplacer("type: rolloutComplete", "type: rolloutCompleted", "stream: users, max", "stream: user, max").Replace(string(src))
	if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`scenario.yaml:29:13: unknown check kind "rolloutCompleted" (did you mean "rolloutComplete"?)`,
		`scenario.yaml:54:22: spec.symptoms[0].with.stream: there is no stream "user" under spec.traffic (did you mean "users"?)`,
		`scenario.yaml:59:15: unknown check kind "rolloutCompleted" (did you mean "rolloutComplete"?)`,
	}
	for i := range want {
		want[i] = filepath.ToSlash(filepath.Join(dir, "disk-full")) + "/" + want[i]
	}
	stdout, stderr, code := runCLI(t, "lint", file)
	if diff := cmp.Diff(strings.Join(want, "\n")+"\n", stdout); diff != "" || code != exitUsage || stderr != "3 problems\n" {
		t.Errorf("exit code %d, stderr %q (-want +got):\n%s", code, stderr, diff)
	}
	stdout, _, code = runCLI(t, "lint", filepath.Dir(file), "-o", "json")
	var results []struct {
		Name     string
		OK       bool
		Problems []scenario.Problem
	}
	if err := json.Unmarshal([]byte(stdout), &results); err != nil {
		t.Fatal(err)
	}
	if code != exitUsage || len(results) != 1 || results[0].OK || len(results[0].Problems) != 3 || results[0].Problems[0].Line != 29 {
		t.Errorf("exit code %d: %+v", code, results)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := runCLI(t, "list")
	if code != 0 || stderr != "" || !strings.Contains(stdout, "oomkilled\tOrders") || !strings.Contains(stdout, "\tbeginner\t15m\n") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	for _, output := range []string{"text", "json", "yaml"} {
		if stdout, _, _ := runCLI(t, "list", "-o", output); strings.Contains(stdout, "configuration") || !strings.Contains(stdout, "oomkilled") {
			t.Errorf("-o %s gives the family away or lacks a scenario:\n%s", output, stdout)
		}
	}
	if stdout, _, _ := runCLI(t, "list", "-o", "wide"); !strings.Contains(stdout, "\tconfiguration\n") {
		t.Errorf("-o wide lacks the family:\n%s", stdout)
	}
	if _, stderr, code := runCLI(t, "list", "-o", "xml"); code != exitUsage {
		t.Errorf("-o xml: exit code %d: %s", code, stderr)
	}
}

// TestOwnScenarios: one's own wins, and that is said.
func TestOwnScenarios(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, stderr, code := runCLI(t, "new", "oomkilled", "--dir", dir); code != 0 {
		t.Fatal(stderr)
	}
	stdout, stderr, code := runCLI(t, "list", "--scenarios", dir)
	if code != 0 || !strings.Contains(stdout, "oomkilled\tEvery third order fails") || !strings.Contains(stderr, "hides the built-in one") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	if _, stderr, code := runCLI(t, "list", "--scenarios", filepath.Join(dir, "none")); code != exitUsage {
		t.Errorf("a folder that is not there: exit code %d: %s", code, stderr)
	}
}

func embeddedScenario(t *testing.T, name string) *scenario.Folder {
	t.Helper()
	catalogue, err := scenario.NewCatalogue(scenarios.FS())
	if err != nil {
		t.Fatal(err)
	}
	entry, err := catalogue.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := entry.Load(scenario.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestADrillThatEndedBeforeItsPage: an exam begins it anew, so nothing of it is told.
func TestADrillThatEndedBeforeItsPage(t *testing.T) {
	t.Parallel()
	for mode, secret := range map[drill.Mode]bool{drill.ModeExam: true, drill.ModeTraining: false} {
		f, store := newHome(t)
		journal, err := store.Create("shop-aaaaa")
		if err != nil {
			t.Fatal(err)
		}
		created := drill.Created{Run: "shop-aaaaa", Scenario: "oomkilled", Variant: "leak", Node: "worker-7", Mode: mode, Vars: map[string]string{"leak": "768Ki"}}
		if err := drill.Begin(t.Context(), journal, created); err != nil {
			t.Fatal(err)
		}
		for kind, data := range map[string]any{"error": drill.Failure{Message: "symptom killed-for-memory"}, "phase": drill.PhaseChange{Phase: drill.PhaseFinished, Attempt: 1}} {
			if _, err := journal.Append(t.Context(), kind, data); err != nil {
				t.Fatal(err)
			}
		}
		r, err := f.openRun("shop-aaaaa")
		if err != nil {
			t.Fatal(err)
		}
		told, err := f.tell(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal([]any{told, drill.StatusOf(r.Run, false, time.Now())})
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"oomkilled", "leak", "worker-7", "killed-for-memory"} {
			if strings.Contains(string(text), word) == secret {
				t.Errorf("in mode %s, %s is told: %v", mode, word, !secret)
			}
		}
	}
}

// TestTheRunThatIsMeant: the shell's own, else the only one, of the cluster that is named.
func TestTheRunThatIsMeant(t *testing.T) {
	t.Parallel()
	f, store := newHome(t)
	for run, cluster := range map[string]string{"shop-aaaaa": "ci", "shop-bbbbb": "firedrill"} {
		journal, err := store.Create(run)
		if err != nil {
			t.Fatal(err)
		}
		if err := drill.Begin(t.Context(), journal, drill.Created{Run: run, Scenario: "oomkilled", Cluster: cluster}); err != nil {
			t.Fatal(err)
		}
	}
	meant := func(want string) {
		t.Helper()
		if got, err := f.meantRun(store); got != want || (err != nil) != (want == "") {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	meant("")
	f.ClusterName, f.clusterFlag = "ci", true
	meant("shop-aaaaa")
	f.ClusterName = "other"
	meant("")
	getenv := f.Getenv
	f.Getenv = func(key string) string {
		if key == envRun {
			return "shop-bbbbb"
		}
		return getenv(key)
	}
	meant("") // another cluster was named
	f.ClusterName, f.clusterFlag = "firedrill", false
	meant("shop-bbbbb")
	if run, text := f.runAndText([]string{"shop-aaaaa"}); run != "shop-aaaaa" || text != "" {
		t.Errorf("a run's name is taken for a text: %q, %q", run, text)
	}
	if run, text := f.runAndText([]string{"all is well"}); run != "" || text != "all is well" {
		t.Errorf("a text is taken for a run's name: %q, %q", run, text)
	}
}

func newHome(t *testing.T) (*Factory, *session.Store) {
	t.Helper()
	streams, _, _, _ := iostreams.Test()
	dir := t.TempDir()
	f := NewFactory(streams)
	f.Getenv = func(key string) string { return map[string]string{"FIREDRILL_HOME": dir}[key] }
	store, err := f.store()
	if err != nil {
		t.Fatal(err)
	}
	return f, store
}
