package scenario

import (
	"testing"
	"testing/fstest"
)

// TestUsesMetrics: a word about metrics in any file counts; those of an app's own do not.
func TestUsesMetrics(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"kind: HorizontalPodAutoscaler":                        true,
		"kubectl autoscale deployment/app --max=3":             true,
		"kubectl get hpa":                                      true,
		"- {type: hpaActive}":                                  true,
		"kubectl top pods":                                     true,
		"$KUBECTL top -n kube-system po":                       true,
		"kubectl top --use-protocol-buffers=1 nodes":           true,
		"kubectl get --raw /apis/metrics.k8s.io/v1":            true,
		"kubectl -n kube-system get deployment/metrics-server": true,
		"curl http://app:8080/metrics":                         false,
		"stop notifying; the top of the page":                  false,
		"alpha":                                                false,
	} {
		for _, name := range []string{"scenario.yaml", "solutions/fix.sh", "README.md", "files/a"} {
			f := &Folder{FS: fstest.MapFS{name: {Data: []byte(text)}, "manifests/app.yaml": {Data: []byte("kind: Deployment")}}}
			if got := f.UsesMetrics(); got != want {
				t.Errorf("%s: %q: %v", name, text, got)
			}
		}
	}
}
