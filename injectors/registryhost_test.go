package injectors_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/firedrill/firedrill/injectors"
)

// runtimes are nodes with what RegistryHost uses of them: files and images.
type runtimes struct {
	mu     sync.Mutex
	config string
	files  map[string]string // by node and path
	images map[string][]string
	down   bool // the registry
	pruned int  // how often the kubelet's records were
}

const hosts = "/etc/containerd/certs.d"

func newRuntimes() *runtimes {
	all := []string{"registry.k8s.io/pause:3", "registry.shop-x7k2q.internal/shop/web:1", "registry.shop-x7k2q.internal.evil/x:1"}
	return &runtimes{
		config: "config_path = '" + hosts + "'", files: map[string]string{},
		images: map[string][]string{"cp": slices.Clone(all), "worker": slices.Clone(all)},
	}
}

func (r *runtimes) Run(_ context.Context, node string, command ...string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch strings.Join(command[:2], " ") {
	case "containerd config":
		return r.config, nil
	case "test !":
		if _, found := r.files[node+command[3]]; found {
			return "", errors.New("exit code 1")
		}
		return "", nil
	case "sh -c":
		if strings.Contains(command[2], "image_manager") {
			r.pruned++
			return "", nil
		}
		if strings.Contains(command[2], "rm -rf") {
			delete(r.files, node+command[4])
			return "", nil
		}
		r.files[node+command[4]] = command[5]
		return "", nil
	case "curl -fsS":
		if r.down {
			return "", errors.New("connection refused")
		}
		return "", nil
	case "ctr --namespace":
		return strings.Join(r.images[node], "\n"), nil
	case "crictl rmi":
		before := len(r.images[node])
		r.images[node] = slices.DeleteFunc(r.images[node], func(i string) bool { return i == command[2] })
		if len(r.images[node]) == before {
			return "", errors.New("no such image")
		}
		return "", nil
	}
	return "", fmt.Errorf("unexpected command %v", command)
}

func registryTarget(nodes injectors.Nodes) *injectors.Target {
	return &injectors.Target{
		Namespace: namespace, Nodes: nodes,
		Client: fake.NewClientset(
			&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "cp"}}, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "worker"}},
			&corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Name: "registry", Namespace: namespace},
				Spec:       corev1.ServiceSpec{ClusterIP: "10.96.0.7", Ports: []corev1.ServicePort{{Port: 5000}}},
			},
			&corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Name: "headless", Namespace: namespace},
				Spec:       corev1.ServiceSpec{ClusterIP: "None", Ports: []corev1.ServicePort{{Port: 5000}}},
			},
		),
	}
}

func TestRegistryHost(t *testing.T) {
	t.Parallel()
	for name, inject := range map[string]int{"injected": 1, "injected twice": 2, "never injected": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := newRuntimes()
			target := registryTarget(nodes)
			setup := &injectors.RegistryHost{Host: "registry.shop-x7k2q.internal", Service: "registry"}
			undo, err := setup.Prepare(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			if len(nodes.files) > 0 {
				t.Error("Prepare changed a node")
			}
			for range inject {
				if err := setup.Inject(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
				want := map[string]string{
					"cp" + hosts + "/registry.shop-x7k2q.internal": "10.96.0.7:5000", "worker" + hosts + "/registry.shop-x7k2q.internal": "10.96.0.7:5000",
				}
				if diff := cmp.Diff(want, nodes.files); diff != "" {
					t.Errorf("the nodes' files (-want +got):\n%s", diff)
				}
			}
			for range 2 {
				if err := setup.Revert(t.Context(), target, undo); err != nil {
					t.Fatal(err)
				}
				if len(nodes.files) > 0 || nodes.pruned == 0 {
					t.Errorf("left behind: %v", slices.Sorted(maps.Keys(nodes.files)))
				}
				for node, images := range nodes.images { // no other registry's
					if diff := cmp.Diff([]string{"registry.k8s.io/pause:3", "registry.shop-x7k2q.internal.evil/x:1"}, images); diff != "" {
						t.Errorf("images of %s (-want +got):\n%s", node, diff)
					}
				}
			}
		})
	}
}

func TestRegistryHostRefusals(t *testing.T) {
	t.Parallel()
	deaf, taken := newRuntimes(), newRuntimes()
	deaf.config = "config_path = ''"
	taken.files["worker"+hosts+"/registry.shop-x7k2q.internal"] = "somebody's"
	for name, tt := range map[string]struct {
		nodes injectors.Nodes
		setup injectors.RegistryHost
		want  string
	}{
		"not this run's name":    {newRuntimes(), injectors.RegistryHost{Host: "registry.shop.internal", Service: "registry"}, "must hold the run's namespace"},
		"no host":                {newRuntimes(), injectors.RegistryHost{Host: "../shop-x7k2q", Service: "registry"}, "not a registry's name"},
		"no such Service":        {newRuntimes(), injectors.RegistryHost{Host: "registry.shop-x7k2q.internal", Service: "regstry"}, "which the manifests must create"},
		"no address":             {newRuntimes(), injectors.RegistryHost{Host: "registry.shop-x7k2q.internal", Service: "headless"}, "no address of its own"},
		"containerd looks away":  {deaf, injectors.RegistryHost{Host: "registry.shop-x7k2q.internal", Service: "registry"}, "does not look into"},
		"known already":          {taken, injectors.RegistryHost{Host: "registry.shop-x7k2q.internal", Service: "registry"}, "already"},
		"no access to the nodes": {nil, injectors.RegistryHost{Host: "registry.shop-x7k2q.internal", Service: "registry"}, "no access to its nodes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.setup.Prepare(t.Context(), registryTarget(tt.nodes))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Prepare: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestRegistryHostThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	nodes := newRuntimes()
	target := registryTarget(nodes)
	setup := &injectors.RegistryHost{Host: "registry.shop-x7k2q.internal", Service: "registry"}
	undo, err := setup.Prepare(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	nodes.down = true
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if err := setup.Inject(ctx, target, undo); err == nil || !strings.Contains(err.Error(), "does not reach the registry") {
		t.Errorf("Inject: %v, want that the registry is not reached", err)
	}
}
