package cluster

import (
	"os"
	"testing"
	"time"
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
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if err := c.noteLoaded([]string{"w1", "w2"}, []Image{web}, now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := c.noteLoaded([]string{"w1"}, []Image{store}, now); err != nil {
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
	for name, tc := range map[string]struct {
		image Image
		since time.Time
		want  bool
	}{
		"seen at that time":  {store, now, true},
		"seen before":        {store, now.Add(time.Second), false},
		"seen an hour ago":   {web, now, false},
		"seen after all":     {web, now.Add(-2 * time.Hour), true},
		"never seen by name": {Image{Ref: "docker.io/firedrill/new:1", ID: "sha256:aa"}, time.Time{}, false},
	} {
		if got := c.seenSince(tc.since, []string{"w1"}, []Image{tc.image}); got != tc.want {
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
	if err := c.noteLoaded([]string{"w1"}, []Image{web}, now); err != nil || !c.WereLoaded([]string{"w1"}, []Image{web}) {
		t.Errorf("a damaged record is not made anew: %v", err)
	}
	if down, err := f.Down(t.Context(), c.name); err != nil {
		t.Fatal(down, err)
	}
	if _, err := os.Stat(c.loadedPath()); !os.IsNotExist(err) {
		t.Errorf("the record outlives the cluster: %v", err)
	}
}
