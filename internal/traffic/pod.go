package traffic

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/firedrill/firedrill/internal/drillapp"
	"github.com/firedrill/firedrill/internal/scenario"
)

const (
	managedByLabel   = "app.kubernetes.io/managed-by"
	managedBy        = "firedrill"
	runLabel         = "firedrill.dev/run"
	configAnnotation = "firedrill.dev/prober-config" // hash of image and streams
	controlPlane     = "node-role.kubernetes.io/control-plane"
	container        = "prober"
	graceSeconds     = 3
)

func podName(run string) string { return "prober-" + run }

// proberPod is pinned to the control-plane node, which no drill disturbs, and keeps
// running there whatever the node's taints say.
func proberPod(run, namespace, image string, streams []scenario.Traffic) (*corev1.Pod, error) {
	config, err := probeConfig(namespace, streams)
	if err != nil {
		return nil, err
	}
	labels := map[string]string{managedByLabel: managedBy, runLabel: run, "app.kubernetes.io/name": container}
	hash := sha256.Sum256([]byte(image + "\n" + config))
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: podName(run), Namespace: Namespace, Labels: labels,
			Annotations: map[string]string{configAnnotation: fmt.Sprintf("%x", hash[:8])},
		},
		Spec: corev1.PodSpec{
			NodeSelector:                  map[string]string{controlPlane: ""},
			Tolerations:                   []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			RestartPolicy:                 corev1.RestartPolicyAlways,
			AutomountServiceAccountToken:  new(false),
			EnableServiceLinks:            new(false),
			TerminationGracePeriodSeconds: new(int64(graceSeconds)),
			// The process's own limit starts again with a restart; the pod's does not.
			ActiveDeadlineSeconds: new(int64(drillapp.DefaultMaxDuration.Seconds())),
			// Full names are asked as they stand, not with every search domain first.
			DNSConfig:       &corev1.PodDNSConfig{Options: []corev1.PodDNSConfigOption{{Name: "ndots", Value: new("1")}}},
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers:      []corev1.Container{proberContainer(image, config)},
		},
	}, nil
}

// proberContainer asks for more CPU than it uses: the request is its weight on a busy
// node, and an instrument that is starved measures nothing.
func proberContainer(image, config string) corev1.Container {
	return corev1.Container{
		Name: container, Image: image, ImagePullPolicy: corev1.PullNever,
		Args: []string{"probe"},
		Env:  []corev1.EnvVar{{Name: "PROBE_CONFIG", Value: config}},
		Resources: corev1.ResourceRequirements{
			// Little enough for sixteen drills side by side on a control plane of two processors.
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("96Mi")},
		},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true),
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}

// probeConfig writes the streams as the prober reads them.
func probeConfig(namespace string, streams []scenario.Traffic) (string, error) {
	rows := make([]drillapp.Stream, 0, len(streams))
	for _, s := range streams {
		target, err := inNamespace(s.URL, namespace)
		if err != nil {
			return "", fmt.Errorf("traffic %q: %w", s.Name, err)
		}
		row := drillapp.Stream{Name: s.Name, URL: target, Rate: s.Rate, Expect: s.Expect}
		if s.Timeout > 0 {
			row.Timeout = s.Timeout.Std().String()
		}
		rows = append(rows, row)
	}
	data, err := json.Marshal(rows)
	if err != nil {
		return "", fmt.Errorf("write the prober's config: %w", err)
	}
	return string(data), nil
}

// inNamespace completes a bare host name, a Service of the drill's namespace, to its
// full DNS name. Other hosts stay as they are.
func inNamespace(target, namespace string) (string, error) {
	u, err := url.Parse(target)
	if err != nil {
		return "", fmt.Errorf("url %q: %w", target, err)
	}
	host := u.Hostname()
	if host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", fmt.Errorf("url %q: want for example http://checkout/order", target)
	}
	if strings.ContainsAny(host, ".:") {
		return target, nil
	}
	full := host + "." + namespace + ".svc.cluster.local"
	if port := u.Port(); port != "" {
		full += ":" + port
	}
	u.Host = full
	return u.String(), nil
}
