// Package appimage turns drillapp, the workload of the drills, into container images
// without a registry, a pull or a docker build: one layer that holds one binary, with
// a behaviour baked in as environment.
package appimage

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/firedrill/firedrill/internal/drillapp"
	"github.com/firedrill/firedrill/internal/scenario"
)

// Builder makes images for the nodes' architecture. The binary comes from the release
// build's embedded ones, else it is built once from the embedded sources with the Go
// toolchain and cached.
type Builder struct {
	embedded fs.FS  // bin/drillapp-linux-<arch>.gz
	cache    string // folder of built binaries
	compile  func(ctx context.Context, arch, output string) error
}

// NewBuilder returns a builder that caches what it builds in cacheDir, which it makes when
// it builds something: a release build never does.
func NewBuilder(cacheDir string) *Builder {
	return &Builder{embedded: embedded, cache: cacheDir, compile: compile}
}

// RefereeImage is the image of the prober and of canary pods. Its tag is a hash of the
// binary's sources, so a newer firedrill never runs an older one's prober.
func RefereeImage() (scenario.Image, error) {
	hash, err := drillapp.SourceHash()
	if err != nil {
		return scenario.Image{}, err
	}
	return scenario.Image{
		Name: "docker.io/firedrill/drillapp:" + hash,
		Env:  map[string]string{"DRILLAPP_MODE": "hold"},
	}, nil
}

// Archive makes img for linux/arch (amd64 or arm64) and returns its full reference as
// nodes know it (docker.io/library/shop:v1), its image ID (sha256:...), the same for
// the same binary and environment, and a way to read it, as often as needed, as a
// single-platform docker archive, the form that `ctr images import` and kind load.
func (b *Builder) Archive(ctx context.Context, arch string, img scenario.Image) (
	ref, imageID string, open func() (io.ReadCloser, error), err error,
) {
	tag, full, err := parseName(img.Name)
	if err != nil {
		return "", "", nil, err
	}
	binary, err := b.binary(ctx, arch)
	if err != nil {
		return "", "", nil, err
	}
	image, err := assemble(binary, arch, img.Env)
	if err != nil {
		return "", "", nil, fmt.Errorf("image %s: %w", img.Name, err)
	}
	id, err := image.ConfigName()
	if err != nil {
		return "", "", nil, fmt.Errorf("image %s: %w", img.Name, err)
	}
	return full, id.String(), func() (io.ReadCloser, error) { return archive(tag, image) }, nil
}

// parseName also returns the name in full, with the registry and "library/" that a
// short one leaves out, as containerd does.
func parseName(image string) (tag name.Tag, full string, err error) {
	tag, err = name.NewTag(image)
	if err != nil {
		return name.Tag{}, "", fmt.Errorf("image name %q: %w", image, err)
	}
	if !strings.HasSuffix(image, ":"+tag.TagStr()) {
		return name.Tag{}, "", fmt.Errorf("image name %q: want a tag, for example %s:v1", image, image)
	}
	full = tag.Name()
	if rest, ok := strings.CutPrefix(full, name.DefaultRegistry); ok { // index.docker.io
		full = "docker.io" + rest
	}
	return tag, full, nil
}

func archive(tag name.Tag, image v1.Image) (io.ReadCloser, error) {
	var buffer bytes.Buffer
	if err := tarball.Write(tag, image, &buffer); err != nil {
		return nil, fmt.Errorf("write the archive of %s: %w", tag, err)
	}
	return io.NopCloser(&buffer), nil
}

// environment lists env as NAME=value, sorted.
func environment(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for key, value := range env {
		list = append(list, key+"="+value)
	}
	slices.Sort(list)
	return list
}
