package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/metadata"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/errdefs"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	bolt "go.etcd.io/bbolt"
)

// image is an image to be baked into the node.
type image struct {
	names  []string
	layers []layer
	config ocispec.ImageConfig
}

// store is containerd's store on disk, written while no containerd runs. The
// layers are left packed, as kind's own images have them: a node unpacks what it
// comes to run.
type store struct {
	file    *bolt.DB
	content content.Store
	images  images.Store
	done    map[string]storedLayer // by the layer's name: images share layers
}

type storedLayer struct {
	descriptor ocispec.Descriptor
	diffID     digest.Digest
}

// openStore makes a store in containerd's root folder, with the folders of its
// plugins (core/metadata/plugin and plugins/content/local/plugin of containerd).
func openStore(ctx context.Context, root string) (*store, error) {
	metadataRoot := filepath.Join(root, "io.containerd.metadata.v1.bolt")
	if err := os.MkdirAll(metadataRoot, 0o711); err != nil {
		return nil, err
	}
	blobs, err := local.NewStore(filepath.Join(root, "io.containerd.content.v1.content"))
	if err != nil {
		return nil, err
	}
	file, err := bolt.Open(filepath.Join(metadataRoot, "meta.db"), 0o644, nil)
	if err != nil {
		return nil, err
	}
	db := metadata.NewDB(file, blobs, nil)
	if err := db.Init(ctx); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &store{
		file: file, content: db.ContentStore(), images: metadata.NewImageStore(db), done: map[string]storedLayer{},
	}, nil
}

func (s *store) close() error { return s.file.Close() }

// add writes an image in the namespace that Kubernetes uses.
func (s *store) add(ctx context.Context, img image) error {
	ctx = namespaces.WithNamespace(ctx, "k8s.io")
	layers, diffIDs, err := s.addLayers(ctx, img.layers)
	if err != nil {
		return err
	}
	config, err := s.addJSON(ctx, ocispec.MediaTypeImageConfig, ocispec.Image{
		Platform: ocispec.Platform{OS: "linux", Architecture: runtime.GOARCH},
		Config:   img.config,
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: diffIDs},
	}, nil)
	if err != nil {
		return err
	}
	// without these references containerd's garbage collector takes the parts away
	references := map[string]string{"containerd.io/gc.ref.content.config": config.Digest.String()}
	for i, l := range layers {
		references[fmt.Sprintf("containerd.io/gc.ref.content.l.%d", i)] = l.Digest.String()
	}
	manifest, err := s.addJSON(ctx, ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    config,
		Layers:    layers,
	}, references)
	if err != nil {
		return err
	}
	return s.name(ctx, img.names, manifest)
}

// name points names at an image, pinned: nothing here could pull it again after
// the kubelet's image collector has removed it.
func (s *store) name(ctx context.Context, names []string, manifest ocispec.Descriptor) error {
	for _, name := range names {
		_, err := s.images.Create(ctx, images.Image{
			Name: name, Target: manifest, Labels: map[string]string{"io.cri-containerd.pinned": "pinned"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *store) addLayers(ctx context.Context, layers []layer) ([]ocispec.Descriptor, []digest.Digest, error) {
	var descriptors []ocispec.Descriptor
	var diffIDs []digest.Digest
	for _, l := range layers {
		stored, ok := s.done[l.name]
		if !ok {
			var err error
			if stored, err = s.addLayer(ctx, l); err != nil {
				return nil, nil, err
			}
			s.done[l.name] = stored
		}
		descriptors = append(descriptors, stored.descriptor)
		diffIDs = append(diffIDs, stored.diffID)
	}
	return descriptors, diffIDs, nil
}

func (s *store) addLayer(ctx context.Context, l layer) (storedLayer, error) {
	read, write := io.Pipe()
	defer read.Close() //nolint:errcheck // ends the writer below if this returns early
	plain := digest.Canonical.Digester()
	go func() {
		write.CloseWithError(l.compress(ctx, write, plain.Hash()))
	}()
	descriptor, err := s.addBlob(ctx, ocispec.MediaTypeImageLayerZstd, l.name, read, nil)
	return storedLayer{descriptor, plain.Digest()}, err
}

// compress writes the layer to out, and uncompressed to plain. Every node gets a
// copy of the store as it is created, so bytes saved here are saved each time.
func (l layer) compress(ctx context.Context, out, plain io.Writer) error {
	encoder, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	return errors.Join(l.write(ctx, io.MultiWriter(encoder, plain)), encoder.Close())
}

func (s *store) addJSON(
	ctx context.Context, mediaType string, value any, labels map[string]string,
) (ocispec.Descriptor, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return s.addBlob(ctx, mediaType, digest.FromBytes(data).String(), bytes.NewReader(data), labels)
}

func (s *store) addBlob(
	ctx context.Context, mediaType, ref string, data io.Reader, labels map[string]string,
) (ocispec.Descriptor, error) {
	writer, err := content.OpenWriter(ctx, s.content, content.WithRef(ref))
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer writer.Close() //nolint:errcheck // Commit has told of every failure that matters
	size, err := io.Copy(writer, data)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	err = writer.Commit(ctx, size, "", content.WithLabels(labels))
	if err != nil && !errdefs.IsAlreadyExists(err) { // two images of the same bytes
		return ocispec.Descriptor{}, err
	}
	return ocispec.Descriptor{MediaType: mediaType, Digest: writer.Digest(), Size: size}, nil
}
