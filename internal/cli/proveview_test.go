package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/prove"
	"github.com/firedrill/firedrill/internal/scenario"
)

// proofs are the results and the cluster's diff that the golden files show, by their name.
func proofs() map[string]struct {
	results []prove.Result
	cluster []string
} {
	steps := prove.Steps{Start: 31 * time.Second, Script: 2500 * time.Millisecond, Judge: 64 * time.Second, End: 12 * time.Second}
	script := func(kind prove.Kind, variant, name string) prove.Case {
		return prove.Case{Scenario: "hpa-no-requests", Variant: variant, Kind: kind, Script: scenario.Script{Name: name, Path: "x/" + name + ".sh"}}
	}
	proven := []prove.Result{
		{Case: prove.Case{Scenario: "bad-probe", Kind: prove.Untouched}, Run: "shop-aaaaa", Verdict: "expired", Steps: prove.Steps{Start: 40 * time.Second, Judge: 55 * time.Second, End: 9 * time.Second}},
		{Case: script(prove.Solution, "unset", "requests"), Run: "shop-bbbbb", Verdict: "recovered", Steps: steps},
		{Case: script(prove.WrongFix, "metrics", "scale-up"), Run: "shop-ccccc", Verdict: "refused: autoscaler-off", Steps: steps},
	}
	lines := ""
	for i := range 35 {
		lines += fmt.Sprintf("deployment.apps/checkout-%d patched\n", i)
	}
	failed := []prove.Result{
		{
			Case: script(prove.Solution, "metrics", "requests"), Run: "shop-ddddd", Steps: steps,
			Failure: "it was not recovered within 4m0s\nthe last mismatch: cpu <unknown>/60% & no target",
			Verdict: "broken", Output: lines, Changes: []string{"deployment/checkout: spec.replicas 2 -> 6", `configmap/limits: data.cpu "1" -> <none>`},
		},
		{
			Case: script(prove.WrongFix, "unset", "delete-hpa"), Run: "shop-eeeee", Steps: steps, Kept: true,
			Failure: "it passed a wrong fix", Verdict: "recovered", Output: "\x1b[31mhorizontalpodautoscaler\x1b[0m deleted\n",
		},
		{Case: prove.Case{Scenario: "bad-probe", Kind: prove.Untouched}, Failure: "cannot start: no space left on device"},
	}
	alone := slices.Clone(proven)
	alone[1].Beside = "refused a solution: not within 4m0s; last seen: nothing could be observed for 6s"
	return map[string]struct {
		results []prove.Result
		cluster []string
	}{
		"proven":  {proven, nil},
		"alone":   {alone, nil},
		"failed":  {append(append([]prove.Result{}, proven...), failed...), nil},
		"cluster": {proven, []string{"namespace/shop-ccccc: there now", "node/firedrill-worker3: spec.unschedulable <none> -> true"}},
	}
}

// TestProof: what prove prints while it works and when it is done, in every format.
func TestProof(t *testing.T) {
	t.Parallel()
	for name, proof := range proofs() {
		summary := summarise(proof.results, 754*time.Second)
		summary.Cluster = append(summary.Cluster, proof.cluster...)
		for output, ending := range map[string]string{outputText: "txt", outputJSON: "json", outputJUnit: "xml"} {
			t.Run(name+"/"+output, func(t *testing.T) {
				t.Parallel()
				streams, _, out, _ := iostreams.Test()
				if err := (&Factory{IO: streams}).printProof(summary, output); err != nil {
					t.Fatal(err)
				}
				golden(t, "prove-"+name+"."+ending, out.Bytes())
			})
		}
		t.Run(name+"/progress", func(t *testing.T) {
			t.Parallel()
			streams, _, _, errOut := iostreams.Test()
			view := newProveView(&Factory{IO: streams}, len(proof.results))
			for _, r := range proof.results {
				if r.Beside != "" {
					view.begun(r.Case)
					view.putAside(prove.Result{Case: r.Case, Run: "shop-zzzzz", Failure: r.Beside, Verdict: "pending", Steps: r.Steps})
				}
				view.begun(r.Case)
				view.done(r)
			}
			view.close()
			golden(t, "prove-"+name+".progress.txt", errOut.Bytes())
		})
	}
}

// TestAScriptEndsWithAllItStarted: a child of a script that is ended holds nobody up, be it
// prove's or demo's.
func TestAScriptEndsWithAllItStarted(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("scripts are for a shell")
	}
	begun := filepath.Join(t.TempDir(), "begun")
	folder := &scenario.Folder{FS: fstest.MapFS{"solutions/slow.sh": {Data: []byte("#!/bin/sh\necho waits\n: >" + begun + "\nsleep 60\necho late\n")}}}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for _, err := os.Stat(begun); err != nil && t.Context().Err() == nil; _, err = os.Stat(begun) {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	start := time.Now()
	out, err := runScript(ctx, folder, scenario.Script{Path: "solutions/slow.sh"}, os.Environ())
	if took := time.Since(start); err == nil || out != "waits\n" || took > 30*time.Second {
		t.Errorf("runScript = %q, %v after %s", out, err, took)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *updateDocs {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), go test ./internal/cli -run Proof -update writes it anew:\n%s", path, diff)
	}
}
