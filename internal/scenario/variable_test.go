package scenario_test

import (
	"regexp"
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
			wantErr: `manifests/20.yaml:1:4: unknown variable ${nme} (known: build, namespace, node, order-size, port, run); write $${nme} for the text itself`,
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

// TestBuild: images have the same names as long as they hold the same, and no longer.
func TestBuild(t *testing.T) {
	t.Parallel()
	image := func(size string, edits ...string) string {
		t.Helper()
		folder, err := scenario.Load(change(t, nil, edits...), scenario.Vars{Values: map[string]string{"order-size": size, "port": "8080", "run": "shop-" + size}})
		if err != nil {
			t.Fatal(err)
		}
		return folder.Scenario.Spec.Images[0].Name
	}
	small := image("12Mi")
	if !regexp.MustCompile(`^shop/[0-9a-f]{7}/checkout:1\.4\.2$`).MatchString(small) {
		t.Errorf("the image's name is %q", small)
	}
	for what, same := range map[string]string{
		"another run of it":                  image("12Mi"),
		"another text of the drill":          image("12Mi", "Look at the pods.", "Look at all pods."),
		"a variable that is in no image":     image("12Mi", `["8080", "9090"]`, `["8080", "9091"]`),
		"the same value, written in another": image("16Mi", "SIZE: ${order-size}", "SIZE: 12Mi", "rate: 5", "rate: 5\n      expect: ${order-size}"),
	} {
		if same != small {
			t.Errorf("%s: the image is %s, and was %s", what, same, small)
		}
	}
	newer, err := scenario.Load(change(t, nil), scenario.Vars{Values: map[string]string{"order-size": "12Mi", "port": "8080"}, Program: "newer"})
	if err != nil {
		t.Fatal(err)
	}
	for what, other := range map[string]string{
		"another program": newer.Scenario.Spec.Images[0].Name,
		"another value":   image("16Mi"),
		"another setting": image("12Mi", "SIZE: ${order-size}", "SIZE: ${order-size}\n        PORT: ${port}"),
		"another key":     image("12Mi", "SIZE: ${order-size}", "BYTES: ${order-size}"),
	} {
		if other == small {
			t.Errorf("%s: the image is %s all the same", what, other)
		}
	}
}
