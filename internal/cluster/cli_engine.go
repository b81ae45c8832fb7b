package cluster

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"sort"
	"strings"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	kind "sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
	kindexec "sigs.k8s.io/kind/pkg/exec"
	kindlog "sigs.k8s.io/kind/pkg/log"
)

// Labels that kind puts on its containers (its pkg/cluster/internal/providers).
const (
	clusterLabel = "io.x-k8s.kind.cluster"
	roleLabel    = "io.x-k8s.kind.role"
)

// networkName is the network that kind makes for all its clusters.
const networkName = "kind"

// cliEngine is a container engine with a Docker-like command line, and kind on top.
type cliEngine struct {
	binary string // docker, podman, nerdctl, finch
	kind   *kind.Provider
}

var _ engine = (*cliEngine)(nil)

// detectEngine picks the container engine as kind's own command does:
// $KIND_EXPERIMENTAL_PROVIDER, else the first of docker, nerdctl (or finch) and
// podman that is installed; docker when none is, so that the error names it.
func detectEngine(ctx context.Context, getenv func(string) string, logger kindlog.Logger) *cliEngine {
	binary := chosenBinary(getenv)
	if binary == "" {
		binary = installedBinary(ctx)
	}
	return newCLIEngine(binary, logger)
}

func newCLIEngine(binary string, logger kindlog.Logger) *cliEngine {
	option := kind.ProviderWithDocker()
	switch binary {
	case "podman":
		option = kind.ProviderWithPodman()
	case "nerdctl", "finch", "nerdctl.lima":
		option = kind.ProviderWithNerdctl(binary)
	}
	return &cliEngine{binary: binary, kind: kind.NewProvider(kind.ProviderWithLogger(logger), option)}
}

func chosenBinary(getenv func(string) string) string {
	switch chosen := getenv("KIND_EXPERIMENTAL_PROVIDER"); chosen {
	case "docker", "podman", "nerdctl", "finch", "nerdctl.lima":
		return chosen
	}
	return ""
}

func installedBinary(ctx context.Context) string {
	for _, binary := range []string{"docker", "nerdctl", "finch", "podman"} {
		out, err := exec.CommandContext(ctx, binary, "-v").Output()
		// A "docker" that is podman's stand-in says "podman version".
		if err == nil && strings.HasPrefix(strings.ToLower(string(out)), binary+" version") {
			return binary
		}
	}
	return "docker"
}

// Name is part of engine.
func (r *cliEngine) Name() string { return r.binary }

// Create is part of engine.
func (r *cliEngine) Create(cluster string, config *v1alpha4.Cluster, image, kubeconfig string) error {
	return kindError(r.kind.Create(cluster,
		kind.CreateWithV1Alpha4Config(config),
		kind.CreateWithNodeImage(image),
		kind.CreateWithKubeconfigPath(kubeconfig),
		// On failure the caller removes the nodes, verifying whose they are; kind
		// would do it without looking and drop the error.
		kind.CreateWithRetain(true),
	))
}

// kindError adds what the failed command printed: kind's own message only names it.
func kindError(err error) error {
	failed := kindexec.RunErrorForError(err)
	if failed == nil {
		return err
	}
	return &commandError{Args: failed.Command, Output: lastLines(string(failed.Output), 15), Err: err}
}

// Nodes is part of engine.
func (r *cliEngine) Nodes(ctx context.Context, cluster string) ([]container, error) {
	out, err := r.output(ctx, "ps", "-a", "--filter", "label="+clusterLabel+"="+cluster, "--format", "{{.Names}}")
	if err != nil {
		return nil, err
	}
	names := strings.Fields(string(out))
	if len(names) == 0 {
		return nil, nil
	}
	out, err = r.output(ctx, append([]string{"inspect", "--type", "container"}, names...)...)
	// One that vanished between the two calls makes the second fail: the others
	// are printed all the same.
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	return parseContainers(out)
}

func parseContainers(inspected []byte) ([]container, error) {
	var raw []struct {
		Name   string
		State  struct{ Running bool }
		Config struct{ Labels map[string]string }
		Mounts []struct{ Source, Destination string }
	}
	if err := json.Unmarshal(inspected, &raw); err != nil {
		return nil, fmt.Errorf("read the engine's description of the node containers: %w", err)
	}
	containers := make([]container, 0, len(raw))
	for _, c := range raw {
		node := container{Name: strings.TrimPrefix(c.Name, "/"), Role: c.Config.Labels[roleLabel], Running: c.State.Running}
		for _, mount := range c.Mounts {
			if mount.Destination == nodeMount {
				node.Source = cmp.Or(desktopSource(c.Config.Labels), mount.Source)
				node.OwnerID = ownerIDOfMount(node.Source)
			}
		}
		containers = append(containers, node)
	}
	sort.Slice(containers, func(i, j int) bool { return containers[i].Name < containers[j].Name })
	return containers, nil
}

// desktopSource is the path of the folder mounted into the nodes, as this host has it, where
// Docker Desktop tells it in the container's labels (desktop.docker.io/binds/0/Source and
// .../Target). The mount itself has the path in its virtual machine, of a WSL distribution's
// folder a hash.
func desktopSource(labels map[string]string) string {
	for key, target := range labels {
		bind, is := strings.CutSuffix(key, "/Target")
		if is && target == nodeMount && strings.HasPrefix(key, "desktop.docker.io/binds/") {
			return labels[bind+"/Source"]
		}
	}
	return ""
}

// ownerIDOfMount takes the cluster's ID from the path of the folder mounted into
// its nodes.
func ownerIDOfMount(source string) string {
	id, ok := strings.CutPrefix(path.Base(strings.ReplaceAll(source, `\`, "/")), nodeDirPrefix)
	if !ok {
		return ""
	}
	return id
}

// Start is part of engine.
func (r *cliEngine) Start(ctx context.Context, names ...string) error {
	_, err := r.output(ctx, append([]string{"start"}, names...)...)
	return err
}

// Remove is part of engine. What cannot be killed because a process in it is frozen is
// thawed and tried again.
func (r *cliEngine) Remove(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	err := r.remove(ctx, names)
	if err == nil {
		return nil
	}
	thawed := 0
	for _, name := range names {
		if id, idErr := r.output(ctx, "inspect", "--format", "{{.Id}}", name); idErr == nil {
			thawed += thaw(freezers, strings.TrimSpace(string(id)))
		}
	}
	if thawed == 0 {
		return err
	}
	return r.remove(ctx, names)
}

// RemoveVolumes is part of engine. On podman kind makes the nodes' volumes itself, with the
// node's name as a label (its pkg/cluster/internal/providers/podman), and `rm -v` leaves them.
func (r *cliEngine) RemoveVolumes(ctx context.Context, nodes ...string) error {
	if path.Base(r.binary) != "podman" {
		return nil
	}
	for _, node := range nodes {
		out, err := r.output(ctx, "volume", "ls", "--quiet", "--filter", "label="+node)
		if err != nil {
			return err
		}
		volumes := strings.Fields(string(out))
		if len(volumes) == 0 {
			continue
		}
		if _, err := r.output(ctx, append([]string{"volume", "rm", "--force"}, volumes...)...); err != nil && !isNotFound(err) {
			return err
		}
	}
	return nil
}

func (r *cliEngine) remove(ctx context.Context, names []string) error {
	_, err := r.output(ctx, append([]string{"rm", "-f", "-v"}, names...)...)
	if err != nil && !isNotFound(err) && !strings.Contains(err.Error(), "already in progress") {
		return err
	}
	return nil
}

// Exec is part of engine.
func (r *cliEngine) Exec(ctx context.Context, mode execMode, container string, command ...string) *exec.Cmd {
	args := []string{"exec"}
	switch mode {
	case execDetachedInput:
	case execInput:
		args = append(args, "-i")
	case execTTY:
		args = append(args, "-i", "-t")
	}
	return exec.CommandContext(ctx, r.binary, append(append(args, container), command...)...)
}

// Node is part of engine.
func (r *cliEngine) Node(cluster, container string) (nodes.Node, error) {
	all, err := r.kind.ListNodes(cluster)
	if err != nil {
		return nil, fmt.Errorf("list the nodes of cluster %q: %w", cluster, err)
	}
	for _, node := range all {
		if node.String() == container {
			return node, nil
		}
	}
	return nil, fmt.Errorf("cluster %q has no node %q", cluster, container)
}

// output runs a command of the engine's CLI. What it printed before it failed is
// returned along with the error.
func (r *cliEngine) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, r.binary, args...)
	detach(cmd) // a Ctrl-C is for us to act on, not for the command that cleans up
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(err, context.Cause(ctx))
		}
		return stdout.Bytes(), &commandError{Args: cmd.Args, Output: stderr.String(), Err: err}
	}
	return stdout.Bytes(), nil
}
