package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"
	"sigs.k8s.io/kind/pkg/exec"
)

// LoadImages puts images onto the named nodes, on all at the same time, leaving out what
// a node has already: that very image under that name. What was there minutes ago is taken
// for there.
func (c *Cluster) LoadImages(ctx context.Context, nodes []string, images []Image) error {
	if now := time.Now(); c.seenSince(now.Add(-seenLately), nodes, images) {
		return nil
	}
	return c.LookForImages(ctx, nodes, images)
}

// LookForImages is LoadImages that takes nothing for there: it asks every node.
func (c *Cluster) LookForImages(ctx context.Context, nodes []string, images []Image) error {
	now := time.Now()
	infos, err := c.Nodes(ctx)
	if err != nil {
		return err
	}
	infos = slices.DeleteFunc(infos, func(n NodeInfo) bool { return !slices.Contains(nodes, n.Name) })
	var (
		wg   sync.WaitGroup
		errs = make([]error, len(infos))
	)
	for i, info := range infos {
		wg.Go(func() { errs[i] = c.loadAllOnto(ctx, info.Name, images) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return c.noteLoaded(nodes, images, now)
}

func (c *Cluster) loadAllOnto(ctx context.Context, node string, images []Image) error {
	has, err := c.imageIDs(ctx, node, images)
	if err != nil {
		return err
	}
	for _, image := range images {
		if image.ID != "" && has[image.Ref] == image.ID {
			continue
		}
		if err := c.loadOnto(ctx, node, image); err != nil {
			return fmt.Errorf("load image %s onto node %s: %w", image.Ref, node, err)
		}
	}
	return nil
}

// inspectImages prints a line with each name and, below it, what the runtime says of the
// image. One command for all: starting one in a node costs more than what it does.
const inspectImages = `for ref; do
  echo "firedrill-image $ref"
  crictl inspecti "$ref" 2>/dev/null
done
exit 0`

// imageIDs asks a node for the IDs of the images that it has under some names. One that
// it does not have, or that it says nothing sensible of, is left out: loading it is what
// shows why.
func (c *Cluster) imageIDs(ctx context.Context, node string, images []Image) (map[string]string, error) {
	command := []string{"sh", "-c", inspectImages, "sh"}
	for _, image := range images {
		command = append(command, image.Ref)
	}
	out, err := c.Run(ctx, node, command...)
	if err != nil {
		return nil, fmt.Errorf("list the images of node %s: %w", node, err)
	}
	return parseImageIDs(out), nil
}

func parseImageIDs(out string) map[string]string {
	ids := map[string]string{}
	for _, part := range strings.Split(out, "firedrill-image ")[1:] {
		ref, text, _ := strings.Cut(part, "\n")
		var image struct {
			Status struct {
				ID string `json:"id"`
			} `json:"status"`
		}
		if err := json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&image); err == nil && image.Status.ID != "" {
			ids[strings.TrimSpace(ref)] = image.Status.ID
		}
	}
	return ids
}

func (c *Cluster) loadOnto(ctx context.Context, name string, image Image) (err error) {
	handle, err := c.engine.Node(c.name, name)
	if err != nil {
		return err
	}
	archive, err := image.Open()
	if err != nil {
		return fmt.Errorf("open the image archive: %w", err)
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	return nodeutils.LoadImageArchive(nodeInContext{handle, ctx}, archive)
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
