package traffic

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/firedrill/firedrill/internal/drillapp"
	"github.com/firedrill/firedrill/internal/scenario"
)

const (
	run   = "shop-x7k2q"
	image = "docker.io/firedrill/drillapp:0123456789ab"
)

// clusterWith runs every pod that is created as state says.
func clusterWith(state corev1.ContainerState) *fake.Clientset {
	client := fake.NewClientset()
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod, ok := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		if ok {
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: container, State: state}}
		}
		return false, nil, nil
	})
	return client
}

func running() corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
}

func creations(client *fake.Clientset) (n int) {
	for _, action := range client.Actions() {
		if action.Matches("create", "pods") {
			n++
		}
	}
	return n
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	client := clusterWith(running())
	deploy := func(image string) *corev1.Pod {
		if err := Deploy(t.Context(), client, run, run, image, shopTraffic()); err != nil {
			t.Fatal(err)
		}
		pod, err := client.CoreV1().Pods(Namespace).Get(t.Context(), "prober-"+run, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return pod
	}
	pod := deploy(image)
	if _, ok := pod.Spec.NodeSelector["node-role.kubernetes.io/control-plane"]; !ok || pod.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		t.Errorf("not pinned to the control plane, or not restarted: %+v", pod.Spec)
	}
	if diff := cmp.Diff("firedrill/"+run, pod.Labels["app.kubernetes.io/managed-by"]+"/"+pod.Labels["firedrill.dev/run"]); diff != "" {
		t.Error(diff)
	}
	var streams []drillapp.Stream
	if err := json.Unmarshal([]byte(pod.Spec.Containers[0].Env[0].Value), &streams); err != nil {
		t.Fatal(err)
	}
	want := []drillapp.Stream{{Name: "shop", URL: "http://checkout.shop-x7k2q.svc.cluster.local/order", Rate: 10}}
	if diff := cmp.Diff(want, streams); diff != "" {
		t.Error(diff)
	}
	deploy(image)
	if n := creations(client); n != 1 {
		t.Errorf("deployed twice: %d pods created, want 1", n)
	}
	if pod := deploy(image + "0"); creations(client) != 2 || pod.Spec.Containers[0].Image != image+"0" {
		t.Errorf("another image: %d pods created, now with %s", creations(client), pod.Spec.Containers[0].Image)
	}
	if _, err := client.CoreV1().Namespaces().Get(t.Context(), Namespace, metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
}

func TestDeployReplacesAnEndedProber(t *testing.T) {
	t.Parallel()
	client := clusterWith(running())
	pod, err := proberPod(run, run, image, shopTraffic())
	if err != nil {
		t.Fatal(err)
	}
	pod.Status.Phase = corev1.PodFailed // its active deadline passed
	if err := client.Tracker().Add(pod); err != nil {
		t.Fatal(err)
	}
	if err := Deploy(t.Context(), client, run, run, image, shopTraffic()); err != nil {
		t.Fatal(err)
	}
	if n := creations(client); n != 1 {
		t.Errorf("%d pods created, want 1", n)
	}
}

func TestDeploySaysWhyItDoesNotRun(t *testing.T) {
	t.Parallel()
	client := clusterWith(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImageNeverPull", Message: "not on the node"}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := Deploy(ctx, client, run, run, image, shopTraffic())
	if err == nil || !strings.Contains(err.Error(), "ErrImageNeverPull not on the node") {
		t.Errorf("got %v", err)
	}
}

func TestDeployWithoutTraffic(t *testing.T) {
	t.Parallel()
	client := fake.NewClientset()
	if err := Deploy(t.Context(), client, run, run, image, nil); err != nil || len(client.Actions()) > 0 {
		t.Errorf("got %v after %v", err, client.Actions())
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	client := clusterWith(running())
	if err := Remove(t.Context(), client, run); err != nil {
		t.Errorf("none there: %v", err)
	}
	if err := Deploy(t.Context(), client, run, run, image, shopTraffic()); err != nil {
		t.Fatal(err)
	}
	if err := Remove(t.Context(), client, run); err != nil {
		t.Fatal(err)
	}
	_, err := client.CoreV1().Pods(Namespace).Get(t.Context(), "prober-"+run, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("still there: %v", err)
	}
}

func TestInNamespace(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"http://checkout":                "http://checkout.shop-1.svc.cluster.local",
		"http://checkout:8080/order?a=b": "http://checkout.shop-1.svc.cluster.local:8080/order?a=b",
		"http://checkout.other/order":    "http://checkout.other/order",
		"http://10.96.0.10:8080/":        "http://10.96.0.10:8080/",
		"http://[fd00::1]/":              "http://[fd00::1]/",
	} {
		if got, err := inNamespace(target, "shop-1"); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", target, got, err, want)
		}
	}
	for _, target := range []string{"checkout/order", "ftp://checkout", "http://", "://"} {
		if got, err := inNamespace(target, "shop-1"); err == nil {
			t.Errorf("%s: got %s, want an error", target, got)
		}
	}
}

func TestProbeConfigIsWhatTheProberReads(t *testing.T) {
	t.Parallel()
	streams := shopTraffic()
	streams[0].Timeout = scenario.Duration(1500 * time.Millisecond)
	config, err := probeConfig(run, streams)
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	code := drillapp.Main(canceled(t), drillapp.Process{
		Args: []string{"probe"}, Stdout: io.Discard, Stderr: &stderr,
		Getenv: func(key string) string { return map[string]string{"PROBE_CONFIG": config}[key] },
	})
	if code != drillapp.ExitOK {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestPodLogReadsTheCurrentContainer(t *testing.T) {
	t.Parallel()
	stream, err := NewPodLog(fake.NewClientset(), run).Open(t.Context(), start)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(stream)
	if err != nil || !strings.Contains(string(data), "fake logs") || stream.Close() != nil {
		t.Errorf("got %q, %v", data, err)
	}
}
