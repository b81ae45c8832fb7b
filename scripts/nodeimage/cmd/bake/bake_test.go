package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// exampleTree is a folder with every kind of entry that a root folder has.
func exampleTree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	err := errors.Join(
		os.Mkdir(filepath.Join(root, "bin"), 0o755),
		os.WriteFile(filepath.Join(root, "bin", "busybox"), []byte("program"), 0o755),
		os.Link(filepath.Join(root, "bin", "busybox"), filepath.Join(root, "bin", "sh")),
		os.Symlink("busybox", filepath.Join(root, "bin", "ls")),
		os.Mkdir(filepath.Join(root, "tmp"), 0o755),
		os.Chmod(filepath.Join(root, "tmp"), os.ModeSticky|0o777),
	)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// entries reads a tar stream as "type name -> link" lines.
func entries(t *testing.T, stream io.Reader) []string {
	t.Helper()
	var found []string
	for r := tar.NewReader(stream); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if !header.ModTime.Equal(epoch()) {
			t.Errorf("%s has the time %s, which makes every build another", header.Name, header.ModTime)
		}
		line := string(header.Typeflag) + " " + header.Name
		if header.Linkname != "" {
			line += " -> " + header.Linkname
		}
		found = append(found, line)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := layer{"example", []part{tree(exampleTree(t)), text("/etc/passwd", 0o644, passwd), link("/init", "bin/sh")}}
	if err := l.write(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	want := []string{"5 bin/", "0 bin/busybox", "2 bin/ls -> busybox", "1 bin/sh -> bin/busybox", "5 tmp/", "0 etc/passwd", "2 init -> bin/sh"}
	if got := entries(t, &out); !slices.Equal(got, want) {
		t.Errorf("entries:\n got %q\nwant %q", got, want)
	}
}

func TestTreeStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l := layer{"example", []part{tree(exampleTree(t))}}
	if err := l.write(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("write = %v, want %v", err, context.Canceled)
	}
}

func TestStoreKeepsWhatItReferences(t *testing.T) {
	t.Parallel()
	s, err := openStore(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	shared := layer{"shared", []part{text("/a", 0o644, "a")}}
	for _, img := range []image{
		{names: []string{"example.test/one:1", "example.test/one:2"}, layers: []layer{shared}},
		{names: []string{"example.test/two:1"}, layers: []layer{shared, {"own", []part{text("/b", 0o644, "b")}}}},
	} {
		if err := s.add(t.Context(), img); err != nil {
			t.Fatal(err)
		}
	}
	ctx := namespaces.WithNamespace(t.Context(), "k8s.io")
	found, err := s.images.Get(ctx, "example.test/two:1")
	if err != nil {
		t.Fatal(err)
	}
	data, err := content.ReadBlob(ctx, s.content, found.Target)
	if err != nil {
		t.Fatal(err)
	}
	var manifest ocispec.Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	info, err := s.content.Info(ctx, found.Target.Digest)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	for _, reference := range info.Labels {
		kept[reference] = true
	}
	for _, part := range append(manifest.Layers, manifest.Config) {
		if !kept[part.Digest.String()] {
			t.Errorf("%s %s is referenced by no label: containerd would collect it", part.MediaType, part.Digest)
		}
	}
	if len(manifest.Layers) != 2 {
		t.Errorf("%d layers, want 2", len(manifest.Layers))
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

func TestArchiveIsWhatEnginesLoad(t *testing.T) {
	t.Parallel()
	config, err := nodeConfig([]string{"dev.firedrill.node=abc"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	temp := t.TempDir()
	a := archive{root: exampleTree(t), temp: temp, tags: []string{"firedrill/node:x"}, config: config}
	if err := writeArchive(t.Context(), &out, a); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	r := tar.NewReader(&out)
	header, err := r.Next()
	if err != nil || header.Name != "manifest.json" {
		t.Fatalf("first entry: %v, %v", header, err)
	}
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.NewDecoder(r).Decode(&manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 || !slices.Equal(manifest[0].RepoTags, a.tags) || len(manifest[0].Layers) != 1 {
		t.Fatalf("manifest: %+v", manifest)
	}
	for _, want := range []string{manifest[0].Config, manifest[0].Layers[0]} {
		if header, err = r.Next(); err != nil || header.Name != want {
			t.Errorf("entry %v, %v, want %s", header, err, want)
		}
	}
}
