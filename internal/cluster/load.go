package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"
	"sigs.k8s.io/kind/pkg/exec"
)

// LoadImage puts an image onto every node, at the same time, leaving out the nodes
// that have that very image under that name.
func (c *Cluster) LoadImage(ctx context.Context, image Image) error {
	infos, err := c.Nodes(ctx)
	if err != nil {
		return err
	}
	var (
		wg   sync.WaitGroup
		errs = make([]error, len(infos))
	)
	for i, info := range infos {
		wg.Go(func() {
			if err := c.loadOnto(ctx, info.Name, image); err != nil {
				errs[i] = fmt.Errorf("load image %s onto node %s: %w", image.Ref, info.Name, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (c *Cluster) loadOnto(ctx context.Context, name string, image Image) (err error) {
	handle, err := c.engine.Node(c.name, name)
	if err != nil {
		return err
	}
	node := nodeInContext{handle, ctx}
	if image.ID != "" {
		// An error means that the node has no image of that name, or no answer:
		// then loading is what shows why.
		if id, err := nodeutils.ImageID(node, image.Ref); err == nil && id == image.ID {
			return nil
		}
	}
	archive, err := image.Open()
	if err != nil {
		return fmt.Errorf("open the image archive: %w", err)
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	return nodeutils.LoadImageArchive(node, archive)
}

// nodeInContext lends kind's helpers, which take no context, one.
type nodeInContext struct {
	nodes.Node
	ctx context.Context //nolint:containedctx // the point of it
}

// Command is part of kind's Node.
func (n nodeInContext) Command(command string, args ...string) exec.Cmd {
	return n.CommandContext(n.ctx, command, args...)
}
