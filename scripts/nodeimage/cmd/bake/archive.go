package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// archive is an image of one layer to be written as docker, podman and nerdctl
// load it.
type archive struct {
	root   string // the layer's folder
	temp   string // where the layer waits until its digest and size are known
	tags   []string
	config ocispec.ImageConfig
}

// nodeConfig is the configuration of a kind node, as in kind's Dockerfile
// (images/base/Dockerfile of sigs.k8s.io/kind).
func nodeConfig(labels []string) (ocispec.ImageConfig, error) {
	config := ocispec.ImageConfig{
		// systemd asks for both: it looks whether it is in a container, and ends on this signal only
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "container=docker"},
		StopSignal: "SIGRTMIN+3",
		Entrypoint: []string{"/usr/local/bin/entrypoint", "/sbin/init"},
		Labels:     map[string]string{},
	}
	for _, label := range labels {
		key, value, ok := strings.Cut(label, "=")
		if !ok {
			return ocispec.ImageConfig{}, fmt.Errorf("label %q: want key=value", label)
		}
		config.Labels[key] = value
	}
	return config, nil
}

// writeArchive writes the archive's files in the order of `docker save`'s format:
// a manifest, the configuration, the layer.
func writeArchive(ctx context.Context, out io.Writer, a archive) (err error) {
	file, err := os.CreateTemp(a.temp, "layer-*.tar")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	digester := digest.Canonical.Digester()
	node := layer{name: "node", parts: []part{tree(a.root)}}
	if err := node.write(ctx, io.MultiWriter(file, digester.Hash())); err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"os": "linux", "architecture": runtime.GOARCH, "config": a.config,
		"rootfs": ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digester.Digest()}},
	})
	if err != nil {
		return err
	}
	configName := digest.FromBytes(config).Encoded() + ".json"
	layerName := digester.Digest().Encoded() + "/layer.tar"
	manifest, err := json.Marshal([]map[string]any{
		{"Config": configName, "RepoTags": a.tags, "Layers": []string{layerName}},
	})
	if err != nil {
		return err
	}
	return writeEntries(out, []entry{
		{"manifest.json", bytes.NewReader(manifest), int64(len(manifest))},
		{configName, bytes.NewReader(config), int64(len(config))},
		{layerName, file, size},
	})
}

type entry struct {
	name string
	data io.Reader
	size int64
}

func writeEntries(out io.Writer, entries []entry) error {
	w := tar.NewWriter(out)
	for _, e := range entries {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: 0o644, Size: e.size}
		if err := writeFile(w, header, e.data); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return w.Close()
}
