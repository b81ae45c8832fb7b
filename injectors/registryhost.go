package injectors

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// certsDir is where containerd looks for registries' hosts.toml: config_path in the
	// nodes' configuration (manifests/kind/containerd-*.toml). It is read at every pull.
	certsDir = "/etc/containerd/certs.d"

	registryPoll  = 500 * time.Millisecond
	registryLimit = 90 * time.Second // its image may have to be pulled first
)

// RegistryHost makes a registry that runs in the drill's namespace known to every node of
// the drill's under a name of its own: the node's container runtime asks the Service's address, over
// plain HTTP, for images of that name. Its undo takes the name away, and every image
// that came from there.
type RegistryHost struct {
	Host    string `yaml:"host" doc:"The registry's name in image references, with ${namespace} in it so that it is this run's alone: registry.${namespace}.internal." required:"true"`
	Service string `yaml:"service" doc:"The registry's Service in the drill's namespace; its first port is asked." required:"true"`
}

// registryUndo is RegistryHost's undo.
type registryUndo struct {
	Host     string   `json:"host"`
	Endpoint string   `json:"endpoint"` // 10.96.1.2:5000
	Nodes    []string `json:"nodes"`
}

var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:[0-9]+)?$`)

// Validate implements Validator.
func (r *RegistryHost) Validate() error {
	if !hostName.MatchString(r.Host) {
		return fmt.Errorf("host %q is not a registry's name as image references have it, for example registry.${namespace}.internal", r.Host)
	}
	return nil
}

// Prepare implements Injector.
func (r *RegistryHost) Prepare(ctx context.Context, t *Target) (Undo, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if !strings.Contains(r.Host, t.Namespace) {
		return nil, fmt.Errorf("host %q must hold the run's namespace, %s: nodes are shared, and other runs' registries are on them", r.Host, t.Namespace)
	}
	if t.Nodes == nil {
		return nil, errors.New("this cluster gives no access to its nodes, so they cannot be told of a registry; use one made by firedrill up")
	}
	service, err := t.Client.CoreV1().Services(t.Namespace).Get(ctx, r.Service, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read the registry's Service %s, which the manifests must create: %w", r.Service, err)
	}
	if net.ParseIP(service.Spec.ClusterIP) == nil || len(service.Spec.Ports) == 0 {
		return nil, fmt.Errorf("Service %s has no address of its own for the nodes to ask", r.Service) //nolint:staticcheck // a kind's name
	}
	nodes, err := t.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: t.NodeSelector})
	if err != nil {
		return nil, fmt.Errorf("list the nodes: %w", err)
	}
	undo := registryUndo{
		Host:     r.Host,
		Endpoint: net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(int(service.Spec.Ports[0].Port))),
	}
	for i := range nodes.Items {
		undo.Nodes = append(undo.Nodes, nodes.Items[i].Name)
	}
	if err := undo.everywhere(func(node string) error { return undo.usable(ctx, t, node) }); err != nil {
		return nil, err
	}
	return encode(undo)
}

// everywhere does something on all nodes at once.
func (u registryUndo) everywhere(do func(node string) error) error {
	errs := make([]error, len(u.Nodes))
	var wg sync.WaitGroup
	for i, node := range u.Nodes {
		wg.Go(func() { errs[i] = do(node) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// usable refuses a node that would not heed the name, or that knows it already.
func (u registryUndo) usable(ctx context.Context, t *Target, node string) error {
	config, err := t.Nodes.Run(ctx, node, "containerd", "config", "dump")
	if err != nil {
		return fmt.Errorf("read containerd's configuration on %s: %w", node, err)
	}
	if !strings.Contains(config, certsDir) {
		return fmt.Errorf("containerd on %s does not look into %s for registries; make the cluster anew with firedrill up --recreate", node, certsDir)
	}
	if _, err := t.Nodes.Run(ctx, node, "test", "!", "-e", u.dir()); err != nil {
		return fmt.Errorf("%s has a %s already: %w", node, u.dir(), err)
	}
	return nil
}

func (u registryUndo) dir() string { return path.Join(certsDir, u.Host) }

// Inject implements Injector. It returns when every node reaches the registry, so that
// what is deployed next is pulled at its first try.
func (r *RegistryHost) Inject(ctx context.Context, t *Target, undo Undo) error {
	var u registryUndo
	if err := decode(undo, &u); err != nil {
		return err
	}
	return u.everywhere(func(node string) error { return u.tell(ctx, t, node) })
}

func (u registryUndo) tell(ctx context.Context, t *Target, node string) error {
	// A server alone, without a list of mirrors, is asked for everything.
	const write = `mkdir -p "$1" && printf 'server = "http://%s"\n' "$2" >"$1/hosts.toml"`
	if err := onNode(ctx, t, node, "sh", "-c", write, "sh", u.dir(), u.Endpoint); err != nil {
		return fmt.Errorf("tell %s of the registry %s: %w", node, u.Host, err)
	}
	var last error
	err := wait.PollUntilContextTimeout(ctx, registryPoll, registryLimit, true, func(ctx context.Context) (bool, error) {
		// Its root needs no authorization.
		last = onNode(ctx, t, node, "curl", "-fsS", "-o", "/dev/null", "--noproxy", "*", "--max-time", "2", "http://"+u.Endpoint+"/")
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%s does not reach the registry %s: %w", node, u.Host, errors.Join(err, last))
	}
	return nil
}

// Revert implements Injector.
func (r *RegistryHost) Revert(ctx context.Context, t *Target, undo Undo) error {
	var u registryUndo
	if err := decode(undo, &u); err != nil {
		return err
	}
	return u.everywhere(func(node string) error { return u.forget(ctx, t, node) })
}

// forget takes the registry's name and images off a node.
func (u registryUndo) forget(ctx context.Context, t *Target, node string) error {
	// The folder of all registries goes with the last of them.
	const remove = `rm -rf "$1" && { rmdir "$2" 2>/dev/null || true; }`
	if err := onNode(ctx, t, node, "sh", "-c", remove, "sh", u.dir(), certsDir); err != nil {
		return fmt.Errorf("make %s forget the registry %s: %w", node, u.Host, err)
	}
	listed, err := t.Nodes.Run(ctx, node, "ctr", "--namespace", "k8s.io", "images", "list", "--quiet")
	if err != nil {
		return fmt.Errorf("list the images of %s: %w", node, err)
	}
	if err := u.forgetPulls(ctx, t, node); err != nil {
		return err
	}
	for image := range strings.FieldsSeq(listed) {
		if !strings.HasPrefix(image, u.Host+"/") {
			continue
		}
		// By the CRI: it also drops the names that containerd keeps for the image's ID
		// and digest, so that the next in the list may be gone already.
		if err := onNode(ctx, t, node, "crictl", "rmi", image); err != nil && u.has(ctx, t, node, image) {
			return fmt.Errorf("remove image %s from %s: %w", image, node, err)
		}
	}
	return nil
}

// forgetPulls removes the kubelet's records of who pulled the images (KEP-2535): it prunes
// them together with images, which it never does where their garbage collection is off,
// as it is in kind.
func (u registryUndo) forgetPulls(ctx context.Context, t *Target, node string) error {
	const remove = `grep -rlF "\"$1/" /var/lib/kubelet/image_manager 2>/dev/null | xargs -r rm -f`
	if err := onNode(ctx, t, node, "sh", "-c", remove, "sh", u.Host); err != nil {
		return fmt.Errorf("remove the kubelet's records of %s from %s: %w", u.Host, node, err)
	}
	return nil
}

// has says whether a node has an image; in doubt it has.
func (u registryUndo) has(ctx context.Context, t *Target, node, image string) bool {
	listed, err := t.Nodes.Run(ctx, node, "ctr", "--namespace", "k8s.io", "images", "list", "--quiet")
	return err != nil || slices.Contains(strings.Fields(listed), image)
}
