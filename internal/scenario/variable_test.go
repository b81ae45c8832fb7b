package scenario_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/scenario"
)

// memory is a folder that holds a scenario.yaml and a manifest of the same text.
func memory(src []byte) fstest.MapFS {
	return fstest.MapFS{
		scenario.FileName:  {Data: src},
		"manifests/a.yaml": {Data: src},
		"solutions/a.sh":   {Data: src},
	}
}

// TestChoose pins the choice: a report's seed must give the same drill in every
// release. Do not change these values.
func TestChoose(t *testing.T) {
	t.Parallel()
	oneOf := []string{"a", "b", "c", "d", "e"}
	var got strings.Builder
	for seed := range int64(12) {
		got.WriteString(scenario.Choose(seed, "app", oneOf))
		got.WriteString(scenario.Choose(seed, "port", oneOf))
		got.WriteString(" ")
	}
	got.WriteString(scenario.Choose(-1, "app", oneOf) + scenario.Choose(1<<62, "app", oneOf) + scenario.Choose(1, "app", nil))
	const want = "ea bc eb aa ca bb ab ce be ad db db ad"
	if got.String() != want {
		t.Errorf("got %q, want %q", got.String(), want)
	}
}

// TestChooseSpreads: every value has its turn.
func TestChooseSpreads(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	for seed := range int64(3000) {
		counts[scenario.Choose(seed, "app", []string{"a", "b", "c"})]++
	}
	for value, n := range counts {
		if n < 900 || n > 1100 {
			t.Errorf("%s was chosen %d times of 3000", value, n)
		}
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	fsys := change(t, map[string]string{"manifests/20.yaml": "a: ${nme}\nb: ${port} $${x}\n", "blob": "\xff${x}", "ok.txt": "${port} $${x} ${namespace}"})
	folder, err := scenario.Load(fsys, scenario.Vars{Values: map[string]string{"port": "1", "namespace": ""}})
	if folder == nil || err == nil {
		t.Fatalf("got %v, %v", folder, err)
	}
	tests := []struct{ name, want, wantErr string }{
		{name: "ok.txt", want: "1 ${x} shop-xxxxx"},
		{name: "./ok.txt", want: "1 ${x} shop-xxxxx"},
		{name: "blob", want: "\xff${x}"},
		{
			name: "manifests/20.yaml", want: "a: ${nme}\nb: 1 ${x}\n",
			wantErr: `manifests/20.yaml:1:4: unknown variable ${nme} (known: namespace, node, order-size, port, run); write $${nme} for the text itself`,
		},
		{name: "none", wantErr: "read the scenario's file none: open none: file does not exist"},
		{name: "../x", wantErr: "read the scenario's file ../x: open ../x: file does not exist"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := folder.File(test.name)
			gotErr := ""
			if err != nil {
				gotErr = err.Error()
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("text differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.wantErr, gotErr); diff != "" {
				t.Errorf("error differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestVariablesInText: a line that a variable makes longer leaves positions alone.
func TestVariablesInText(t *testing.T) {
	t.Parallel()
	fsys := change(t, nil, "p99 of ${namespace} is above 2 s.", "ü ${port} ${port} ${prt} ${port} ${prt}")
	_, err := scenario.Load(fsys, scenario.Vars{Values: map[string]string{"port": strings.Repeat("9", 200)}})
	const want = `scenario.yaml:8:41: unknown variable ${prt} (did you mean "port"?); write $${prt} for the text itself
scenario.yaml:8:56: unknown variable ${prt} (did you mean "port"?); write $${prt} for the text itself`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
