package scenario_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/scenario"
)

// TestRules changes one thing of the good scenario at a time and expects exactly the
// problems that follow.
func TestRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		edits []string
		want  []string
	}{
		{name: "nothing wrong"},
		{
			name:  "folder's name",
			edits: []string{"name: queue-full", "name: queue-empty"},
			want:  []string{`scenario.yaml:4:9: metadata.name: "queue-empty" is not the folder's name, "queue-full"`},
		},
		{
			name:  "name is no DNS label",
			edits: []string{"name: queue-full", "name: Queue"},
			want: []string{
				`scenario.yaml:4:9: metadata.name: "Queue" is not a DNS label: up to 63 lower-case letters, digits and dashes, a letter first`,
				`scenario.yaml:4:9: metadata.name: "Queue" is not the folder's name, "queue-full"`,
			},
		},
		{
			name:  "title gives the cause away",
			edits: []string{"Half of the orders", "Queues overflow and half of the orders"},
			want:  []string{`scenario.yaml:5:10: metadata.title: gives the cause away with "queue", a word of the scenario's name: say what users or alerts see`},
		},
		{
			name:  "namespace gives the cause away",
			edits: []string{"namespace: shop", "namespace: queue-shop"},
			want:  []string{`scenario.yaml:13:14: spec.namespace: gives the cause away with "queue", a word of the scenario's name: name the team or the product`},
		},
		{
			name:  "ID twice in a list",
			edits: []string{"  faults:", "    - {id: rolled-out, type: latency}\n  faults:"},
			want:  []string{`scenario.yaml:33:12: spec.steadyState[1].id: "rolled-out" is the id of spec.steadyState[0] too`},
		},
		{
			name:  "safeguard twice",
			edits: []string{"  hints:", "    - name: replicas-lowered\n      sentence: Again.\n      type: latency\n  hints:"},
			want:  []string{`scenario.yaml:56:13: spec.safeguards[1].name: "replicas-lowered" is the name of spec.safeguards[0] too`},
		},
		{
			name:  "hold is too short",
			edits: []string{"hold: 30s", "hold: 4s"},
			want:  []string{`scenario.yaml:42:11: spec.recovery.hold must be 5s to 1h, not 4s`},
		},
		{
			name:  "no time for the repair",
			edits: []string{"hold: 30s", "hold: 15m"},
			want:  []string{`scenario.yaml:42:11: spec.recovery.hold: 15m leaves no time for the repair: the time limit is 15m`},
		},
		{
			name:  "time limit",
			edits: []string{"timeLimit: 15m", "timeLimit: 5h"},
			want:  []string{`scenario.yaml:12:14: spec.timeLimit must be 1m to 4h, not 5h`},
		},
		{
			name:  "rate",
			edits: []string{"rate: 5", "rate: 51"},
			want:  []string{`scenario.yaml:26:13: spec.traffic[0].rate must be 1 to 50, not 51`},
		},
		{
			name:  "variable for a number that is none",
			edits: []string{"rate: 5", "rate: ${order-size}"},
			want:  []string{`scenario.yaml:26:13: spec.traffic[0].rate: expected a whole number, got the text "12Mi"`},
		},
		{
			name:  "URL",
			edits: []string{"http://checkout:${port}/order", "checkout/order"},
			want:  []string{`scenario.yaml:25:12: spec.traffic[0].url: "checkout/order" is no URL with http:// and a host`},
		},
		{
			name:  "image without a tag",
			edits: []string{"shop/${build}/checkout:1.4.2", "shop/checkout"},
			want:  []string{`scenario.yaml:20:13: spec.images[0].name: "shop/checkout" is no image reference with a tag, for example shop/${build}/checkout:1.4.2`},
		},
		{
			name:  "image that another drill's may replace",
			edits: []string{"shop/${build}/checkout:1.4.2", "shop/checkout:1.4.2"},
			want: []string{`scenario.yaml:20:13: spec.images[0].name: "shop/checkout:1.4.2" is without ${build}, so the image of a drill beside this one could ` +
				`take its place in the nodes; write for example shop/${build}/checkout:1.4.2`},
		},
		{
			name:  "too many hints",
			edits: []string{"    - Look at the pods.", strings.Repeat("    - Look.\n", 11)},
			want:  []string{`scenario.yaml:57:5: spec.hints must be 1 to 10 items, not 11`},
		},
		{
			name:  "an empty hint",
			edits: []string{"    - Look at the pods.", `    - ""`},
			want:  []string{`scenario.yaml:57:5: spec.hints[0] must not be empty`},
		},
		{
			name:  "unused and taken variables",
			edits: []string{"    - name: port\n", "    - {name: path, oneOf: [x]}\n    - {name: idle, oneOf: [x]}\n    - name: port\n"},
			want: []string{
				`scenario.yaml:15:14: spec.variables[0].name: "path" is taken: scripts have $PATH for something else`,
				`scenario.yaml:16:14: spec.variables[1].name: "idle" is defined but nothing uses ${idle}, and no script $IDLE`,
			},
		},
		{
			name:  "node without breaksNode",
			edits: []string{"Sales:", "Sales on ${node}:"},
			want:  []string{`scenario.yaml:9:14: ${node} has no value: spec.breaksNode is not true`},
		},
		{
			name:  "manifest that is not there",
			edits: []string{"  traffic:", "  manifests: [manifests/10-chekout.yaml]\n  traffic:"},
			want:  []string{`scenario.yaml:23:15: spec.manifests[0]: there is no file "manifests/10-chekout.yaml" in the scenario's folder (did you mean "manifests/10-checkout.yaml"?)`},
		},
		{
			name:  "file of a fault that is not there",
			edits: []string{"file: faults/small.yaml", "file: faults/smal.yaml"},
			want:  []string{`scenario.yaml:36:15: spec.faults[0].with.file: there is no file "faults/smal.yaml" in the scenario's folder`},
		},
		{
			name:  "a value left out",
			edits: []string{"rate: 5", "rate:"},
			want:  []string{`scenario.yaml:26:7: spec.traffic[0].rate has no value`},
		},
		{
			name:  "alias",
			edits: []string{"with: {above: 1s}", "with: *other"},
			want:  []string{`scenario.yaml:40:13: spec.symptoms[0].with: expected fields, got an alias`},
		},
		{
			name:  "number in place of a text",
			edits: []string{`["8080", "9090"]`, "[8080]"},
			want: []string{
				`scenario.yaml:16:15: spec.variables[0].oneOf[0]: expected text, got the number 8080: put it in quotes`,
				`scenario.yaml:32:15: spec.steadyState[0].with.port: expected a whole number, got the text ""`,
			},
		},
		{
			name:  "second document",
			edits: []string{"  hints:", "---\na: b\n---\n  hints:"},
			want:  []string{`scenario.yaml:57:1: holds a second document: a scenario is one`},
		},
		{
			name:  "no YAML",
			edits: []string{"kind: Scenario", "kind: [Scenario"},
			want:  []string{`scenario.yaml:3:1: is not YAML: ',' or ']' must be specified`},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := problems(t, change(t, nil, test.edits...))
			if diff := cmp.Diff(strings.Join(test.want, "\n"), got); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	const manifest = "manifests/10-checkout.yaml"
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{
			name:  "unknown variable in a manifest",
			files: map[string]string{"manifests/20.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a-${prt}\n"},
			want:  []string{`manifests/20.yaml:4:11: unknown variable ${prt} (did you mean "port"?); write $${prt} for the text itself`},
		},
		{
			name:  "shell default",
			files: map[string]string{"faults/small.yaml": "a: ${HOME:-/root} ${order-size}\n"},
			want: []string{`faults/small.yaml:1:4: unknown variable ${HOME:-/root} (known: build, namespace, node, order-size, port, run); ` +
				`write $${HOME:-/root} for the text itself`},
		},
		{
			name:  "objects that the engine cannot take",
			files: map[string]string{"manifests/20.yaml": "kind: Pod\nmetadata:\n  namespace: shop\n---\napiVersion: v1\nkind: List\nmetadata: {name: x}\n---\n- a\n"},
			want: []string{
				`manifests/20.yaml:1:1: the object has no apiVersion`,
				`manifests/20.yaml:3:3: the object has no metadata.name`,
				`manifests/20.yaml:3:14: metadata.namespace must not be set: every run has a namespace of its own`,
				`manifests/20.yaml:6:7: List is not supported: write its items as documents of their own`,
				`manifests/20.yaml:9:1: expected a Kubernetes object, got a list`,
			},
		},
		{
			name:  "object of the whole cluster",
			files: map[string]string{"manifests/20.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n"},
			want:  []string{`manifests/20.yaml:2:7: Namespace must not be in a baseline: every run has a namespace of its own`},
		},
		{
			name:  "manifest without an object",
			files: map[string]string{"manifests/20.yaml": "# nothing\n"},
			want:  []string{`manifests/20.yaml: holds no object`},
		},
		{
			name:  "manifest that is no YAML",
			files: map[string]string{"manifests/20.yaml": "a: [b\n"},
			want:  []string{`manifests/20.yaml:1:4: is not YAML: sequence end token ']' not found`},
		},
		{
			name:  "no manifest at all",
			files: map[string]string{manifest: "", "solutions/raise.sh": "#!/bin/sh\n# Uses $NAMESPACE.\necho $PORT\n"},
			want:  []string{`manifests: holds no manifest (*.yaml): the baseline is empty`},
		},
		{
			name:  "script without shebang and description",
			files: map[string]string{"solutions/raise.sh": "kubectl get pods\n# too late\n"},
			want: []string{
				`solutions/raise.sh:1:1: has no description: write one comment line below the shebang, saying what is done and why`,
				`solutions/raise.sh:1:1: has no shebang: begin with #!/bin/sh`,
			},
		},
		{
			name:  "solution that is refused",
			files: map[string]string{"solutions/raise.sh": "#!/bin/sh\n# Raises it.\n# refused: replicas-lowered\n"},
			want:  []string{`solutions/raise.sh:3:1: a solution is not refused: this line belongs to wrong-fixes/`},
		},
		{
			name:  "wrong fix that nothing refuses",
			files: map[string]string{"wrong-fixes/wait.sh": "#!/bin/sh\n# Waits.\n"},
			want:  []string{`wrong-fixes/wait.sh:1:1: has no line "# refused: <safeguard>": name the safeguard that refuses it, or recovery:<check id>`},
		},
		{
			name: "wrong fixes refused by what is not there",
			files: map[string]string{
				"wrong-fixes/wait.sh":   "#!/bin/sh\n# Waits.\n# refused: recovery:order-fast\n",
				"wrong-fixes/delete.sh": "#!/bin/sh\n# Deletes.\n# refused: replica-lowered\n",
			},
			want: []string{
				`wrong-fixes/delete.sh:3:1: unknown safeguard "replica-lowered" (did you mean "replicas-lowered"?)`,
				`wrong-fixes/wait.sh:3:1: unknown recovery check "order-fast" (did you mean "orders-fast"?)`,
			},
		},
		{
			name:  "too few scripts",
			files: map[string]string{"solutions/raise.sh": "", "wrong-fixes/wait.sh": ""},
			want: []string{
				`solutions: holds 1 scripts, and at least 2 prove the scenario`,
				`wrong-fixes: holds 2 scripts, and at least 3 prove the scenario`,
			},
		},
		{
			name:  "what is no script",
			files: map[string]string{"solutions/notes.txt": "x", "solutions/README.md": "fine"},
			want:  []string{`solutions/notes.txt: is no script: solutions/ holds only *.sh files`},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := problems(t, change(t, test.files))
			if diff := cmp.Diff(strings.Join(test.want, "\n"), got); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNoScenario loads folders that hold nothing to check.
func TestNoScenario(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		folder fstest.MapFS
		want   string
	}{
		"nothing there": {fstest.MapFS{}, "scenario.yaml: is not there: a scenario is a folder that holds one"},
		"empty":         {fstest.MapFS{scenario.FileName: {Data: []byte("# nothing\n")}}, "scenario.yaml: is empty"},
		"too deep":      {fstest.MapFS{scenario.FileName: {Data: []byte("a:\n" + strings.Repeat("- ", 5000))}}, "scenario.yaml:2:2001: is nested too deeply"},
		"brackets":      {fstest.MapFS{scenario.FileName: {Data: []byte(strings.Repeat("[", 5000))}}, "scenario.yaml:1:1001: is nested too deeply"},
		"too large":     {fstest.MapFS{scenario.FileName: {Data: make([]byte, 2<<20)}}, "scenario.yaml: is larger than 1048576 bytes"},
		"a list":        {fstest.MapFS{scenario.FileName: {Data: []byte("- a\n")}}, "scenario.yaml:1:1: expected fields, got a list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, _ := strings.Cut(problems(t, test.folder), "\n")
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestLintEveryValue finds what is wrong only with one of a variable's values.
func TestLintEveryValue(t *testing.T) {
	t.Parallel()
	folder := change(t, nil, `["8080", "9090"]`, `["8080", "9090", "http"]`)
	_, err := scenario.Entry{Name: "queue-full", FS: folder}.Lint(kinds())
	const want = `scenario.yaml:25:12: spec.traffic[0].url: "http://checkout:http/order" is no URL with http:// and a host
scenario.yaml:32:15: spec.steadyState[0].with.port: expected a whole number, got the text "http"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	good, err := scenario.Entry{Name: "queue-full", FS: os.DirFS("testdata/good/queue-full")}.Lint(kinds())
	if err != nil || good == nil {
		t.Errorf("the good scenario: %v", err)
	}
}
