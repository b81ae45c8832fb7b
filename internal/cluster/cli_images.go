package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
)

// ImageID is part of engine.
func (r *cliEngine) ImageID(ctx context.Context, ref string) (string, error) {
	out, err := r.output(ctx, "image", "inspect", ref)
	if isNotFound(err) {
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
	cmd := exec.CommandContext(ctx, r.binary, "pull", ref)
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
	_, err := r.output(ctx, "manifest", "inspect", ref)
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
