package scenarios_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/scenarios"
)

// varies holds a drill to what its seed must draw: a name, a port, a limit and a decoy. A
// variable is what changes with it: two of its values are loaded and compared. That
// every value of every variable lints is internal/cli's TestEmbeddedScenarios.
func varies(t *testing.T, folder *scenario.Folder) {
	t.Helper()
	drawn := map[string]bool{}
	for _, v := range folder.Scenario.Spec.Variables {
		values := slices.Compact(slices.Sorted(slices.Values(v.OneOf)))
		if len(values) < 2 || len(values) < len(v.OneOf) {
			t.Errorf("variable %s draws nothing, or a value twice: %s", v.Name, strings.Join(v.OneOf, ", "))
			continue
		}
		one, other := showing(t, folder, v.Name, values[0]), showing(t, folder, v.Name, values[1])
		for _, kind := range []string{"name", "port", "limit"} {
			drawn[kind] = drawn[kind] || !slices.Equal(one.objects[kind], other.objects[kind])
		}
		if !leadsAstray(v.Name) {
			continue
		}
		drawn["decoy"] = drawn["decoy"] || one.told != other.told
		if diff := cmp.Diff(one.answer, other.answer); diff != "" {
			t.Errorf("the decoy %s has a part in the answer (-%s +%s):\n%s", v.Name, values[0], values[1], diff)
		}
	}
	for _, kind := range []string{"name", "port", "limit", "decoy"} {
		if !drawn[kind] {
			t.Errorf("no variable draws a %s", kind)
		}
	}
}

// leadsAstray says whether a variable goes by a decoy's name: what a trainee is told or
// finds, and what has nothing to do with the fault.
func leadsAstray(variable string) bool {
	switch variable {
	case "decoy",
		"campaign", // oomkilled: marketing's, of the same hour
		"team",     // hpa-no-requests: whose quota is far away
		"work",     // node-notready: the data centre's, of this morning
		"pipeline": // pull-auth: the account that pulls as well, and pushes
		return true
	}
	return false
}

// shown is what a drill shows of a choice of its variables.
type shown struct {
	objects map[string][]string // names, ports and limits in the healthy system, limits that the faults set as well
	told    string              // the page, the objects and what the faults do to them
	answer  string              // the rest of the scenario: the checks, the diagnosis, the explanation
}

// showing is the drill with another value of a variable.
func showing(t *testing.T, folder *scenario.Folder, variable, value string) shown {
	t.Helper()
	other := valued(t, folder, map[string]string{variable: value})
	s := shown{objects: map[string][]string{}}
	var objects []any
	for _, object := range written(t, other) {
		objects = append(objects, plain(t, object))
	}
	s.sort("", objects)
	ports := s.objects["port"] // those of a fault are not the system's
	faults := plain(t, other.Scenario.Spec.Faults)
	s.sort("", faults)
	s.objects["port"] = ports

	spec := other.Scenario.Spec
	s.told = text(t, []any{spec.Page, objects, faults})
	diagnosis := *spec.Diagnosis
	diagnosis.Distractors = scenario.Distractors{}
	spec.Page, spec.Faults, spec.Variants, spec.Diagnosis = "", nil, nil, &diagnosis
	s.answer = text(t, spec)
	return s
}

// sort notes what an object says under the keys that stand for a name, a port or a limit.
func (s shown) sort(under string, value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			s.sort(under, item)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			s.sort(under+"."+key, v[key])
		}
	default:
		for kind, keys := range map[string][]string{
			"name": {".metadata.name"}, "port": {".containerPort", ".port", ".targetPort"}, "limit": {".limits.memory", ".limits.cpu"},
		} {
			if slices.ContainsFunc(keys, func(key string) bool { return strings.HasSuffix(under, key) }) {
				s.objects[kind] = append(s.objects[kind], fmt.Sprint(v))
			}
		}
	}
}

// valued is the folder in the same variant, with some of its variables given.
func valued(t *testing.T, folder *scenario.Folder, values map[string]string) *scenario.Folder {
	t.Helper()
	given := maps.Clone(values)
	given[scenario.VarVariant] = folder.Variant
	other, err := scenario.Load(folder.FS, scenario.Vars{Seed: 1, Values: given})
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// plain is a value as its JSON has it.
func plain(t *testing.T, value any) (tree any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text(t, value)), &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

func text(t *testing.T, value any) string {
	t.Helper()
	data, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestPorts: whichever port the seed draws, a container says the one that its image
// listens on.
func TestPorts(t *testing.T) {
	t.Parallel()
	eachVariant(t, func(t *testing.T, folder *scenario.Folder) {
		found := 0
		for i := range 3 {
			values := map[string]string{}
			for _, v := range folder.Scenario.Spec.Variables {
				values[v.Name] = v.OneOf[i%len(v.OneOf)]
			}
			drill := valued(t, folder, values)
			listens := listening(t, drill)
			for _, c := range containers(t, drill) {
				want, known := listens[c.Image]
				if !known || len(c.Ports) == 0 {
					continue
				}
				found++
				if got := fmt.Sprint(c.Ports[0].ContainerPort); got != want || len(c.Ports) > 1 {
					t.Errorf("container %s names port %s, and %s listens on %s", c.Name, got, c.Image, want)
				}
			}
		}
		if found == 0 {
			t.Error("no container with a port and an image of ours")
		}
	})
}

// TestNobodyListens: whichever ports the seed draws for bad-probe, the application is not
// on the one that its probe is sent to.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	catalogue, err := scenario.NewCatalogue(scenarios.FS())
	if err != nil {
		t.Fatal(err)
	}
	entry, err := catalogue.Get("bad-probe")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]string{}
	for _, v := range load(t, entry, "readiness-port").Scenario.Spec.Variables {
		values[v.Name] = v.OneOf
	}
	for _, port := range values["port"] {
		if slices.Contains(values["admin-port"], port) {
			t.Errorf("port %s may be drawn as admin-port as well", port)
		}
	}
	if len(values["port"]) == 0 || len(values["admin-port"]) == 0 {
		t.Errorf("no variables port and admin-port: %v", values)
	}
}

// listening is the port of each image of drillapp: of those loaded into the nodes, and of
// those in a registry that is restored.
func listening(t *testing.T, folder *scenario.Folder) map[string]string {
	t.Helper()
	port := func(env map[string]string) string {
		if env["PORT"] == "" {
			return "8080"
		}
		return env["PORT"]
	}
	listens := map[string]string{}
	for _, image := range folder.Scenario.Spec.Images {
		listens[image.Name] = port(image.Env)
	}
	for _, c := range containers(t, folder) {
		env := map[string]string{}
		for _, v := range c.Env {
			env[v.Name] = v.Value
		}
		if env["REGISTRY_IMAGES"] == "" {
			continue
		}
		var images []struct {
			Repository string
			Tags       []string
			Env        map[string]string
		}
		if err := json.Unmarshal([]byte(env["REGISTRY_IMAGES"]), &images); err != nil {
			t.Fatal(err)
		}
		for _, image := range images {
			for _, tag := range image.Tags {
				listens[env["REGISTRY_HOST"]+"/"+image.Repository+":"+tag] = port(image.Env)
			}
		}
	}
	return listens
}

// containers are those of the healthy system's Deployments.
func containers(t *testing.T, folder *scenario.Folder) []corev1.Container {
	t.Helper()
	var all []corev1.Container
	for _, object := range written(t, folder) {
		if d, is := object.(*appsv1.Deployment); is {
			all = slices.Concat(all, d.Spec.Template.Spec.InitContainers, d.Spec.Template.Spec.Containers)
		}
	}
	return all
}
