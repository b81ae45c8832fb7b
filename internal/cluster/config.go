package cluster

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"text/template"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"

	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/manifests"
)

const (
	nodeMount     = "/etc/firedrill" // where a node sees the folder of its cluster
	nodeDirPrefix = "node-"          // that folder's name on the host, followed by the cluster's ID
)

// Config is everything a cluster is made from. Two clusters of equal Config behave
// alike.
type Config struct {
	Provider string `json:"provider"`           // docker, podman, nerdctl or finch
	EngineID string `json:"engineID,omitempty"` // tells the engine from another one of its kind; not compared: a cluster is where it is
	Workers  int    `json:"workers"`
	Image    string `json:"image"`             // node image, as chosen
	ImageID  string `json:"imageID,omitempty"` // its ID when the cluster was made
	CgroupV1 bool   `json:"cgroupV1,omitempty"`
	Settings string `json:"settings"` // hash of the kubeadm patches, the audit policy and the addons
}

// Hash identifies the configuration in 12 hexadecimal digits.
func (c Config) Hash() string {
	return shortHash(fmt.Appendf(nil, "%+v", c))
}

// Differences says, one sentence each, how a wanted configuration differs from the
// one a cluster has.
func (c Config) Differences(want Config) []string {
	var diffs []string
	add := func(what string, has, wants any) {
		if has != wants {
			diffs = append(diffs, fmt.Sprintf("%s: it has %v, wanted is %v", what, has, wants))
		}
	}
	add("container engine", c.Provider, want.Provider)
	add("workers", c.Workers, want.Workers)
	add("node image", c.Image, want.Image)
	// An ID that is not known, on either side, tells nothing.
	if c.Image == want.Image && want.ImageID != "" && c.ImageID != "" && c.ImageID != want.ImageID {
		diffs = append(diffs, fmt.Sprintf("node image: %s was built anew (it has %s, wanted is %s)", c.Image, short(c.ImageID), short(want.ImageID)))
	}
	add("cgroup v1", c.CgroupV1, want.CgroupV1)
	if c.Settings != want.Settings {
		diffs = append(diffs, "settings: it was made by another version of firedrill, with other cluster settings")
	}
	return diffs
}

// kindConfig is the configuration given to kind for a cluster with the given ID.
func kindConfig(c Config, nodeDir string) (*v1alpha4.Cluster, error) {
	patches, err := kubeadmPatches(c.CgroupV1)
	if err != nil {
		return nil, err
	}
	containerd, err := containerdPatches()
	if err != nil {
		return nil, err
	}
	mounts := []v1alpha4.Mount{{HostPath: nodeDir, ContainerPath: nodeMount, Readonly: true}}
	config := &v1alpha4.Cluster{
		TypeMeta:             v1alpha4.TypeMeta{Kind: "Cluster", APIVersion: "kind.x-k8s.io/v1alpha4"},
		Nodes:                []v1alpha4.Node{{Role: v1alpha4.ControlPlaneRole, ExtraMounts: mounts}},
		KubeadmConfigPatches: patches,

		ContainerdConfigPatches: containerd,
	}
	for i := range c.Workers {
		config.Nodes = append(config.Nodes, v1alpha4.Node{Role: v1alpha4.WorkerRole, ExtraMounts: mounts, Labels: laneLabels(i, c.Workers)})
	}
	v1alpha4.SetDefaultsCluster(config)
	return config, nil
}

// kubeadmPatches renders manifests/kind/*.yaml.
func kubeadmPatches(cgroupV1 bool) ([]string, error) {
	tmpl, err := template.ParseFS(manifests.FS, "kind/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the embedded kind configuration: %w", err)
	}
	var patches []string
	for _, name := range []string{"kubeadm.yaml", "kubelet.yaml"} {
		var out bytes.Buffer
		data := struct {
			CgroupV1  bool
			NodeMount string
		}{cgroupV1, nodeMount}
		if err := tmpl.ExecuteTemplate(&out, name, data); err != nil {
			return nil, fmt.Errorf("render the embedded kind configuration: %w", err)
		}
		patches = append(patches, out.String())
	}
	return patches, nil
}

// containerdPatches are manifests/kind/containerd-*.toml. kind leaves out those of
// another version than the node image's configuration.
func containerdPatches() ([]string, error) {
	var patches []string
	for _, name := range []string{"kind/containerd-2.toml", "kind/containerd-3.toml"} {
		data, err := manifests.FS.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the embedded kind configuration: %w", err)
		}
		patches = append(patches, string(data))
	}
	return patches, nil
}

// settingsHash identifies what is embedded: kubeadm and containerd patches, audit policy
// and addons.
func settingsHash(cgroupV1 bool) (string, error) {
	patches, err := kubeadmPatches(cgroupV1)
	if err != nil {
		return "", err
	}
	policy, err := manifests.AuditPolicy()
	if err != nil {
		return "", err
	}
	containerd, err := containerdPatches()
	if err != nil {
		return "", err
	}
	addons, err := manifests.Addons()
	if err != nil {
		return "", err
	}
	data, err := json.Marshal([]any{patches, containerd, policy, addons})
	if err != nil {
		return "", fmt.Errorf("hash the cluster settings: %w", err)
	}
	return shortHash(data), nil
}

// nodeDir is the host's folder mounted into every node of a cluster. Its name
// proves whose a container is, even while the container is stopped.
func nodeDir(h home.Home, name, id string) string {
	return filepath.Join(h.Cluster(name), nodeDirPrefix+id)
}

// writeNodeDir makes the folder mounted into the nodes. It is readable for all:
// a rootless engine maps the nodes' root to some other user.
func writeNodeDir(h home.Home, name, id string) error {
	policy, err := manifests.AuditPolicy()
	if err != nil {
		return err
	}
	dir := nodeDir(h, name, id)
	if err := home.WriteFile(filepath.Join(dir, "audit-policy.yaml"), policy, 0o644); err != nil {
		return err
	}
	if err := writeAddons(dir); err != nil {
		return err
	}
	return home.WriteFile(filepath.Join(dir, "cluster-id"), []byte(id+"\n"), 0o644)
}

func shortHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

func short(imageID string) string {
	if len(imageID) > 19 {
		return imageID[:19]
	}
	if imageID == "" {
		return "an unknown one"
	}
	return imageID
}
