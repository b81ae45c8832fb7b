package verifier

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/scenario"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range Registry() {
		if !regexp.MustCompile(`^[a-z][a-zA-Z]+$`).MatchString(k.Name) || seen[k.Name] {
			t.Errorf("kind %q: a bad name, or a second of it", k.Name)
		}
		seen[k.Name] = true
		if !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("kind %s: its description is no sentence: %q", k.Name, k.Doc)
		}
		made := k.New()
		_, checks := made.(Checker)
		_, perturbs := made.(Perturber)
		if checks == perturbs {
			t.Errorf("kind %s: must be a Checker or a Perturber, and not both", k.Name)
		}
		if made == k.New() {
			t.Errorf("kind %s: two scenarios would share their parameters", k.Name)
		}
		documented(t, k.Name, reflect.TypeOf(made).Elem())
	}
}

// documented makes sure that every parameter has a name and a description.
func documented(t *testing.T, kind string, params reflect.Type) {
	t.Helper()
	for i := range params.NumField() {
		f := params.Field(i)
		if f.Tag.Get("yaml") == ",inline" {
			documented(t, kind, f.Type)
			continue
		}
		if f.Tag.Get("yaml") == "" || !strings.HasSuffix(f.Tag.Get("doc"), ".") {
			t.Errorf("kind %s: parameter %s lacks a yaml tag or a sentence as its doc", kind, f.Name)
		}
	}
}

// TestParametersDecode: what a scenario leaves out gets its default, and what is required
// is asked for.
func TestParametersDecode(t *testing.T) {
	t.Parallel()
	required := map[string]string{}
	for _, k := range Registry() {
		problems := scenario.DecodeParams("scenario.yaml", scenario.Params{}, k.New())
		required[k.Name] = problems.Error()
		if len(problems) == 0 {
			t.Errorf("kind %s asks for nothing", k.Name)
		}
	}
	for kind, field := range map[string]string{
		"rolloutComplete": "name", "noRestarts": "selector", "http": "stream", "nodeUnits": "units",
		"limitWithin": "container", "runPod": "node", "deletePod": "selector",
	} {
		if !strings.Contains(required[kind], field) {
			t.Errorf("kind %s does not ask for %s: %s", kind, field, required[kind])
		}
	}
	within := new(LimitWithin)
	_ = scenario.DecodeParams("scenario.yaml", scenario.Params{}, within)
	if within.Factor != 4 || within.Resource != "memory" || within.Kind != "Deployment" {
		t.Errorf("defaults: %+v", within)
	}
}
