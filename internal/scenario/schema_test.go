package scenario_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/firedrill/firedrill/internal/scenario"
)

// compileSchema returns the schema of the test's kinds, ready to validate.
func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := scenario.Schema(kinds())
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
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

// document reads a folder's scenario.yaml as an editor does.
func document(t *testing.T, fsys fs.FS) any {
	t.Helper()
	src, err := fs.ReadFile(fsys, scenario.FileName)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal(src, &value); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return instance
}

// TestSchema: schema and loader agree on one document.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	tests := []struct {
		name  string
		edits []string
		bad   bool
	}{
		{name: "the good scenario"},
		{name: "default left out", edits: []string{"      rate: 5\n", ""}},
		{name: "variable in place of a number", edits: []string{`["8080", "9090"]`, `["10", "20"]`, "rate: 5", "rate: ${port}"}},
		{name: "variable in place of a duration", edits: []string{`["8080", "9090"]`, `["10", "20"]`, "rate: 5", "timeout: ${port}s"}},
		{name: "free patch", edits: []string{"file: faults/small.yaml", "patch: {a: [1, {b: c}]}"}},
		{name: "inlined field", edits: []string{"          app: checkout\n", "          labels: {a: b}\n"}},
		{name: "kind", edits: []string{"kind: Scenario", "kind: Drill"}, bad: true},
		{name: "unknown field", edits: []string{"rate: 5", "rates: 5"}, bad: true},
		{name: "missing field", edits: []string{"  difficulty: beginner\n", ""}, bad: true},
		{name: "wrong type", edits: []string{"rate: 5", "rate: fast"}, bad: true},
		{name: "out of bounds", edits: []string{"rate: 5", "rate: 500"}, bad: true},
		{name: "duration without a unit", edits: []string{"timeLimit: 15m", "timeLimit: 15"}, bad: true},
		{name: "bad duration", edits: []string{"timeLimit: 15m", "timeLimit: 15 m"}, bad: true},
		{name: "enum", edits: []string{"family: capacity", "family: capacities"}, bad: true},
		{name: "no DNS label", edits: []string{"id: rolled-out", "id: Rolled Out"}, bad: true},
		{name: "unknown kind", edits: []string{"type: deletePod", "type: deletePods"}, bad: true},
		{name: "check in place of a fault", edits: []string{"type: patch", "type: rollout"}, bad: true},
		{name: "unknown parameter", edits: []string{"with: {above: 1s}", "with: {abov: 1s}"}, bad: true},
		{name: "parameter of another kind", edits: []string{"with: {above: 1s}", "with: {deployment: x}"}, bad: true},
		{name: "parameter's enum", edits: []string{"with: {above: 1s}", "with: {mode: p95}"}, bad: true},
		{name: "missing parameters", edits: []string{"      with:\n        deployment: checkout\n        port: ${port}\n", ""}, bad: true},
		{name: "no faults", edits: []string{"    - type: patch\n      with:\n        file: faults/small.yaml\n", "    []\n"}, bad: true},
		{name: "number in place of a text", edits: []string{`["8080", "9090"]`, "[8080, 9090]"}, bad: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := change(t, nil, test.edits...)
			err := schema.Validate(document(t, folder))
			if (err != nil) != test.bad {
				t.Errorf("schema: bad is %t, want %t: %v", err != nil, test.bad, err)
			}
			if found := problems(t, folder); (found != "") != test.bad {
				t.Errorf("loader: bad is %t, want %t: %s", found != "", test.bad, found)
			}
		})
	}
}

func TestReference(t *testing.T) {
	t.Parallel()
	golden(t, "reference.golden.md", string(scenario.Reference(kinds())))
}
