package traffic

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// keepFor keeps a prober until the condition holds, or for the given time.
func keepFor(t *testing.T, k keeping, client *fake.Clientset, most time.Duration, until func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	over := make(chan struct{})
	go func() {
		defer close(over)
		k.keep(ctx, client, run, slog.New(slog.DiscardHandler), func(ctx context.Context) error {
			return Deploy(ctx, client, run, run, image, shopTraffic())
		})
	}()
	for !until() {
		if !sleep(ctx, time.Millisecond) {
			break
		}
	}
	cancel()
	<-over
}

func never() bool { return false }

// A prober that reached its longest life, or that somebody deleted, is started again.
func TestKeepStartsAnEndedProberAgain(t *testing.T) {
	t.Parallel()
	quick := keeping{every: time.Millisecond, pause: time.Millisecond, longest: time.Second}
	for name, end := range map[string]func(t *testing.T, client *fake.Clientset){
		"failed": func(t *testing.T, client *fake.Clientset) {
			pod, err := client.CoreV1().Pods(Namespace).Get(t.Context(), podName(run), metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			pod.Status.Phase, pod.Status.Reason = corev1.PodFailed, "DeadlineExceeded"
			if _, err := client.CoreV1().Pods(Namespace).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
		},
		"gone": func(t *testing.T, client *fake.Clientset) {
			if err := client.CoreV1().Pods(Namespace).Delete(t.Context(), podName(run), metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := clusterWith(running())
			if err := Deploy(t.Context(), client, run, run, image, shopTraffic()); err != nil {
				t.Fatal(err)
			}
			keepFor(t, quick, client, 50*time.Millisecond, never)
			if n := creations(client); n != 1 {
				t.Fatalf("%d probers while the first one runs", n)
			}
			end(t, client)
			keepFor(t, quick, client, 20*time.Second, func() bool { return creations(client) == 2 })
			if n := creations(client); n != 2 {
				t.Errorf("%d probers, want a second one", n)
			}
		})
	}
}

// A prober that ends at once is not made over and over.
func TestKeepIsBounded(t *testing.T) {
	t.Parallel()
	client := clusterWith(running())
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if pod, ok := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod); ok {
			pod.Status.Phase = corev1.PodFailed
		}
		return false, nil, nil
	})
	keepFor(t, keeping{every: time.Millisecond, pause: 50 * time.Millisecond, longest: time.Hour}, client, 700*time.Millisecond, never)
	if n := creations(client); n < 1 || n > 4 { // at 0, 50, 150 and 350 ms
		t.Errorf("%d probers in 700 ms, want a few", n)
	}
}

// Not to know how the prober is, is no reason to start another.
func TestKeepLeavesAnUnknownProberAlone(t *testing.T) {
	t.Parallel()
	for _, away := range []error{errors.New("connection refused"), apierrors.NewTooManyRequests("slow down", 1)} {
		client := clusterWith(running())
		client.PrependReactor("get", "pods", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, away })
		keepFor(t, keeping{every: time.Millisecond, pause: time.Millisecond, longest: time.Second}, client, 50*time.Millisecond, never)
		if n := creations(client); n != 0 {
			t.Errorf("%v: %d probers", away, n)
		}
	}
}
