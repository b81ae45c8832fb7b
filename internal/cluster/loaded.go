package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/firedrill/firedrill/internal/home"
)

// loaded is what was found in, or loaded onto, the nodes of a cluster, by node and
// reference. A node may have lost an image since.
type loaded struct {
	ClusterID string                          `json:"clusterID"`
	Nodes     map[string]map[string]loadedOne `json:"nodes"`
}

// loadedOne is an image, and when it was last seen there.
type loadedOne struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// seenLately is how long an image that was seen on a node is not looked for again: to ask the
// nodes costs as much as a pod does. An image may be gone from a node within it, when somebody
// removes it there; whoever waits for its pods asks anew then (LookForImages).
const seenLately = 3 * time.Minute

func (c *Cluster) loadedPath() string { return filepath.Join(c.home.Cluster(c.name), "images.json") }

// WereLoaded tells whether LoadImages saw every one of the images on every one of the
// nodes before, so that most likely it is there still.
func (c *Cluster) WereLoaded(nodes []string, images []Image) bool {
	return c.seenSince(time.Time{}, nodes, images)
}

// seenSince tells whether every one of the images was seen on every one of the nodes, and not
// before some time.
func (c *Cluster) seenSince(then time.Time, nodes []string, images []Image) bool {
	seen, err := c.readLoaded()
	if err != nil {
		return false
	}
	for _, node := range nodes {
		for _, image := range images {
			if one := seen.Nodes[node][image.Ref]; image.ID == "" || one.ID != image.ID || one.At.Before(then) {
				return false
			}
		}
	}
	return true
}

// noteLoaded adds to the record. Of two processes that do so at once one may lose what the
// other noted, which is noted with the next load.
func (c *Cluster) noteLoaded(nodes []string, images []Image, at time.Time) error {
	seen, err := c.readLoaded()
	if err != nil {
		seen = &loaded{} // what cannot be read is made anew
	}
	seen.ClusterID = c.state.ID
	for _, node := range nodes {
		if seen.Nodes == nil {
			seen.Nodes = map[string]map[string]loadedOne{}
		}
		if seen.Nodes[node] == nil {
			seen.Nodes[node] = map[string]loadedOne{}
		}
		for _, image := range images {
			seen.Nodes[node][image.Ref] = loadedOne{image.ID, at}
		}
	}
	data, err := json.MarshalIndent(seen, "", " ")
	if err != nil {
		return fmt.Errorf("encode the record of loaded images: %w", err)
	}
	return home.WriteFile(c.loadedPath(), append(data, '\n'), home.FilePerm)
}

// readLoaded reads the record; an empty one of a cluster that has none yet.
func (c *Cluster) readLoaded() (*loaded, error) {
	data, err := os.ReadFile(c.loadedPath())
	if errors.Is(err, fs.ErrNotExist) {
		return &loaded{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the record of loaded images: %w", err)
	}
	seen := &loaded{}
	if err := json.Unmarshal(data, seen); err != nil {
		return nil, fmt.Errorf("read %s: %w", c.loadedPath(), err)
	}
	if seen.ClusterID != c.state.ID {
		return &loaded{}, nil // of a cluster that is gone
	}
	return seen, nil
}
