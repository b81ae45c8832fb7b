// Package cluster makes, finds and removes the kind cluster that drills run on, and
// gives access to its nodes. It is the only importer of sigs.k8s.io/kind, and it
// touches only clusters that it made itself.
package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/firedrill/firedrill/internal/home"
)

// DefaultName is the name of the cluster when none is given.
const DefaultName = "firedrill"

// Namespace and OwnerConfigMap name the mark that firedrill leaves inside a cluster
// it made: a ConfigMap whose key OwnerKey holds the cluster's ID.
const (
	Namespace      = "firedrill-system"
	OwnerConfigMap = "firedrill-owner"
	OwnerKey       = "cluster-id"
)

// RefereeUser is the referee's user name in the API server: its calls can be told
// from those made with the administrator's kubeconfig.
const RefereeUser = "firedrill:referee"

// Roles of a node.
const (
	RoleControlPlane = "control-plane"
	RoleWorker       = "worker"
)

// NodeInfo names a node of the cluster.
type NodeInfo struct {
	Name string `json:"name"`
	Role string `json:"role"` // RoleControlPlane or RoleWorker
}

// Cluster is a cluster that firedrill made and whose ownership was verified.
type Cluster struct {
	name   string
	home   home.Home
	state  *state
	engine engine
	shells shells

	listing sync.Mutex
	listed  []NodeInfo // what Nodes found: a cluster keeps its nodes as long as it is there
}

// Name is the cluster's name.
func (c *Cluster) Name() string { return c.name }

// ID is the random ID the cluster was created with; it changes when the cluster is
// created anew.
func (c *Cluster) ID() string { return c.state.ID }

// Fingerprint is a hash of everything the cluster was made from: node image, number
// of nodes, configuration.
func (c *Cluster) Fingerprint() string { return c.state.Config.Hash() }

// Kubeconfig is the path of the referee's kubeconfig (user firedrill:referee).
func (c *Cluster) Kubeconfig() string { return refereeKubeconfigPath(c.home, c.name) }

// AdminKubeconfig is the path of the administrator's kubeconfig (kubernetes-admin).
// Its use shows in the audit log as a bypass: the tool itself uses Kubeconfig.
func (c *Cluster) AdminKubeconfig() string { return adminKubeconfigPath(c.home, c.name) }

// RESTConfig returns the referee's client configuration. Every call returns a copy
// of its own. Client-side rate limits are wide: one referee polls one cluster.
func (c *Cluster) RESTConfig() (*rest.Config, error) {
	return restConfig(c.Kubeconfig())
}

// Nodes lists the cluster's nodes, the control plane first, then by name. It asks
// the container engine, once, so it answers while the API server is away.
func (c *Cluster) Nodes(ctx context.Context) ([]NodeInfo, error) {
	c.listing.Lock()
	defer c.listing.Unlock()
	if len(c.listed) > 0 {
		return slices.Clone(c.listed), nil
	}
	containers, err := c.engine.Nodes(ctx, c.name)
	if err != nil {
		return nil, fmt.Errorf("list the nodes of cluster %q: %w", c.name, err)
	}
	infos := make([]NodeInfo, 0, len(containers))
	for _, node := range containers {
		if node.OwnerID == c.state.ID {
			infos = append(infos, NodeInfo{Name: node.Name, Role: node.Role})
		}
	}
	sortNodes(infos)
	c.listed = infos
	return slices.Clone(infos), nil
}

// Image is a single-platform image archive to load into the nodes.
type Image struct {
	Ref  string                        // reference with a tag
	ID   string                        // image ID, the digest of its config ("sha256:..."); empty when not known
	Open func() (io.ReadCloser, error) // the archive (docker save format), opened once a node
}

func restConfig(kubeconfig string) (*rest.Config, error) {
	data, err := os.ReadFile(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(data)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig %s: %w", kubeconfig, err)
	}
	config.QPS, config.Burst = 100, 200
	// Half the work of JSON, on both sides. The dynamic client goes on with JSON.
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	config.UserAgent = "firedrill"
	return config, nil
}
