package appimage

import (
	"archive/tar"
	"bytes"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	binaryPath = "drillapp"    // in the image, at its root
	user       = "65532:65532" // nobody's: the workload needs no right
)

// assemble makes the image. Every time in it is the epoch and nothing depends on this
// host: equal input gives an equal image ID.
func assemble(binary []byte, arch string, env map[string]string) (v1.Image, error) {
	layer, err := layerOf(binary)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(layer, types.DockerUncompressedLayer))
	if err != nil {
		return nil, fmt.Errorf("add the binary's layer: %w", err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read the empty image's config: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", arch
	file.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	file.History = []v1.History{{Created: file.Created, CreatedBy: "firedrill"}}
	file.Config = v1.Config{
		Entrypoint:   []string{"/" + binaryPath},
		Env:          environment(env),
		User:         user,
		WorkingDir:   "/",
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title":  "drillapp",
			"org.opencontainers.image.source": "https://github.com/firedrill/firedrill",
			"org.opencontainers.image.vendor": "firedrill",
		},
	}
	image, err = mutate.ConfigFile(image, file)
	if err != nil {
		return nil, fmt.Errorf("set the image's config: %w", err)
	}
	return image, nil
}

func layerOf(binary []byte) ([]byte, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	header := &tar.Header{
		Typeflag: tar.TypeReg, Name: binaryPath, Mode: 0o755, Size: int64(len(binary)),
		ModTime: time.Unix(0, 0).UTC(), Format: tar.FormatUSTAR,
	}
	if err := writer.WriteHeader(header); err != nil {
		return nil, fmt.Errorf("write the layer: %w", err)
	}
	if _, err := writer.Write(binary); err != nil {
		return nil, fmt.Errorf("write the layer: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("write the layer: %w", err)
	}
	return buffer.Bytes(), nil
}
