package appimage

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/firedrill/firedrill/internal/scenario"
)

// fakeBuilder builds a "binary" that names its architecture, and counts builds.
func fakeBuilder(t *testing.T) (b *Builder, builds *int) {
	t.Helper()
	builds = new(int)
	return &Builder{
		embedded: fstest.MapFS{},
		cache:    filepath.Join(t.TempDir(), "cache"),
		compile: func(_ context.Context, arch, output string) error {
			*builds++
			return os.WriteFile(output, []byte("binary for "+arch), 0o700)
		},
	}, builds
}

func shop() scenario.Image {
	return scenario.Image{Name: "registry.shop.example/checkout:1.4.2", Env: map[string]string{"WORKING_SET": "48Mi", "VERSION": "1.4.2"}}
}

func TestArchiveIsReadBack(t *testing.T) {
	t.Parallel()
	b, _ := fakeBuilder(t)
	ref, id, open, err := b.Archive(t.Context(), "arm64", shop())
	if err != nil {
		t.Fatal(err)
	}
	if ref != shop().Name {
		t.Errorf("reference %s", ref)
	}
	tag, err := name.NewTag(ref)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.Image(open, &tag)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := image.ConfigName(); err != nil || got.String() != id {
		t.Errorf("image id %s, %v; want %s", got, err, id)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"VERSION=1.4.2", "WORKING_SET=48Mi"}, file.Config.Env); diff != "" {
		t.Error(diff)
	}
	if file.OS != "linux" || file.Architecture != "arm64" || file.Config.User == "" || file.Config.Labels["org.opencontainers.image.title"] != "drillapp" {
		t.Errorf("config: %+v", file)
	}
	if diff := cmp.Diff(map[string]string{"drillapp": "binary for arm64"}, contents(t, image)); diff != "" {
		t.Error(diff)
	}
}

func contents(t *testing.T, image v1.Image) map[string]string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	stream, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	files := map[string]string{}
	reader := tar.NewReader(stream)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		if header.Mode&0o111 == 0 {
			t.Errorf("%s cannot be run: %o", header.Name, header.Mode)
		}
		files[header.Name] = string(data)
	}
}

func TestArchiveIsDeterministic(t *testing.T) {
	t.Parallel()
	read := func(img scenario.Image) (string, []byte) {
		b, _ := fakeBuilder(t)
		_, id, open, err := b.Archive(t.Context(), "amd64", img)
		if err != nil {
			t.Fatal(err)
		}
		var first []byte
		for range 2 {
			stream, err := open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(stream)
			if err != nil || stream.Close() != nil || len(data) == 0 {
				t.Fatalf("%d bytes, %v", len(data), err)
			}
			if first != nil && !bytes.Equal(first, data) {
				t.Error("the archive differs when read again")
			}
			first = data
		}
		return id, first
	}
	id, data := read(shop())
	again, dataAgain := read(shop())
	if id != again || !bytes.Equal(data, dataAgain) {
		t.Error("equal input, another image")
	}
	other := shop()
	other.Env["WORKING_SET"] = "96Mi"
	if otherID, _ := read(other); otherID == id {
		t.Error("another environment, the same image")
	}
}

func TestArchiveRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, arch, image, want string }{
		{name: "architecture", arch: "riscv64", image: "shop:v1", want: "amd64 or arm64"},
		{name: "no tag", arch: "amd64", image: "docker.io/firedrill/shop", want: "want a tag"},
		{name: "bad name", arch: "amd64", image: "Shop:v1", want: `image name "Shop:v1"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, _ := fakeBuilder(t)
			_, _, _, err := b.Archive(t.Context(), test.arch, scenario.Image{Name: test.image})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestFullReference(t *testing.T) {
	t.Parallel()
	for short, want := range map[string]string{
		"shop:v1":                     "docker.io/library/shop:v1",
		"firedrill/shop:v1":           "docker.io/firedrill/shop:v1",
		"docker.io/firedrill/shop:v1": "docker.io/firedrill/shop:v1",
		"localhost:5000/shop:v1":      "localhost:5000/shop:v1",
		"registry.example/a/shop:v1":  "registry.example/a/shop:v1",
	} {
		if _, got, err := parseName(short); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", short, got, err, want)
		}
	}
}

func TestRefereeImage(t *testing.T) {
	t.Parallel()
	img, err := RefereeImage()
	if err != nil || !strings.HasPrefix(img.Name, "docker.io/firedrill/drillapp:") {
		t.Errorf("got %+v, %v", img, err)
	}
}
