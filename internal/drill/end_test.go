package drill

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func volume(name, namespace string, policy corev1.PersistentVolumeReclaimPolicy) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: policy,
			ClaimRef:                      &corev1.ObjectReference{Namespace: namespace, Name: "data"},
		},
	}
}

// TestTheEndAwaitsItsVolumes: the provisioner deletes them after the namespace is gone.
func TestTheEndAwaitsItsVolumes(t *testing.T) {
	t.Parallel()
	client := fake.NewClientset(
		volume("ours", run, corev1.PersistentVolumeReclaimDelete),
		volume("another-run", "shop-other", corev1.PersistentVolumeReclaimDelete),
		volume("kept-for-good", run, corev1.PersistentVolumeReclaimRetain),
	)
	e := &Engine{Deps: Deps{Client: client}, run: &Run{Created: Created{Run: run}}}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := e.awaitVolumes(short); err == nil || !strings.Contains(err.Error(), "volume ours is still there") {
		t.Errorf("got %v, want an error that names the volume", err)
	}
	if err := client.CoreV1().PersistentVolumes().Delete(t.Context(), "ours", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := e.awaitVolumes(t.Context()); err != nil {
		t.Error(err)
	}
}
