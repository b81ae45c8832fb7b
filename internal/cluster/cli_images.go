package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path"
	"strings"
)

// named is an image's reference as kind hands it to this engine. podman takes one without a
// registry for its own (localhost/) or asks for several, so kind names Docker's
// (sanitizeImage in its pkg/cluster/internal/providers/podman).
func (r *cliEngine) named(ref string) string {
	if path.Base(r.binary) != "podman" {
		return ref
	}
	first, _, slashed := strings.Cut(ref, "/")
	switch {
	case !slashed:
		ref = "docker.io/library/" + ref
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		ref = "docker.io/" + ref
	}
	if name, digest, found := strings.Cut(ref, "@"); found { // podman takes a tag or a digest, not both
		if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
			name = name[:i]
		}
		ref = name + "@" + digest
	}
	return ref
}

// ImageID is part of engine.
func (r *cliEngine) ImageID(ctx context.Context, ref string) (string, error) {
	out, err := r.output(ctx, "image", "inspect", r.named(ref))
	if isNotFound(err) || err == nil && len(bytes.TrimSpace(out)) == 0 { // nerdctl 2.0 says nothing, and exits with 0
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var images []struct {
		ID string `json:"Id"`
	}
	if err := json.Unmarshal(out, &images); err != nil {
		return "", fmt.Errorf("read the engine's description of image %s: %w", ref, err)
	}
	if len(images) == 0 {
		return "", nil
	}
	return images[0].ID, nil
}

// Pull is part of engine.
func (r *cliEngine) Pull(ctx context.Context, ref string, out io.Writer) error {
	cmd := exec.CommandContext(ctx, r.binary, "pull", r.named(ref))
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &stderr
	if err := cmd.Run(); err != nil {
		return &commandError{Args: cmd.Args, Output: stderr.String(), Err: err}
	}
	return nil
}

// Pullable is part of engine. Only docker and podman can ask without pulling.
func (r *cliEngine) Pullable(ctx context.Context, ref string) error {
	if r.binary != "docker" && r.binary != "podman" {
		return nil
	}
	_, err := r.output(ctx, "manifest", "inspect", r.named(ref))
	return err
}

// NetworkExists is part of engine.
func (r *cliEngine) NetworkExists(ctx context.Context) (bool, error) {
	_, err := r.output(ctx, "network", "inspect", networkName)
	if isNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// RemoveNetwork is part of engine.
func (r *cliEngine) RemoveNetwork(ctx context.Context) error {
	// Containers of other kind clusters that are stopped do not keep the engine
	// from removing their network: look for them first.
	out, err := r.output(ctx, "ps", "-a", "--filter", "network="+networkName, "--format", "{{.Names}}")
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		return err
	}
	_, err = r.output(ctx, "network", "rm", networkName)
	if isNotFound(err) {
		return nil
	}
	return err
}
