package cluster

import (
	"context"
	"io"
	"os/exec"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
)

// engine is everything the package needs of kind and of the container engine under
// it. Tests put a fake in its place.
type engine interface {
	creator
	containers
	images
	networks
	// Name is the engine's, as EngineInfo.Provider says it. It asks nobody.
	Name() string
	// Info asks the engine about itself. An error means that it cannot be reached.
	Info(ctx context.Context) (EngineInfo, error)
}

type creator interface {
	// Create runs kind's own Create, which takes no context: it returns when it is
	// through or when its containers are taken away.
	Create(cluster string, config *v1alpha4.Cluster, image, kubeconfig string) error
}

type containers interface {
	// Nodes lists the node containers of a kind cluster, running or not.
	Nodes(ctx context.Context, cluster string) ([]container, error)
	// Start starts stopped containers.
	Start(ctx context.Context, names ...string) error
	// Remove kills and removes containers and their anonymous volumes; one that is
	// already gone is no error.
	Remove(ctx context.Context, names ...string) error
	// RemoveVolumes removes the volumes that kind made for nodes and that do not go with
	// their containers.
	RemoveVolumes(ctx context.Context, nodes ...string) error
	// Exec is a command of the engine's CLI that runs a command in a container.
	Exec(ctx context.Context, mode execMode, container string, command ...string) *exec.Cmd
	// Node is kind's own handle of a node.
	Node(cluster, container string) (nodes.Node, error)
}

type images interface {
	// ImageID is the ID of a local image, "" when there is no such image.
	ImageID(ctx context.Context, ref string) (string, error)
	// Pull gets an image from its registry, its progress going to out.
	Pull(ctx context.Context, ref string, out io.Writer) error
	// Pullable returns an error when the image's registry cannot be asked for it.
	Pullable(ctx context.Context, ref string) error
}

type networks interface {
	// NetworkExists tells whether kind's network is there.
	NetworkExists(ctx context.Context) (bool, error)
	// RemoveNetwork removes kind's network unless a container is attached to it.
	RemoveNetwork(ctx context.Context) error
}

// container is a node as the container engine sees it.
type container struct {
	Name    string
	Role    string
	Running bool
	OwnerID string // ID of the firedrill cluster that made it, "" for anybody else's
	Source  string // the host's folder that says so, as the engine names it
}

// execMode says what a command in a container is connected to.
type execMode int

const (
	execDetachedInput execMode = iota // output only
	execInput                         // input and output
	execTTY                           // a terminal
)

// EngineInfo is what a container engine says of itself.
type EngineInfo struct {
	Provider      string `json:"provider"` // docker, podman, nerdctl or finch
	ID            string `json:"-"`        // tells it from another one of its kind; "": it does not say
	Version       string `json:"version"`
	CgroupVersion string `json:"cgroupVersion"` // "1" or "2", "" when not told
	CPUs          int    `json:"cpus"`
	MemoryBytes   int64  `json:"memoryBytes"`
	OSType        string `json:"osType"`       // linux, unless Windows containers are on
	Architecture  string `json:"architecture"` // as uname -m prints it
	Storage       string `json:"storage"`      // where images and volumes lie, a path on the engine's machine
	Name          string `json:"name"`         // host name of the engine's machine
	OS            string `json:"os"`           // the engine's operating system, as a sentence
}
