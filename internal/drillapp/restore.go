package drillapp

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Media types of the OCI image specification (image-spec, media-types.md).
const (
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar"
)

// stored is an image that restore puts into a registry's storage.
type stored struct {
	Repository string            `json:"repository"` // shop/checkout
	Tags       []string          `json:"tags"`
	Env        map[string]string `json:"env"` // the behaviour of this version
}

// descriptor is a blob as manifests name it.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
}

// restore fills the storage of the CNCF distribution registry with images of this very
// program, as an operator does who brings a registry back from its backup: the registry
// then serves them over its API, and nothing has to be pushed to it.
func restore(p Process) error {
	root := p.Getenv("REGISTRY_ROOT")
	if root == "" {
		root = "/var/lib/registry"
	}
	var images []stored
	decoder := json.NewDecoder(strings.NewReader(p.Getenv("REGISTRY_IMAGES")))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&images); err != nil {
		return usagef("REGISTRY_IMAGES: %v", err)
	}
	layer, err := ownLayer()
	if err != nil {
		return err
	}
	// The host makes the image this registry's own: its ID is no other's, so it can be
	// taken off a node without touching what another registry brought there.
	store := storage{root: filepath.Join(root, "docker", "registry", "v2"), host: p.Getenv("REGISTRY_HOST")}
	for _, image := range images {
		if image.Repository == "" || len(image.Tags) == 0 {
			return usagef("REGISTRY_IMAGES: an image needs a repository and tags")
		}
		if err := store.put(image, layer); err != nil {
			return fmt.Errorf("restore %s: %w", image.Repository, err)
		}
	}
	return nil
}

// ownLayer is a layer with this program in it. It is byte for byte the one that
// firedrill loads into nodes, so a node that runs drillapp has unpacked it already.
func ownLayer() ([]byte, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var layer bytes.Buffer
	writer := tar.NewWriter(&layer)
	err = writer.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: "drillapp", Mode: 0o755, Size: int64(len(program)),
		ModTime: time.Unix(0, 0).UTC(), Format: tar.FormatUSTAR,
	})
	if err == nil {
		_, err = writer.Write(program)
	}
	return layer.Bytes(), errors.Join(err, writer.Close())
}

// storage is the registry's filesystem storage driver's folder, laid out as
// registry/storage/paths.go of distribution/distribution says.
type storage struct{ root, host string }

func (s storage) put(image stored, layer []byte) error {
	config, err := s.config(image, layer)
	if err != nil {
		return err
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": mediaManifest,
		"config": describe(mediaConfig, config), "layers": []descriptor{describe(mediaLayer, layer)},
	})
	if err != nil {
		return err
	}
	repository := filepath.Join("repositories", filepath.FromSlash(image.Repository))
	for _, blob := range [][]byte{layer, config} {
		if err := errors.Join(s.blob(blob), s.link(blob, repository, "_layers", "sha256", sum(blob))); err != nil {
			return err
		}
	}
	manifests := filepath.Join(repository, "_manifests")
	if err := errors.Join(s.blob(manifest), s.link(manifest, manifests, "revisions", "sha256", sum(manifest))); err != nil {
		return err
	}
	for _, tag := range image.Tags {
		err := errors.Join(
			s.link(manifest, manifests, "tags", tag, "current"),
			s.link(manifest, manifests, "tags", tag, "index", "sha256", sum(manifest)),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s storage) config(image stored, layer []byte) ([]byte, error) {
	e := []string{}
	for _, key := range slices.Sorted(maps.Keys(image.Env)) {
		e = append(e, key+"="+image.Env[key])
	}
	return json.Marshal(map[string]any{
		"created": time.Unix(0, 0).UTC(), "architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{
			"User": "65532:65532", "WorkingDir": "/", "Entrypoint": []string{"/drillapp"}, "Env": e,
			"ExposedPorts": map[string]any{"8080/tcp": map[string]any{}},
			"Labels":       map[string]string{"org.opencontainers.image.source": s.host + "/" + image.Repository},
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + sum(layer)}},
	})
}

func (s storage) blob(data []byte) error {
	digest := sum(data)
	return s.write(data, "blobs", "sha256", digest[:2], digest, "data")
}

// link points at a blob.
func (s storage) link(blob []byte, path ...string) error {
	return s.write([]byte("sha256:"+sum(blob)), append(path, "link")...)
}

func (s storage) write(data []byte, path ...string) error {
	file := filepath.Join(append([]string{s.root}, path...)...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // the registry is another user
		return err
	}
	return os.WriteFile(file, data, 0o644) //nolint:gosec // the registry is another user
}

func describe(mediaType string, blob []byte) descriptor {
	return descriptor{MediaType: mediaType, Digest: "sha256:" + sum(blob), Size: len(blob)}
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}
