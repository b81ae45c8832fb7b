package cluster

import (
	"context"
	"fmt"
	"io"

	"sigs.k8s.io/kind/pkg/apis/config/defaults"
)

// LocalImage is the tag of the node image that scripts/nodeimage/build makes.
const LocalImage = "firedrill/node:local"

// ImageVariable is the environment variable that names the node image.
const ImageVariable = "FIREDRILL_NODE_IMAGE"

// chooseImage picks the node image: the one asked for, else $FIREDRILL_NODE_IMAGE,
// else the locally built one, else kind's default. id is "" when the image is not
// there yet.
func (m *Manager) chooseImage(ctx context.Context, asked string) (ref, id string, err error) {
	ref = asked
	if ref == "" {
		ref = m.getenv(ImageVariable)
	}
	if ref == "" {
		id, err := m.engine.ImageID(ctx, LocalImage)
		if err != nil {
			return "", "", fmt.Errorf("look for the node image %s: %w", LocalImage, err)
		}
		if id != "" {
			return LocalImage, id, nil
		}
		ref = defaults.Image
	}
	id, err = m.engine.ImageID(ctx, ref)
	if err != nil {
		return "", "", fmt.Errorf("look for the node image %s: %w", ref, err)
	}
	return ref, id, nil
}

// ensureImage pulls the node image when it is not there, and returns its ID; "" when the
// engine does not say. kind would pull it as well, but could not be interrupted.
func (m *Manager) ensureImage(ctx context.Context, config Config) (id string, err error) {
	if config.ImageID != "" {
		return config.ImageID, nil
	}
	m.status.Start("Pulling the node image %s", config.Image)
	if err := m.engine.Pull(ctx, config.Image, io.Discard); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", &NotReadyError{
			What: fmt.Sprintf("the node image %s is not here and cannot be pulled", config.Image),
			Cure: "Build one with scripts/nodeimage/build, or name one that is here with --image.",
			Err:  err,
		}
	}
	m.status.End(true)
	id, err = m.engine.ImageID(ctx, config.Image)
	if err != nil {
		return "", fmt.Errorf("look for the node image %s: %w", config.Image, err)
	}
	return id, nil
}

// wanted is the configuration of the cluster that options ask for, on this engine.
func (m *Manager) wanted(ctx context.Context, options Options) (Config, error) {
	if options.Workers < 0 {
		return Config{}, &UsageError{fmt.Sprintf("%d workers: there cannot be less than 0", options.Workers)}
	}
	info, err := m.engine.Info(ctx)
	if err != nil {
		return Config{}, err
	}
	ref, id, err := m.chooseImage(ctx, options.Image)
	if err != nil {
		return Config{}, err
	}
	cgroupV1 := info.CgroupVersion == "1"
	settings, err := settingsHash(cgroupV1)
	if err != nil {
		return Config{}, err
	}
	return Config{
		Provider: info.Provider, EngineID: info.ID, Workers: options.Workers,
		Image: ref, ImageID: id, CgroupV1: cgroupV1, Settings: settings,
	}, nil
}
