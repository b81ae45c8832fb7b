package cluster

import (
	"cmp"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster/nodes"

	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/iostreams"
)

// fakeEngine is a container engine that holds its containers in memory.
type fakeEngine struct {
	mu         sync.Mutex
	containers []container
	images     map[string]string // ID by reference, of those that are here
	registry   map[string]string // and of those that a pull brings here
	network    bool
	calls      []string
	name       string // "": docker

	// Hooks of single tests; nil is the good case.
	create   func(e *fakeEngine, name string, config *v1alpha4.Cluster, kubeconfig string) error
	info     func() (EngineInfo, error)
	pullable error
}

func (e *fakeEngine) Name() string { return cmp.Or(e.name, "docker") }

func (e *fakeEngine) Create(name string, config *v1alpha4.Cluster, _, kubeconfig string) error {
	e.note("create")
	if e.create != nil {
		return e.create(e, name, config, kubeconfig)
	}
	return e.provision(name, config, kubeconfig)
}

// provision does what kind's Create does: containers, then a kubeconfig.
func (e *fakeEngine) provision(name string, config *v1alpha4.Cluster, kubeconfig string) error {
	e.addNodes(name, config)
	return writeAdminKubeconfig(kubeconfig)
}

func (e *fakeEngine) addNodes(name string, config *v1alpha4.Cluster) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.network = true
	for i, node := range config.Nodes {
		source := node.ExtraMounts[0].HostPath
		e.containers = append(e.containers, container{
			Name: name + "-" + string(node.Role) + string(rune('0'+i)), Role: string(node.Role),
			Running: true, OwnerID: ownerIDOfMount(source), Source: source,
		})
	}
}

func (e *fakeEngine) note(call string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, call)
}

func (e *fakeEngine) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.containers)
}

func (e *fakeEngine) called(call string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, c := range e.calls {
		if c == call {
			n++
		}
	}
	return n
}

func (e *fakeEngine) Nodes(context.Context, string) ([]container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]container(nil), e.containers...), nil
}

func (e *fakeEngine) Start(_ context.Context, names ...string) error {
	e.note("start")
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.containers {
		for _, name := range names {
			if e.containers[i].Name == name {
				e.containers[i].Running = true
			}
		}
	}
	return nil
}

func (e *fakeEngine) Remove(_ context.Context, names ...string) error {
	e.note("remove")
	e.mu.Lock()
	defer e.mu.Unlock()
	gone := map[string]bool{}
	for _, name := range names {
		gone[name] = true
	}
	var kept []container
	for _, c := range e.containers {
		if !gone[c.Name] {
			kept = append(kept, c)
		}
	}
	e.containers = kept
	return nil
}

func (e *fakeEngine) RemoveVolumes(_ context.Context, nodes ...string) error {
	e.note("volumes of " + strings.Join(nodes, ","))
	return nil
}

// Exec runs the command on this host in place of a node. As with a real engine, the
// command that is returned is only the client: when it is killed, the input of the
// one in the node ends, and no more.
func (e *fakeEngine) Exec(ctx context.Context, _ execMode, name string, command ...string) *exec.Cmd {
	if command[0] == "kubectl" { // nothing of this host's cluster may change
		e.note(strings.Join(append([]string{name}, command...), " "))
		return exec.CommandContext(ctx, "true")
	}
	const client = `exec 3<&0; "$@" < <(cat <&3 2>/dev/null) & wait $!`
	return exec.CommandContext(ctx, "bash", append([]string{"-c", client, "client"}, command...)...)
}

func (e *fakeEngine) Node(string, string) (nodes.Node, error) { return nil, nil }

func (e *fakeEngine) ImageID(_ context.Context, ref string) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.images[ref], nil
}

// Pull makes an image of the registry available, as a real engine does.
func (e *fakeEngine) Pull(_ context.Context, ref string, _ io.Writer) error {
	e.note("pull")
	e.mu.Lock()
	defer e.mu.Unlock()
	if id := e.registry[ref]; id != "" {
		e.images[ref] = id
	}
	return nil
}

func (e *fakeEngine) Pullable(context.Context, string) error { return e.pullable }

func (e *fakeEngine) NetworkExists(context.Context) (bool, error) { return e.network, nil }

func (e *fakeEngine) RemoveNetwork(context.Context) error {
	e.note("remove network")
	e.network = false
	return nil
}

func (e *fakeEngine) Info(context.Context) (EngineInfo, error) {
	if e.info != nil {
		return e.info()
	}
	return EngineInfo{Provider: "docker", Version: "28.0.1", CgroupVersion: "2", CPUs: 4, MemoryBytes: 8 << 30, OSType: "linux"}, nil
}

func writeAdminKubeconfig(path string) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["kind-x"] = &clientcmdapi.Cluster{Server: "https://127.0.0.1:1", CertificateAuthorityData: []byte("ca")}
	config.AuthInfos["kind-x"] = &clientcmdapi.AuthInfo{Token: "admin"}
	config.Contexts["kind-x"] = &clientcmdapi.Context{Cluster: "kind-x", AuthInfo: "kind-x"}
	config.CurrentContext = "kind-x"
	return clientcmd.WriteToFile(*config, path)
}

// readyObjects is what a healthy API server of n nodes holds.
func readyObjects(n int) []kruntime.Object {
	objects := []kruntime.Object{
		&appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: "coredns", Namespace: "kube-system"},
			Status: appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
				{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue},
			}},
		},
	}
	for _, namespace := range []string{"default", "kube-system", Namespace} {
		objects = append(objects, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: namespace}})
	}
	for i := range n {
		name := "node-" + string(rune('a'+i))
		now := metav1.NowMicro()
		objects = append(objects,
			&corev1.Node{
				ObjectMeta: metav1.ObjectMeta{Name: name},
				Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
			},
			&coordinationv1.Lease{
				ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: corev1.NamespaceNodeLease},
				Spec:       coordinationv1.LeaseSpec{RenewTime: &now},
			})
	}
	return objects
}

// fixture is a manager over a fake engine and a fake API server.
type fixture struct {
	*Manager
	engine *fakeEngine
	client *fake.Clientset
	dir    string
	errOut interface{ String() string }
}

func newFixture(t *testing.T, nodes int) *fixture {
	t.Helper()
	streams, _, _, errOut := iostreams.Test()
	engine := &fakeEngine{images: map[string]string{LocalImage: "sha256:1111"}}
	// A home that does not exist yet shows whether it is removed again.
	dir := filepath.Join(t.TempDir(), "home")
	f := &fixture{engine: engine, client: newClient(readyObjects(nodes)...), dir: dir, errOut: errOut}
	f.Manager = &Manager{
		home: home.Home(dir), status: streams.NewStatus(), engine: engine,
		getenv: func(string) string { return "" }, now: time.Now, mute: func() {},
		connect: func(*rest.Config) (kubernetes.Interface, error) { return f.client, nil },
		limits: limits{
			// Wide, for a machine under load: a test of running out of time narrows its own.
			ready: 30 * time.Second, revive: 30 * time.Second, abort: 30 * time.Second, remove: 30 * time.Second,
			settle: 500 * time.Millisecond, poll: 5 * time.Millisecond, request: 30 * time.Second,
		},
	}
	return f
}

// newClient is a fake API server that signs approved certificates, as the controller
// manager does.
func newClient(objects ...kruntime.Object) *fake.Clientset {
	client := fake.NewClientset(objects...)
	client.PrependReactor("update", "certificatesigningrequests", func(action clienttesting.Action) (bool, kruntime.Object, error) {
		csr := action.(clienttesting.UpdateAction).GetObject().(*certificatesv1.CertificateSigningRequest)
		csr.Status.Certificate = []byte("certificate")
		return false, csr, nil
	})
	return client
}
