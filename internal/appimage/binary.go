package appimage

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/firedrill/firedrill/internal/drillapp"
)

//go:embed all:bin
var embedded embed.FS

// binary returns drillapp for linux/arch.
func (b *Builder) binary(ctx context.Context, arch string) ([]byte, error) {
	if arch != "amd64" && arch != "arm64" {
		return nil, fmt.Errorf("no workload for nodes of architecture %q: want amd64 or arm64", arch)
	}
	data, err := b.release(arch)
	if errors.Is(err, fs.ErrNotExist) {
		return b.built(ctx, arch)
	}
	return data, err
}

// release unpacks the binary that a release build carries.
func (b *Builder) release(arch string) ([]byte, error) {
	name := fmt.Sprintf("bin/drillapp-linux-%s.gz", arch)
	packed, err := fs.ReadFile(b.embedded, name)
	if err != nil {
		return nil, fmt.Errorf("embedded workload: %w", err)
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("embedded workload %s: %w", name, err)
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("embedded workload %s: %w", name, err)
	}
	return data, nil
}

// built returns the binary from the cache, and builds it when it is not there. Two
// processes at once build it twice and agree: the rename is atomic.
func (b *Builder) built(ctx context.Context, arch string) (data []byte, err error) {
	hash, err := drillapp.SourceHash()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(b.cache, fmt.Sprintf("drillapp-%s-linux-%s", hash, arch))
	data, err = os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	if err := os.MkdirAll(b.cache, 0o700); err != nil {
		return nil, fmt.Errorf("cache the workload's binary: %w", err)
	}
	scratch, err := os.MkdirTemp(b.cache, ".build-")
	if err != nil {
		return nil, fmt.Errorf("cache the workload's binary: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	output := filepath.Join(scratch, "drillapp")
	if err := b.compile(ctx, arch, output); err != nil {
		return nil, err
	}
	if err := os.Rename(output, path); err != nil {
		return nil, fmt.Errorf("cache the workload's binary: %w", err)
	}
	return os.ReadFile(path)
}
