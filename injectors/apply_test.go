package injectors_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/firedrill/firedrill/injectors"
)

const release42 = `# a release
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  template:
    spec:
      containers:
        - name: app
          image: shop/checkout:1.42
---
apiVersion: v1
kind: ConfigMap
metadata: {name: flags}
data: {cache: "on"}
`

const traineesFlags = `
apiVersion: v1
kind: ConfigMap
metadata: {name: flags, namespace: shop-x7k2q, uid: theirs}
data: {cache: "off"}
`

func TestApply(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		inject  int
		trainee func(t *testing.T, c *cluster)
		flags   map[string]any // data of the ConfigMap in the end; nil: gone
	}{
		"injected":       {inject: 1},
		"injected twice": {inject: 2},
		"never injected": {},
		"both deleted by the trainee": {inject: 1, trainee: func(t *testing.T, c *cluster) {
			t.Helper()
			remove(t, c, "v1", "ConfigMap", "flags")
			remove(t, c, "apps/v1", "Deployment", "checkout")
		}},
		"the trainee put an object of their own in its place": {inject: 1, trainee: func(t *testing.T, c *cluster) {
			t.Helper()
			remove(t, c, "v1", "ConfigMap", "flags")
			create(t, c, traineesFlags)
		}, flags: map[string]any{"cache": "off"}},
	}
	files := fstest.MapFS{"faults/release.yaml": {Data: []byte(release42)}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, checkout)
			target, fault := c.target(files), &injectors.Apply{File: "faults/release.yaml"}
			before := c.object(t, "apps/v1", "Deployment", "checkout")
			undo, err := fault.Prepare(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if c.object(t, "v1", "ConfigMap", "flags") != nil {
				t.Error("Prepare created an object")
			}
			for range tt.inject {
				if err := fault.Inject(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
				if c.object(t, "v1", "ConfigMap", "flags") == nil || cmp.Equal(before, c.object(t, "apps/v1", "Deployment", "checkout")) {
					t.Error("Inject did not apply both objects")
				}
			}
			if tt.trainee != nil {
				tt.trainee(t, c)
			}
			for range 2 {
				if err := fault.Revert(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(before, c.object(t, "apps/v1", "Deployment", "checkout")); diff != "" {
				t.Errorf("Deployment (-before +after):\n%s", diff)
			}
			flags, _ := c.object(t, "v1", "ConfigMap", "flags")["data"].(map[string]any)
			if diff := cmp.Diff(tt.flags, flags); diff != "" {
				t.Errorf("flags (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		manifest string
		want     string
	}{
		"empty":              {"# nothing\n", "holds no object"},
		"another namespace":  {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: firedrill-system}\n", "a fault stays in the drill's"},
		"no name":            {"apiVersion: v1\nkind: ConfigMap\n", "lacks its kind or metadata.name"},
		"other runs' matter": {"apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", "would break other runs"},
		"no YAML":            {"a: b: c", "manifest: object 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fault := &injectors.Apply{Manifest: tt.manifest}
			_, err := fault.Prepare(t.Context(), newCluster(t).target(nil))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Prepare: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestApplyValidate(t *testing.T) {
	t.Parallel()
	for _, bad := range []*injectors.Apply{{}, {File: "a.yaml", Manifest: "a: b"}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is valid", bad)
		}
	}
	if err := (&injectors.Apply{File: "a.yaml"}).Validate(); err != nil {
		t.Error(err)
	}
}

func remove(t *testing.T, c *cluster, apiVersion, kind, name string) {
	t.Helper()
	if err := c.resource(t, apiVersion, kind).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, c *cluster, manifest string) {
	t.Helper()
	object := parse(t, manifest)
	_, err := c.resource(t, object.GetAPIVersion(), object.GetKind()).Create(t.Context(), object, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}
