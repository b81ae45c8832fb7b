package prove

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/firedrill/firedrill/internal/drill"
)

// Nodes runs commands in the cluster's nodes.
type Nodes interface {
	Run(ctx context.Context, node string, command ...string) (string, error)
}

// Inspector looks at a whole cluster: what a run left in it, and what is different.
type Inspector struct {
	Dynamic   dynamic.Interface
	Discovery discovery.DiscoveryInterface
	Nodes     Nodes

	kinds []schema.GroupVersionResource // found once
}

// restless are resources that change by themselves, or only tell of others.
func restless(r schema.GroupResource) bool {
	switch r.Group {
	case "events.k8s.io", "coordination.k8s.io", "metrics.k8s.io", "discovery.k8s.io":
		return true
	}
	switch r.Resource {
	case "events", "endpoints", "componentstatuses", "certificatesigningrequests", "ipaddresses":
		return true
	}
	return false
}

// resources lists what the API server can list.
func (i *Inspector) resources() ([]schema.GroupVersionResource, error) {
	if i.kinds != nil {
		return i.kinds, nil
	}
	lists, err := i.Discovery.ServerPreferredResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) { // an aggregated API may be away
		return nil, fmt.Errorf("list the cluster's kinds of objects: %w", err)
	}
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, fmt.Errorf("list the cluster's kinds of objects: %w", err)
		}
		for _, r := range list.APIResources {
			if slices.Contains(r.Verbs, "list") && !restless(schema.GroupResource{Group: gv.Group, Resource: r.Name}) {
				i.kinds = append(i.kinds, gv.WithResource(r.Name))
			}
		}
	}
	return i.kinds, nil
}

// Leftovers lists the objects that are still there of a run: those with its label or
// its name, and those bound to its namespace.
func (i *Inspector) Leftovers(ctx context.Context, run string) ([]string, error) {
	var left []string
	err := i.each(ctx, func(r schema.GroupVersionResource, o *unstructured.Unstructured) {
		claim, _, _ := unstructured.NestedString(o.Object, "spec", "claimRef", "namespace")
		if o.GetLabels()[drill.LabelRun] == run || o.GetNamespace() == run || claim == run || strings.Contains(o.GetName(), run) {
			left = append(left, objectName(r, o))
		}
	})
	slices.Sort(left)
	return left, err
}

func objectName(r schema.GroupVersionResource, o *unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return r.Resource + "/" + o.GetName()
	}
	return r.Resource + "/" + o.GetNamespace() + "/" + o.GetName()
}

func (i *Inspector) each(ctx context.Context, look func(schema.GroupVersionResource, *unstructured.Unstructured)) error {
	kinds, err := i.resources()
	if err != nil {
		return err
	}
	var errs []error
	for _, kind := range kinds {
		list, err := i.Dynamic.Resource(kind).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) || apierrors.IsServiceUnavailable(err) {
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("list %s: %w", kind.GroupResource(), err))
			continue
		}
		for o := range list.Items {
			look(kind, &list.Items[o])
		}
	}
	return errors.Join(errs...)
}

// Snapshot is what a cluster consists of, by name: a hash of each object outside of the
// drills' namespaces, of each file that runs a node, and the state of its units.
type Snapshot struct {
	things map[string]string
	held   []string // runs under way, and nodes and addons that they may have broken
}

// nodeState prints one line for each thing that runs a node: the state of its units and
// the hashes of their files. Keys and certificates renew themselves and are left out.
const nodeState = `for unit in kubelet containerd; do
  echo "unit/$unit $(systemctl is-active $unit) $(systemctl is-enabled $unit)"
done
find /etc/kubernetes /etc/containerd /etc/systemd/system /etc/cni /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/crictl.yaml \
  -type f ! -path '*/pki/*' -exec sha256sum {} + 2>/dev/null | while read -r sum path; do echo "file$path $sum"; done
exit 0`

// Snapshot takes one. Runs that are under way are not in it, nor what they hold: the
// nodes and the addons, by name, that they may break.
func (i *Inspector) Snapshot(ctx context.Context, held ...string) (Snapshot, error) {
	s, runs, nodes := Snapshot{things: map[string]string{}, held: held}, map[string]bool{}, []string{}
	type object struct{ name, namespace, hash string }
	var objects []object
	err := i.each(ctx, func(r schema.GroupVersionResource, o *unstructured.Unstructured) {
		switch {
		case o.GetLabels()[drill.LabelRun] != "":
			runs[o.GetLabels()[drill.LabelRun]] = true
			return
		case o.GetLabels()[drill.LabelManagedBy] == drill.ManagedBy:
			return // made once for all runs of a cluster, and stays until it goes
		case r.Resource == "secrets" && strings.HasPrefix(o.GetName(), "bootstrap-token-"):
			return // kubeadm's, which goes by itself after a day
		case r.Resource == "nodes":
			nodes = append(nodes, o.GetName())
		}
		claim, bound, _ := unstructured.NestedString(o.Object, "spec", "claimRef", "namespace")
		if !bound {
			claim = o.GetNamespace()
		}
		objects = append(objects, object{objectName(r, o), claim, fingerprint(o)})
	})
	if err != nil {
		return s, err
	}
	// One may have begun while the kinds were listed, and one that is held may have gone.
	if err := i.addRuns(ctx, runs); err != nil {
		return s, err
	}
	for _, name := range held {
		runs[name] = true
	}
	for _, o := range objects {
		if !runs[o.namespace] {
			s.things[o.name] = o.hash
		}
	}
	for _, node := range nodes {
		if slices.Contains(held, node) {
			continue // it may be down
		}
		if err := i.lookInto(ctx, node, runs, s.things); err != nil {
			return s, err
		}
	}
	return s, nil
}

// NodeDiff says, one line each, how what runs a node differs from an earlier snapshot; nothing
// of a node that a run held at that time.
func (i *Inspector) NodeDiff(ctx context.Context, node string, before Snapshot) ([]string, error) {
	if slices.Contains(before.held, node) {
		return nil, nil
	}
	runs := map[string]bool{}
	if err := i.addRuns(ctx, runs); err != nil {
		return nil, err
	}
	was, now := Snapshot{things: map[string]string{}}, Snapshot{things: map[string]string{}}
	for name, state := range before.things {
		if strings.HasPrefix(name, "nodes/"+node+"/") {
			was.things[name] = state
		}
	}
	if err := i.lookInto(ctx, node, runs, now.things); err != nil {
		return nil, err
	}
	return was.Diff(now), nil
}

// addRuns adds the runs that have a namespace.
func (i *Inspector) addRuns(ctx context.Context, runs map[string]bool) error {
	namespaces, err := i.Dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).List(ctx, metav1.ListOptions{LabelSelector: drill.LabelRun})
	if err != nil {
		return fmt.Errorf("list the runs' namespaces: %w", err)
	}
	for _, n := range namespaces.Items {
		runs[n.GetLabels()[drill.LabelRun]] = true
	}
	return nil
}

// lookInto notes what runs a node and is not a run's.
func (i *Inspector) lookInto(ctx context.Context, node string, runs map[string]bool, things map[string]string) error {
	out, err := i.Nodes.Run(ctx, node, "sh", "-c", nodeState)
	if err != nil {
		return fmt.Errorf("look at node %s: %w", node, err)
	}
	for line := range strings.Lines(out) {
		what, state, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && !ofARun(what, runs) {
			things["nodes/"+node+"/"+what] = state
		}
	}
	return nil
}

// ofARun tells whether a file bears the name of a run that is under way: its registry's.
func ofARun(file string, runs map[string]bool) bool {
	for run := range runs {
		if strings.Contains(file, run) {
			return true
		}
	}
	return false
}

// fingerprint is a hash of what an object says, without what the cluster notes in it: of the
// annotations those that no part of Kubernetes keeps.
func fingerprint(o *unstructured.Unstructured) string {
	annotations := map[string]string{}
	for key, value := range o.GetAnnotations() {
		if !drill.KeptByKubernetes(key) {
			annotations[key] = value
		}
	}
	said := map[string]any{"labels": o.GetLabels(), "annotations": annotations}
	for key, value := range o.Object {
		if key != "status" && key != "metadata" {
			said[key] = value
		}
	}
	text, err := json.Marshal(said)
	if err != nil {
		return err.Error()
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// Diff says, one line each, how a later snapshot differs. Pods of controllers have new
// names when they were made anew, so pods are not compared by name; and what a run held
// at either moment is not compared: its own end is where that is looked at.
func (s Snapshot) Diff(later Snapshot) []string {
	held := slices.Concat(s.held, later.held)
	compared := func(name string) bool {
		parts := strings.Split(name, "/")
		return parts[0] != "pods" && !slices.ContainsFunc(parts[1:], func(p string) bool {
			return slices.ContainsFunc(held, func(h string) bool {
				return p == h || parts[0] == "replicasets" && strings.HasPrefix(p, h+"-") // an addon's
			})
		})
	}
	var diff []string
	for _, name := range slices.Sorted(maps.Keys(s.things)) {
		was := s.things[name]
		now, there := later.things[name]
		switch {
		case !compared(name):
		case !there:
			diff = append(diff, "gone: "+name)
		case now != was:
			diff = append(diff, "changed: "+name+change(name, was, now))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(later.things)) {
		if _, before := s.things[name]; !before && compared(name) {
			diff = append(diff, "new: "+name)
		}
	}
	return diff
}

// change says what a unit's state was and is; hashes say nothing to a person.
func change(name, was, is string) string {
	if strings.Contains(name, "/unit/") {
		return fmt.Sprintf(" (was %s, is %s)", was, is)
	}
	return ""
}
