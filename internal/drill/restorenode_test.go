package drill

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/firedrill/firedrill/verifier"
)

// kubelets is node access that takes a node for its own when its kubelet is restarted.
type kubelets struct {
	w         *world
	mu        sync.Mutex // guards restarted: nodes are restored side by side
	restarted []string
}

func (k *kubelets) Run(ctx context.Context, node string, command ...string) (string, error) {
	if len(command) < 2 || command[1] != "restart" {
		return "", nil
	}
	k.mu.Lock()
	k.restarted = append(k.restarted, node+" "+strings.Join(command, " "))
	k.mu.Unlock()
	nodes := k.w.client.CoreV1().Nodes()
	is, err := nodes.Get(ctx, node, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	is.Status = readyNode(node, nil).Status
	_, err = nodes.UpdateStatus(ctx, is, metav1.UpdateOptions{})
	return "", err
}

func inNetwork(n *corev1.Node, cidr string) *corev1.Node {
	n.Spec.PodCIDR, n.Spec.PodCIDRs, n.Spec.ProviderID = cidr, []string{cidr}, "kind://"+n.Name
	return n
}

func readyNode(name string, labels map[string]string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
	}}
}

// change edits a node as a trainee does.
func (w *world) change(name string, edit func(*corev1.Node)) {
	w.t.Helper()
	nodes := w.client.CoreV1().Nodes()
	node, err := nodes.Get(w.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	edit(node)
	if _, err := nodes.Update(w.t.Context(), node, metav1.UpdateOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

// What the trainee did to the nodes of the run is taken back, whichever of them the drill
// broke, by a reset and by the end; what others did to other nodes is not.
func TestTheNodesOfTheRunAreRestored(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, testScenario, Created{NodeSelector: "lane=yes", Node: "w4"})
	lane := map[string]string{"lane": "yes"}
	for _, node := range []*corev1.Node{
		readyNode("cp", map[string]string{"lane": "yes", labelControlPlane: ""}), readyNode("w1", lane), inNetwork(readyNode("w2", lane), "10.244.2.0/24"), readyNode("w3", lane), inNetwork(readyNode("w4", lane), "10.244.4.0/24"), readyNode("other", nil),
	} {
		if _, err := w.client.CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	w.change("w3", func(n *corev1.Node) { n.Spec.Unschedulable = true }) // by the trainee of another run
	e := w.engine()
	k := &kubelets{w: w}
	e.Nodes = k
	ended := w.refereeOf(e)
	for attempt, verb := range []string{VerbReset, VerbEnd} {
		w.until("paged", func(r *Run) bool { return paged(r) && r.Attempt == attempt+1 })
		taint := []corev1.Taint{{Key: "mine", Effect: corev1.TaintEffectNoSchedule}}
		for _, name := range []string{"cp", "w1", "other"} {
			w.change(name, func(n *corev1.Node) {
				n.Spec.Unschedulable, n.Spec.Taints = true, taint
				n.Labels = map[string]string{labelControlPlane: n.Labels[labelControlPlane], "mine": "yes"}
				n.Annotations = map[string]string{"mine": "yes", "csi.volume.kubernetes.io/nodeid": "a plugin's"}
			})
		}
		w.change("w3", func(n *corev1.Node) { n.Spec.Unschedulable = false })
		if err := w.client.CoreV1().Nodes().Delete(t.Context(), "w2", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if verb == VerbEnd { // this one registers w4 again, which gets another network
			if err := w.client.CoreV1().Nodes().Delete(t.Context(), "w4", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.client.CoreV1().Nodes().Create(t.Context(), inNetwork(readyNode("w4", lane), "10.244.7.0/24"), metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		w.setReady(corev1.ConditionTrue)
		w.ask(verb)
		if verb == VerbReset {
			w.until("preparing again", func(r *Run) bool { return r.Attempt == 2 })
		} else if err := <-ended; err != nil {
			t.Fatal(err)
		}
		for name, touched := range map[string]bool{"cp": true, "w1": false, "w2": false, "w3": false, "w4": false, "other": true} {
			node, err := w.client.CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				t.Errorf("%s: %v", verb, err)
				continue
			}
			if node.Spec.Unschedulable != touched || (len(node.Spec.Taints) > 0) != touched || (node.Labels["mine"] != "") != touched || (node.Annotations["mine"] != "") != touched {
				t.Errorf("after %s: %s: changed %+v, labels %v, annotations %v; want changed: %t", verb, name, node.Spec, node.Labels, node.Annotations, touched)
			}
			if name == "w1" && node.Annotations["csi.volume.kubernetes.io/nodeid"] == "" {
				t.Errorf("after %s: %s: what Kubernetes notes there is gone: %v", verb, name, node.Annotations)
			}
			if want := map[string]string{"w2": "10.244.2.0/24", "w4": "10.244.4.0/24"}[name]; node.Spec.PodCIDR != want || want != "" && node.Spec.ProviderID != "kind://"+name {
				t.Errorf("after %s: %s: pod network %q, provider ID %q, want %q", verb, name, node.Spec.PodCIDR, node.Spec.ProviderID, want)
			}
			if diff := cmp.Diff(lane, node.Labels, cmpopts.EquateEmpty()); !touched && diff != "" {
				t.Errorf("after %s: %s: labels (-want +got):\n%s", verb, name, diff)
			}
		}
	}
	if len(k.restarted) != 3 {
		t.Errorf("in the nodes was run: %q, want the kubelets of w2, w2 and w4 restarted", k.restarted)
	}
}

// A node whose kubelet registers it in the same moment gets the network that it had all the same.
func TestTheKubeletIsQuicker(t *testing.T) {
	t.Parallel()
	was := verifier.NodeState{PodCIDRs: []string{"10.244.4.0/24"}}
	for name, prepare := range map[string]func(client *fake.Clientset){
		"it has no network yet": func(client *fake.Clientset) {
			if err := client.Tracker().Add(readyNode("w", nil)); err != nil {
				t.Fatal(err)
			}
		},
		"between two requests": func(client *fake.Clientset) {
			first := true
			client.PrependReactor("create", "nodes", func(clienttesting.Action) (bool, runtime.Object, error) {
				if !first {
					return false, nil, nil
				}
				first = false
				return true, nil, errors.Join(client.Tracker().Add(inNetwork(readyNode("w", nil), "10.244.9.0/24")),
					apierrors.NewAlreadyExists(corev1.Resource("nodes"), "w"))
			})
		},
	} {
		client := fake.NewClientset()
		prepare(client)
		k := &kubelets{w: &world{t: t, client: client}}
		e := &Engine{Deps: Deps{Client: client, Nodes: k}}
		anew, err := e.ensureRegistered(t.Context(), "w", was, true)
		if err != nil || !anew || len(k.restarted) != 1 {
			t.Errorf("%s: anew %v, %v, restarted %q", name, anew, err, k.restarted)
		}
		if node, err := client.CoreV1().Nodes().Get(t.Context(), "w", metav1.GetOptions{}); err != nil || node.Spec.PodCIDR != "10.244.4.0/24" {
			t.Errorf("%s: %+v, %v", name, node.Spec, err)
		}
	}
}
