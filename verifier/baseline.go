package verifier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// Baseline is the healthy system, taken after the deployment and before the fault. It
// holds what a repair must not weaken, and never the data of a ConfigMap or Secret.
type Baseline struct {
	TakenAt         time.Time                      `json:"takenAt"`
	Namespace       string                         `json:"namespace"`
	Workloads       map[string]WorkloadState       `json:"workloads,omitempty"` // by Kind/name
	Services        map[string]ServiceState        `json:"services,omitempty"`
	Disruption      map[string]DisruptionState     `json:"podDisruptionBudgets,omitempty"`
	Autoscalers     map[string]AutoscalerState     `json:"horizontalPodAutoscalers,omitempty"`
	NetworkPolicies map[string]NetworkPolicyState  `json:"networkPolicies,omitempty"`
	Claims          map[string]ClaimState          `json:"persistentVolumeClaims,omitempty"`
	Quotas          map[string]corev1.ResourceList `json:"resourceQuotas,omitempty"`
	LimitRanges     map[string]LimitRangeState     `json:"limitRanges,omitempty"`
	ConfigMaps      map[string]ContentState        `json:"configMaps,omitempty"`
	Secrets         map[string]ContentState        `json:"secrets,omitempty"`
	Nodes           map[string]NodeState           `json:"nodes,omitempty"`
	// Kubelets is the configuration in force of the kubelets that a check compares: by node,
	// then by the field's path. TakeFor takes it; Diff leaves it out.
	Kubelets map[string]map[string]string `json:"kubelets,omitempty"`
	Tables   map[string]TableState        `json:"tables,omitempty"` // rows that a rowsKept check asks after
	// Values are SHA-256 sums of single keys that a contentKept check compares, by
	// Kind/name/key. TakeFor takes them; Diff leaves them out.
	Values map[string]string `json:"values,omitempty"`
	// Addon is the Deployment of the cluster's service that the drill breaks; TakeAddon takes it.
	Addon *AddonState `json:"addon,omitempty"`
	// Confirmed is the rows that a rowsConfirmed check asks after. TakeAtPage takes it, and
	// nothing else: they came while the system was broken.
	Confirmed map[string]ConfirmedRows `json:"confirmed,omitempty"`
}

// WorkloadState is a Deployment, StatefulSet or DaemonSet.
type WorkloadState struct {
	UID            types.UID                 `json:"uid"`
	Replicas       int32                     `json:"replicas"` // a DaemonSet's: nodes it should run on
	Paused         bool                      `json:"paused,omitempty"`
	Selector       *metav1.LabelSelector     `json:"selector"`
	TemplateLabels map[string]string         `json:"templateLabels,omitempty"`
	Containers     map[string]ContainerState `json:"containers"`
	Template       string                    `json:"template"` // SHA-256 of the whole pod template
}

// ContainerState is a container of a workload's pod template, init ones as well.
type ContainerState struct {
	Init       bool                `json:"init,omitempty"`
	Image      string              `json:"image"`
	PullPolicy corev1.PullPolicy   `json:"imagePullPolicy,omitempty"`
	Requests   corev1.ResourceList `json:"requests,omitempty"`
	Limits     corev1.ResourceList `json:"limits,omitempty"`
	Liveness   *corev1.Probe       `json:"livenessProbe,omitempty"`
	Readiness  *corev1.Probe       `json:"readinessProbe,omitempty"`
	Startup    *corev1.Probe       `json:"startupProbe,omitempty"`
	Ports      map[string]int32    `json:"ports,omitempty"` // by name; those without one are left out
}

// ServiceState is what decides where a Service's traffic goes.
type ServiceState struct {
	UID              types.UID          `json:"uid"`
	Type             corev1.ServiceType `json:"type"`
	Selector         map[string]string  `json:"selector,omitempty"`
	Ports            []string           `json:"ports,omitempty"` // "http TCP 80 -> 8080"
	ExternalName     string             `json:"externalName,omitempty"`
	PublishNotReady  bool               `json:"publishNotReadyAddresses,omitempty"`
	HandMadeBackends []string           `json:"handMadeBackends,omitempty"` // EndpointSlices that no controller keeps
}

// DisruptionState is a PodDisruptionBudget.
type DisruptionState struct {
	UID  types.UID                        `json:"uid"`
	Spec policyv1.PodDisruptionBudgetSpec `json:"spec"`
}

// AutoscalerState is a HorizontalPodAutoscaler.
type AutoscalerState struct {
	UID  types.UID                                 `json:"uid"`
	Spec autoscalingv2.HorizontalPodAutoscalerSpec `json:"spec"`
}

// NetworkPolicyState is a NetworkPolicy.
type NetworkPolicyState struct {
	UID  types.UID                      `json:"uid"`
	Spec networkingv1.NetworkPolicySpec `json:"spec"`
}

// ClaimState is a PersistentVolumeClaim.
type ClaimState struct {
	UID    types.UID `json:"uid"`
	Phase  string    `json:"phase"`
	Volume string    `json:"volume,omitempty"`
}

// LimitRangeState is a LimitRange.
type LimitRangeState struct {
	UID  types.UID             `json:"uid"`
	Spec corev1.LimitRangeSpec `json:"spec"`
}

// ContentState tells two versions of a ConfigMap or Secret apart without giving any of it away.
type ContentState struct {
	UID    types.UID `json:"uid"`
	Keys   []string  `json:"keys,omitempty"`
	SHA256 string    `json:"sha256"`
}

// NodeState is a Node.
type NodeState struct {
	UID           types.UID         `json:"uid"`
	Labels        map[string]string `json:"labels,omitempty"`
	Annotations   map[string]string `json:"annotations"`      // null in a baseline of before they were in it
	Taints        []string          `json:"taints,omitempty"` // as kubectl writes them: key=value:Effect
	Unschedulable bool              `json:"unschedulable,omitempty"`
	PodCIDRs      []string          `json:"podCIDRs,omitempty"`
	ProviderID    string            `json:"providerID,omitempty"`
}

// TakeBaseline reads the namespace and the named nodes (all of them when none is named).
func TakeBaseline(ctx context.Context, client kubernetes.Interface, namespace string, nodes ...string) (*Baseline, error) {
	b := &Baseline{TakenAt: time.Now().UTC(), Namespace: namespace}
	reads := []struct {
		what string
		read func(context.Context, kubernetes.Interface) error
	}{
		{"deployments", b.takeDeployments},
		{"statefulsets", b.takeStatefulSets},
		{"daemonsets", b.takeDaemonSets},
		{"services", b.takeServices},
		{"poddisruptionbudgets", b.takeDisruption},
		{"horizontalpodautoscalers", b.takeAutoscalers},
		{"networkpolicies", b.takeNetworkPolicies},
		{"persistentvolumeclaims", b.takeClaims},
		{"resourcequotas", b.takeQuotas},
		{"limitranges", b.takeLimitRanges},
		{"configmaps", b.takeConfigMaps},
		{"secrets", b.takeSecrets},
	}
	for _, r := range reads {
		if err := r.read(ctx, client); err != nil {
			return nil, fmt.Errorf("list the %s of %s: %w", r.what, namespace, err)
		}
	}
	if err := b.takeNodes(ctx, client, nodes); err != nil {
		return nil, err
	}
	return b, nil
}

// extends is a check that needs more in the baseline than every baseline has: what only
// its own parameters name, or what the API server does not know.
type extends interface {
	extend(ctx context.Context, t *Target, b *Baseline) error
}

// TakeFor adds what the plan's own checks and safeguards compare with.
func (b *Baseline) TakeFor(ctx context.Context, t *Target, plan Plan) error {
	for _, c := range plan.checkers() {
		if more, ok := c.(extends); ok {
			if err := more.extend(ctx, t, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// atPage is a check that compares with what the system had when the page was sent.
type atPage interface {
	page(ctx context.Context, t *Target, b *Baseline) error
}

// AsksAtPage tells whether the plan compares with anything of the moment of the page.
func (p Plan) AsksAtPage() bool {
	return slices.ContainsFunc(p.checkers(), func(c Checker) bool { _, asks := c.(atPage); return asks })
}

// TakeAtPage adds what the plan's checks compare with of the moment of the page: after
// the fault was seen, and before anybody has begun to repair it.
func (b *Baseline) TakeAtPage(ctx context.Context, t *Target, plan Plan) error {
	for _, c := range plan.checkers() {
		if more, ok := c.(atPage); ok {
			if err := more.page(ctx, t, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// digest is the SHA-256 of a value's JSON, whose maps are written in order.
func digest(value any) (string, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

func contentState[V any](meta metav1.ObjectMeta, data ...map[string]V) (ContentState, error) {
	var keys []string
	for _, d := range data {
		keys = append(keys, slices.Sorted(maps.Keys(d))...)
	}
	sum, err := digest(data)
	return ContentState{UID: meta.UID, Keys: keys, SHA256: sum}, err
}
