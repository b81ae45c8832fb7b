package cluster

import (
	"os"
	"testing"
)

// The record of loaded images knows nodes, names and IDs apart, belongs to one cluster, and
// is no reason to fail when somebody damaged it.
func TestWereLoaded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	c, _ := mustUp(t, f, Options{Workers: 2})
	web, store := Image{Ref: "docker.io/firedrill/web:1", ID: "sha256:aa"}, Image{Ref: "docker.io/firedrill/store:1", ID: "sha256:bb"}
	if c.WereLoaded([]string{"w1"}, []Image{web}) {
		t.Error("loaded before anything was")
	}
	if err := c.noteLoaded([]string{"w1", "w2"}, []Image{web}); err != nil {
		t.Fatal(err)
	}
	if err := c.noteLoaded([]string{"w1"}, []Image{store}); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		nodes  []string
		images []Image
		want   bool
	}{
		"both on the one":           {[]string{"w1"}, []Image{web, store}, true},
		"one on both":               {[]string{"w1", "w2"}, []Image{web}, true},
		"both on both":              {[]string{"w1", "w2"}, []Image{web, store}, false},
		"another node":              {[]string{"w3"}, []Image{web}, false},
		"another image of the name": {[]string{"w1"}, []Image{{Ref: web.Ref, ID: "sha256:cc"}}, false},
		"an image without an ID":    {[]string{"w1"}, []Image{{Ref: web.Ref}}, false},
	}
	for name, tc := range tests {
		if got := c.WereLoaded(tc.nodes, tc.images); got != tc.want {
			t.Errorf("%s: %t, want %t", name, got, tc.want)
		}
	}
	other := &Cluster{name: c.name, home: c.home, state: &state{ID: "another"}}
	if other.WereLoaded([]string{"w1"}, []Image{web}) {
		t.Error("another cluster of the name has the images of the one before")
	}
	if err := os.WriteFile(c.loadedPath(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c.WereLoaded([]string{"w1"}, []Image{web}) {
		t.Error("a damaged record is believed")
	}
	if err := c.noteLoaded([]string{"w1"}, []Image{web}); err != nil || !c.WereLoaded([]string{"w1"}, []Image{web}) {
		t.Errorf("a damaged record is not made anew: %v", err)
	}
	if down, err := f.Down(t.Context(), c.name); err != nil {
		t.Fatal(down, err)
	}
	if _, err := os.Stat(c.loadedPath()); !os.IsNotExist(err) {
		t.Errorf("the record outlives the cluster: %v", err)
	}
}
