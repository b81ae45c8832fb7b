package scenario_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/scenario"
)

// inVariants is the good scenario with two variants, of which the second breaks a node.
func inVariants(t *testing.T, extra ...string) fstest.MapFS {
	t.Helper()
	edits := append([]string{"  images:\n", `  variants:
    - name: as-above
    - name: node
      breaksNode: true
      hints: ["Look at ${node}, which costs $${amount}."]
      safeguards:
        - name: node-lost
          sentence: The node is still there.
          type: rollout
          with: {deployment: "checkout-${port}"}
  images:
`}, extra...)
	return change(t, nil, edits...).(fstest.MapFS)
}

func TestVariantReplacesFields(t *testing.T) {
	t.Parallel()
	for variant, want := range map[string]struct{ safeguard, hint string }{
		"as-above": {"replicas-lowered", "Look at the pods."},
		"node":     {"node-lost", "Look at drill-worker, which costs ${amount}."},
	} {
		vars := scenario.Vars{Values: map[string]string{scenario.VarVariant: variant}}
		folder, err := scenario.Entry{Name: "queue-full", FS: withNodeFix(t, inVariants(t))}.Check(vars, kinds())
		if err != nil {
			t.Fatalf("%s: %v", variant, err)
		}
		spec := folder.Scenario.Spec
		if spec.Safeguards[0].Name != want.safeguard || spec.Hints[0] != want.hint || folder.Variant != variant {
			t.Errorf("%s: got variant %q, safeguard %q, hint %q", variant, folder.Variant, spec.Safeguards[0].Name, spec.Hints[0])
		}
	}
}

// withNodeFix gives each variant the wrong fixes that it needs.
func withNodeFix(t *testing.T, folder fstest.MapFS) fstest.MapFS {
	t.Helper()
	for name, file := range folder {
		if len(name) > 12 && name[:12] == "wrong-fixes/" {
			folder[name] = &fstest.MapFile{Data: append([]byte("#!/bin/sh\n# variants: as-above\n"), file.Data[len("#!/bin/sh\n"):]...)}
		}
	}
	for _, name := range []string{"wrong-fixes/lose.sh", "wrong-fixes/lose-again.sh"} {
		folder[name] = &fstest.MapFile{Data: []byte("#!/bin/sh\n# Lose the node.\n# refused: node-lost\n# variants: node\n")}
	}
	return folder
}

// TestVariantByTheSeed: the seed draws every variant, and always the same one.
func TestVariantByTheSeed(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for seed := range int64(20) {
		folder, err := scenario.Load(withNodeFix(t, inVariants(t)), scenario.Vars{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		seen[folder.Variant]++
	}
	if len(seen) != 2 || seen["node"] < 3 || seen["as-above"] < 3 {
		t.Errorf("20 seeds drew %v", seen)
	}
}

// TestDraftVariant: no seed draws a draft, and it can be chosen.
func TestDraftVariant(t *testing.T) {
	t.Parallel()
	draft := withNodeFix(t, inVariants(t, "    - name: node\n", "    - name: node\n      draft: true\n"))
	for seed := range int64(20) {
		folder, err := scenario.Load(draft, scenario.Vars{Seed: seed})
		if err != nil || folder.Variant != "as-above" {
			t.Fatalf("seed %d drew %q: %v", seed, folder.Variant, err)
		}
	}
	folder, err := scenario.Load(draft, scenario.Vars{Values: map[string]string{scenario.VarVariant: "node"}})
	if err != nil || folder.Variant != "node" || !folder.Scenario.Spec.BreaksNode {
		t.Errorf("chosen: %v", err)
	}
}

func TestVariantProblems(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		folder fstest.MapFS
		vars   map[string]string
		want   string
	}{
		"unknown": {
			withNodeFix(t, inVariants(t)),
			map[string]string{"variant": "nod"},
			`scenario.yaml:20:5: unknown variant "nod" (did you mean "node"?)`,
		},
		"none at all": {
			change(t, nil).(fstest.MapFS),
			map[string]string{"variant": "node"},
			`scenario.yaml:7:3: unknown variant "node": the scenario has none`,
		},
		"twice": {
			withNodeFix(t, inVariants(t, "name: as-above", "name: node")),
			map[string]string{"variant": "node"},
			`scenario.yaml:21:13: spec.variants[1].name: "node" is the name of spec.variants[0] too`,
		},
		"unknown field of one that was not drawn": {
			withNodeFix(t, inVariants(t, "breaksNode: true", "breakNode: true", "${node}", "node")),
			map[string]string{"variant": "as-above"},
			`scenario.yaml:22:7: spec.variants[1]: unknown field "breakNode" (did you mean "breaksNode"?)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := scenario.Load(test.folder, scenario.Vars{Values: test.vars})
			if err == nil {
				t.Fatal("no problem")
			}
			if diff := cmp.Diff(test.want, firstLine(err.Error())); diff != "" {
				t.Errorf("(-want +got):\n%s\nall: %v", diff, err)
			}
		})
	}
}

// TestLintEveryVariant finds what is wrong only in one variant.
func TestLintEveryVariant(t *testing.T) {
	t.Parallel()
	folder := withNodeFix(t, inVariants(t, "type: rollout\n          with: {deployment: \"checkout-${port}\"}", "type: rolout\n          with: {deployment: \"checkout-${port}\"}"))
	_, err := scenario.Entry{Name: "queue-full", FS: folder}.Lint(kinds())
	const want = `scenario.yaml:27:17: unknown check kind "rolout" (did you mean "rollout"?)`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func firstLine(text string) string {
	for i := range text {
		if text[i] == '\n' {
			return text[:i]
		}
	}
	return text
}
