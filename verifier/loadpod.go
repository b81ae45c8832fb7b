package verifier

import (
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (l *Load) lasts() time.Duration {
	if l.For <= 0 {
		return time.Minute
	}
	return l.For.Std()
}

// pod is the prober with other streams: on the control plane, which no drill disturbs. It
// ends by itself, whatever becomes of the referee.
func (l *Load) pod(t *Target) (*corev1.Pod, error) {
	type row struct {
		Name string `json:"name"`
		URL  string `json:"url"`
		Rate int    `json:"rate"`
	}
	var rows []row
	for left := l.Rate; left > 0; left -= streamRate {
		rows = append(rows, row{fmt.Sprintf("load-%d", len(rows)+1), l.URL, min(left, streamRate)})
	}
	config, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("write the load's config: %w", err)
	}
	no, yes, user, grace := false, true, int64(65532), int64(1)
	deadline := int64((l.lasts() + loadStart).Seconds())
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: "load-", Namespace: refereeNamespace,
			Labels: map[string]string{
				"app.kubernetes.io/managed-by": "firedrill",
				"app.kubernetes.io/name":       "load",
				"firedrill.dev/run":            t.Namespace,
			},
		},
		Spec: corev1.PodSpec{
			NodeSelector:                  map[string]string{"node-role.kubernetes.io/control-plane": ""},
			Tolerations:                   []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  &no,
			TerminationGracePeriodSeconds: &grace,
			ActiveDeadlineSeconds:         &deadline,
			Containers: []corev1.Container{{
				Name: "load", Image: t.RefereeImage, Args: []string{"probe"}, ImagePullPolicy: corev1.PullIfNotPresent,
				Env: []corev1.EnvVar{{Name: "PROBE_CONFIG", Value: string(config)}, {Name: "MAX_DURATION", Value: l.lasts().String()}},
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
					Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")},
				},
				SecurityContext: &corev1.SecurityContext{
					RunAsNonRoot: &yes, RunAsUser: &user, AllowPrivilegeEscalation: &no,
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}, nil
}
