//go:build e2e

package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/scenario"
)

var beside = flag.Int("prove-parallel", 0, "cases of the scenarios' proof that run side by side; 0: as many as the machine carries")

// mostAgain is how many cases may be proven a second time, alone: other tests run beside the
// proof, and keep two processors busy all the time.
const mostAgain = 5

// share is which of the cases are proven: "1/3" is every third, from the second on. The turn
// of scripts/test is the number of commits, so that as many in a row prove all.
var share = flag.String("prove-share", "0/1", "TURN/OF: the share of the scenarios' cases that is proven, but for "+strings.Join(whole, " and "))

// whole are the scenarios of which every case is proven each time: of an application that is
// broken, and of a node.
var whole = []string{"node-notready", "oomkilled"}

// proof is the part of the contract of "prove -o json" that the tests read.
type proof struct {
	Proven, Failed int
	ClusterDiff    []string
	Cases          []provenCase
}

type provenCase struct {
	Name, Kind, Script, Run, Failure, Beside, Verdict string
	OK                                                bool
}

// The variants are proven untouched, and the scripts once, those of two scenarios all and of
// the others this run's share, with names, ports and limits of another seed in each turn. The
// cases are counted against the files: a proof that leaves one out is none.
func proveAll(t *testing.T) {
	t.Helper()
	wanted := casesToProve(t)
	turn, _ := shareOf(t)
	got, code := prove(t, "--spread", "--seed", strconv.Itoa(turn+1), "--parallel", strconv.Itoa(*beside), "--again", strconv.Itoa(mostAgain), "--only", anyOf(wanted))
	if len(got.ClusterDiff) > 0 || (code == 0) != (got.Failed == 0) {
		t.Errorf("exit code %d, %d proven, %d failed; different in the cluster: %q", code, got.Proven, got.Failed, got.ClusterDiff)
	}
	proven := map[string]bool{}
	for _, c := range got.Cases {
		if !c.OK {
			t.Errorf("%s: %s\nlast verdict: %s\nbeside others: %s", c.Name, c.Failure, c.Verdict, c.Beside)
			continue
		}
		proven[c.Name], proven[anyVariant(c.Name)] = true, true
	}
	for _, name := range wanted {
		if !proven[name] {
			t.Errorf("%s is not proven", name)
		}
	}
}

// anyVariant is a case's name without its variant: a script is proven once, in any.
func anyVariant(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) == 4 {
		parts = slices.Delete(parts, 1, 2)
	}
	return strings.Join(parts, "/")
}

// anyOf matches the names, with or without a variant.
func anyOf(names []string) string {
	var patterns []string
	for _, name := range names {
		parts := strings.Split(regexp.QuoteMeta(name), "/")
		if last := len(parts) - 1; parts[last] != "untouched" {
			parts[0] += "(/[^/]+)?"
		}
		patterns = append(patterns, strings.Join(parts, "/"))
	}
	return "^(" + strings.Join(patterns, "|") + ")$"
}

// casesToProve names the variants' untouched cases and the scripts, as they are without a
// variant, those aside that are only for drafts: of two scenarios all of them, and of the
// others this run's share.
func casesToProve(t *testing.T) []string {
	t.Helper()
	entries, err := scenario.OpenAll(filepath.Join("..", "..", "scenarios"))
	if err != nil {
		t.Fatal(err)
	}
	turn, of := shareOf(t)
	var always, variants, scripts []string
	for _, entry := range entries {
		untouched, own := casesOf(t, entry)
		if slices.Contains(whole, entry.Name) {
			always = slices.Concat(always, untouched, own)
			continue
		}
		variants, scripts = append(variants, untouched...), append(scripts, own...)
	}
	if len(always) < 25 || len(variants) < 10 || len(scripts) < 60 {
		t.Fatalf("%d cases of %v, and %d variants and %d scripts of the others found", len(always), whole, len(variants), len(scripts))
	}
	mine := func(all []string) (some []string) {
		for i, name := range all {
			if i%of == turn {
				some = append(some, name)
			}
		}
		return some
	}
	return slices.Concat(always, mine(variants), mine(scripts))
}

// casesOf names a scenario's untouched cases, one a variant, and its scripts.
func casesOf(t *testing.T, entry scenario.Entry) (untouched, scripts []string) {
	t.Helper()
	first, err := entry.Load(scenario.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	if first.Scenario.Metadata.Draft {
		t.Logf("%s is a draft: not proven", entry.Name)
		return nil, nil
	}
	variants := first.Scenario.Spec.Variants
	if len(variants) == 0 {
		variants = []scenario.Variant{{}}
	}
	for _, v := range variants {
		if v.Draft {
			t.Logf("%s/%s is a draft: not proven", entry.Name, v.Name)
			continue
		}
		folder, err := entry.Load(scenario.Vars{Values: map[string]string{scenario.VarVariant: v.Name}})
		if err != nil {
			t.Fatal(err)
		}
		untouched = append(untouched, path.Join(entry.Name, v.Name, "untouched"))
		for _, s := range slices.Concat(folder.Solutions, folder.WrongFixes) {
			kind := map[string]string{"solutions": "solution", "wrong-fixes": "wrong-fix"}[filepath.Dir(s.Path)]
			if name := path.Join(entry.Name, kind, s.Name); !slices.Contains(scripts, name) {
				scripts = append(scripts, name)
			}
		}
	}
	return untouched, scripts
}

// shareOf reads -prove-share.
func shareOf(t *testing.T) (turn, of int) {
	t.Helper()
	if n, err := fmt.Sscanf(*share, "%d/%d", &turn, &of); n != 2 || of < 1 || turn < 0 || turn >= of {
		t.Fatalf("-prove-share %s: want TURN/OF, such as 0/3 (%v)", *share, err)
	}
	return turn, of
}

// Scenarios that are wrong are found out, each with an error that says what and where.
func proveFindsWrongScenarios(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		left := admin(t, "get", "namespaces", "-l", "firedrill.dev/run", "-o", "name")
		if strings.Contains(left, "namespace/lab-") {
			t.Errorf("left behind: %s", left)
		}
	})
	for name, want := range map[string]map[string]string{
		"manifest-refused": {"untouched": "manifests/app.yaml"},
		"image-unknown":    {"untouched": "manifests/app.yaml: the image docker.io/firedrill/nobody-made-this:1 cannot be had"},
		"setup-refused":    {"untouched": "scenario.yaml: spec.setup[0] (apply): setup/pool.yaml"},
		"symptom-absent":   {"untouched": "the fault did not show its symptom (scenario.yaml: spec.symptoms)"},
		"scripts-wrong": {
			"solution/hangs":         "solutions/hangs.sh: it hangs: it was ended after 45s",
			"solution/does-nothing":  "refused a solution",
			"wrong-fix/repairs":      "to be refused for scaled-down",
			"wrong-fix/another-name": "to be refused for image-swapped",
		},
		"always-recovered": {"untouched": "passed an untouched system"},
		"never-recovered":  {"untouched": "the recovery checks refuse the healthy system (scenario.yaml: spec.recovery, spec.safeguards)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var only []string
			for tail := range want {
				only = append(only, tail+"$")
			}
			got, code := prove(t, filepath.Join("testdata", name), "--only", strings.Join(only, "|"),
				"--proof-timeout", "90s", "--script-timeout", "45s", "--parallel", "4", "--again", "0")
			if code != 1 || len(got.Cases) != len(want) {
				t.Errorf("exit code %d with %d cases, want 1 with %d", code, len(got.Cases), len(want))
			}
			for _, c := range got.Cases {
				_, tail, _ := strings.Cut(c.Name, "/")
				if c.OK || !strings.Contains(c.Failure, want[tail]) {
					t.Errorf("%s: ok %v, failure %q, want %q", c.Name, c.OK, c.Failure, want[tail])
				}
				if tail == "untouched" && c.Run == "" {
					t.Errorf("%s failed before its page and its run is not named", c.Name)
				}
				if strings.Contains(c.Failure, "left behind") {
					t.Errorf("%s: %s", c.Name, c.Failure)
				}
			}
			for _, different := range got.ClusterDiff {
				if strings.Contains(different, "lab-") {
					t.Errorf("after it all: %s", different)
				}
			}
		})
	}
}

// What "firedrill new" writes is a scenario that is proven as it is (docs/adding-a-scenario.md).
func proveANewScenario(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	firedrill.must(t, "new", "disk-full", "--dir", dir)
	got, code := prove(t, filepath.Join(dir, "disk-full"), "--parallel", "3")
	if code != 0 || got.Proven != len(got.Cases) || len(got.Cases) != 6 {
		t.Errorf("exit code %d, %d of %d proven, want 6; different in the cluster: %q; cases: %+v", code, got.Proven, len(got.Cases), got.ClusterDiff, got.Cases)
	}
}

// prove runs firedrill prove, its progress shown as it comes.
func prove(t *testing.T, args ...string) (proof, int) {
	t.Helper()
	cmd := exec.Command(firedrill.binary, append(append([]string{"prove", "-o", "json"}, args...), "--name", *clusterName)...)
	cmd.Env = firedrill.env
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	err := cmd.Run()
	var got proof
	if jsonErr := json.Unmarshal([]byte(out.String()), &got); jsonErr != nil {
		t.Fatalf("firedrill %s: %v; no JSON: %v\n%s", strings.Join(args, " "), err, jsonErr, out.String())
	}
	return got, cmd.ProcessState.ExitCode()
}
