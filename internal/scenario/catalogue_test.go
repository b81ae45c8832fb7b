package scenario_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/scenario"
)

func embedded() fstest.MapFS {
	text := func(name string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("metadata:\n  name: " + name + "\n  title: Title of " + name +
			"\nspec:\n  page: |\n    metadata:\n      title: not this\n  family: network\n  difficulty: beginner\n  timeLimit: 10m\n")}
	}
	return fstest.MapFS{
		"queue-full/scenario.yaml": text("queue-full"), "dns/scenario.yaml": text("dns"),
		"embed.go": {Data: []byte("package scenarios")}, "drafts/notes.txt": {Data: []byte("x")},
	}
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	own := filepath.Join("testdata", "good")
	for name, test := range map[string]struct {
		own  []string
		want string
	}{
		"embedded":             {nil, "dns scenarios/dns false\nqueue-full scenarios/queue-full false\n"},
		"one's own folder":     {[]string{own}, "dns scenarios/dns false\nqueue-full testdata/good/queue-full true\n"},
		"one's own scenario":   {[]string{filepath.Join(own, "queue-full")}, "dns scenarios/dns false\nqueue-full testdata/good/queue-full true\n"},
		"folder without any":   {[]string{t.TempDir()}, "dns scenarios/dns false\nqueue-full scenarios/queue-full false\n"},
		"another that is new":  {[]string{"testdata/bad"}, "dns scenarios/dns false\nqueue-full scenarios/queue-full false\nten-mistakes testdata/bad/ten-mistakes false\n"},
		"the later folder won": {[]string{own, "testdata/bad", own}, "dns scenarios/dns false\nqueue-full testdata/good/queue-full true\nten-mistakes testdata/bad/ten-mistakes false\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			catalogue, err := scenario.NewCatalogue(embedded(), test.own...)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, entry := range catalogue.List() {
				fmt.Fprintln(&got, entry.Name, entry.Dir, entry.Replaces)
			}
			if diff := cmp.Diff(test.want, got.String()); diff != "" {
				t.Errorf("entries differ (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := scenario.NewCatalogue(embedded(), "testdata/none"); err == nil {
		t.Error("a folder that is not there was accepted")
	}
}

func TestCatalogueGet(t *testing.T) {
	t.Parallel()
	catalogue, err := scenario.NewCatalogue(embedded())
	if err != nil {
		t.Fatal(err)
	}
	if entry, err := catalogue.Get("dns"); err != nil || entry.Name != "dns" {
		t.Errorf("got %v, %v", entry, err)
	}
	for name, want := range map[string]string{
		"queue-ful": `unknown scenario "queue-ful" (did you mean "queue-full"?)`,
		"zzzzz":     `unknown scenario "zzzzz": firedrill list shows them all`,
	} {
		_, err := catalogue.Get(name)
		var notFound *scenario.NotFoundError
		if !errors.As(err, &notFound) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	want := scenario.Summary{Name: "x", Title: "Slow", Family: "network", Difficulty: "beginner", TimeLimit: scenario.Duration(10 * time.Minute)}
	for name, src := range map[string]string{
		"usual":     "metadata:\n  title: Slow\nspec:\n  hints:\n  - [broken\n  family: network\n  difficulty: beginner\n  timeLimit: 10m\n",
		"flow":      "{metadata: {title: Slow}, spec: {family: network, difficulty: beginner, timeLimit: 10m}}",
		"4 spaces":  "metadata:\n    title: Slow\nspec:\n    family: network\n    difficulty: beginner\n    timeLimit: 10m\n",
		"two lines": "metadata:\n  title:\n    Slow\nspec:\n  family: network\n  difficulty: beginner\n  timeLimit: 10m\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := scenario.Entry{Name: "x", FS: memory([]byte(src))}.Summary()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("summary differs (-want +got):\n%s", diff)
			}
		})
	}
	_, err := scenario.Entry{Name: "x", Dir: "own/x", FS: memory([]byte("a: ["))}.Summary()
	if err == nil || err.Error() != "own/x/scenario.yaml cannot be read: firedrill lint own/x says more" {
		t.Errorf("got %v", err)
	}
}

func TestOpenAll(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{
		"testdata/good":                      "queue-full",
		"testdata/good/queue-full":           "queue-full",
		"testdata/bad/":                      "ten-mistakes",
		"testdata/good/queue-full/manifests": "manifests", // lint says what is missing
	} {
		entries, err := scenario.OpenAll(dir)
		if err != nil || len(entries) != 1 || entries[0].Name != want {
			t.Errorf("%s: got %v, %v", dir, entries, err)
		}
	}
	if _, err := scenario.OpenAll("testdata/loaded.golden"); err == nil {
		t.Error("a file was opened as a folder")
	}
}

// TestLintEveryVariantWithEveryValue: the second value is wrong only in the first variant.
func TestLintEveryVariantWithEveryValue(t *testing.T) {
	t.Parallel()
	folder := withNodeFix(t, inVariants(t,
		"  variables:\n", "  variables:\n    - name: copies\n      oneOf: [\"2\", \"10\"]\n",
		"        deployment: checkout\n  hints:", "        deployment: checkout\n        replicas: ${copies}\n  hints:",
		"Look at ${node},", "Look at the ${copies} pods on ${node},",
	))
	_, err := scenario.Entry{Name: "queue-full", FS: folder}.Lint(kinds())
	const want = "scenario.yaml:68:19: spec.safeguards[0].with.replicas must be 1 to 9, not 10"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWriteSkeleton(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := scenario.WriteSkeleton(dir, "third-order"); err != nil {
		t.Fatal(err)
	}
	entry, err := scenario.Open(filepath.Join(dir, "third-order"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Load(scenario.Vars{}); err != nil {
		t.Errorf("the skeleton is not in order:\n%v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "third-order", "solutions", "rollback.sh")); err != nil || info.Mode().Perm()&0o100 == 0 {
		t.Errorf("a script cannot be run: %v", err)
	}
	if err := scenario.WriteSkeleton(dir, "third-order"); err == nil {
		t.Error("a folder that is there was written over")
	}
	for _, name := range []string{"", "Upper", "../up", "a b", "-x"} {
		if err := scenario.WriteSkeleton(dir, name); err == nil {
			t.Errorf("the name %q was accepted", name)
		}
	}
}
