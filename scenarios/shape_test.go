package scenarios_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/scenarios"
)

// eachVariant runs a test for every embedded scenario in every variant of it.
func eachVariant(t *testing.T, test func(t *testing.T, folder *scenario.Folder)) {
	t.Helper()
	catalogue, err := scenario.NewCatalogue(scenarios.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range catalogue.List() {
		folder := load(t, entry, "")
		variants := []string{""}
		if named := folder.Scenario.Spec.Variants; len(named) > 0 {
			variants = nil
			for _, v := range named {
				variants = append(variants, v.Name)
			}
		}
		for _, variant := range variants {
			t.Run(entry.Name+"/"+variant, func(t *testing.T) {
				t.Parallel()
				test(t, load(t, entry, variant))
			})
		}
	}
}

func load(t *testing.T, entry scenario.Entry, variant string) *scenario.Folder {
	t.Helper()
	folder, err := entry.Load(scenario.Vars{Seed: 1, Values: map[string]string{scenario.VarVariant: variant}})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestShape: what every drill that we ship has, in each of its variants.
func TestShape(t *testing.T) {
	t.Parallel()
	const solutions, wrongFixes, hints = 2, 4, 3
	eachVariant(t, func(t *testing.T, folder *scenario.Folder) {
		varies(t, folder)
		spec := folder.Scenario.Spec
		if n := len(folder.Solutions); n < solutions {
			t.Errorf("%d solutions, want at least %d", n, solutions)
		}
		var names []string
		for _, script := range folder.WrongFixes {
			names = append(names, script.Refused)
		}
		slices.Sort(names)
		if names = slices.Compact(names); len(names) < wrongFixes {
			t.Errorf("%d wrong fixes with %d names of their own (%s), want at least %d", len(folder.WrongFixes), len(names), strings.Join(names, ", "), wrongFixes)
		}
		if n := len(spec.Hints); n != hints {
			t.Errorf("%d hints, want %d", n, hints)
		}
		if strings.TrimSpace(spec.Explanation) == "" {
			t.Error("no explanation")
		}
		if folder.Scenario.Metadata.Draft {
			t.Error("a draft is shipped")
		}
	})
}

// TestOOMLimits: whichever limits the seed draws for oomkilled, the container is killed in
// seconds, runs well before, and its scripts mean what they say.
func TestOOMLimits(t *testing.T) {
	t.Parallel()
	const (
		cache      = "48Mi" // WORKING_SET of its images
		workingSet = "64Mi" // what the whole container needs, and a little
		raised     = "112Mi"
		fed        = "256Mi"
		factor     = 46 // of safeguard limit-absurd, in tenths
	)
	size := func(text string) int64 {
		q := resource.MustParse(text)
		return q.Value()
	}
	catalogue, err := scenario.NewCatalogue(scenarios.FS())
	if err != nil {
		t.Fatal(err)
	}
	entry, err := catalogue.Get("oomkilled")
	if err != nil {
		t.Fatal(err)
	}
	folder := load(t, entry, "limit-cut")
	drawn := 0
	for _, v := range folder.Scenario.Spec.Variables {
		for _, value := range v.OneOf {
			switch v.Name {
			case "cut":
				drawn++
				if size(value) >= size(cache) || size(value) < size("36Mi") {
					t.Errorf("cut %s: it is to be reached by a cache of %s, and not before the container is up", value, cache)
				}
			case "limit":
				drawn++
				if size(value) < size(workingSet) || 10*size(raised) > factor*size(value) || 10*size(fed) > factor*size(value) || size(fed) <= size(value) {
					t.Errorf("limit %s: solutions/raise-limit.sh sets %s, wrong-fixes/leak-fed.sh %s", value, raised, fed)
				}
			}
		}
	}
	if drawn < 4 {
		t.Errorf("only %d values of the variables cut and limit", drawn)
	}
}

// secretsValue matches a Secret's value on one line, at its end a variable.
var secretsValue = regexp.MustCompile(`(?m)^ {2}[^\s:]+: \S*\$\{([a-z-]+)\}$`)

// TestCredentialsAreNotTold: what stands in a Secret is in no journal and in no report.
func TestCredentialsAreNotTold(t *testing.T) {
	t.Parallel()
	eachVariant(t, func(t *testing.T, folder *scenario.Folder) {
		told := folder.Told()
		manifests, err := fs.Glob(folder.FS, "manifests/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range manifests {
			text, err := fs.ReadFile(folder.FS, name)
			if err != nil {
				t.Fatal(err)
			}
			for object := range strings.SplitSeq(string(text), "\n---\n") {
				_, data, is := strings.Cut(object, "\nstringData:\n")
				if !is {
					continue
				}
				for _, value := range secretsValue.FindAllStringSubmatch(data, -1) {
					if told[value[1]] != "" {
						t.Errorf("%s: the variable %s is a credential, and not marked as secret", name, value[1])
					}
					if folder.Vars[value[1]] == "" {
						t.Errorf("%s: the variable %s has no value", name, value[1])
					}
				}
			}
		}
	})
}

// A case that breaks metrics-server runs beside the cases of all scenarios that do not need
// it: which these are is read from their words, and known here.
func TestWhichNeedMetrics(t *testing.T) {
	t.Parallel()
	eachVariant(t, func(t *testing.T, folder *scenario.Folder) {
		if got, want := folder.UsesMetrics(), folder.Scenario.Metadata.Name == "hpa-no-requests"; got != want {
			t.Errorf("it needs metrics: %v, want %v", got, want)
		}
	})
}
