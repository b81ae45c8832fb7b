package verifier

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// TestEndsAreNotMissed: a container that is killed and back between two rounds, and whose
// kill the node's skewed clock dates a day back, is still seen.
func TestEndsAreNotMissed(t *testing.T) {
	t.Parallel()
	p := pod("a")
	on := target(p)
	e := newEvents()
	stop, err := e.start(t.Context(), on.Client, shopNS)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	var got []ending
	for restart := 0; len(got) == 0; restart++ {
		oomKilled(epoch.Add(-24 * time.Hour))(&p.Status.ContainerStatuses[0])
		if _, err := on.Client.CoreV1().Pods(shopNS).UpdateStatus(t.Context(), p, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		// The watch may not have begun yet: then it sees the next one.
		_ = wait.PollUntilContextTimeout(t.Context(), 5*time.Millisecond, 200*time.Millisecond, true, func(context.Context) (bool, error) {
			got = e.take()
			return len(got) > 0, nil
		})
		if restart > 50 {
			t.Fatal("the watch saw nothing")
		}
	}
	if got[0].pod != p.UID {
		t.Errorf("%+v", got[0])
	}
	select {
	case <-e.wake:
	default:
		t.Error("nobody was woken")
	}
}

func TestNoteEndings(t *testing.T) {
	t.Parallel()
	ended := onPod(func(c *corev1.ContainerStatus) {
		c.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 1}}
	})
	initDone := func(p *corev1.Pod) {
		p.Spec.InitContainers = []corev1.Container{{Name: "init"}}
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "init", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}}
	}
	debugged := func(p *corev1.Pod) {
		p.Status.EphemeralContainerStatuses = []corev1.ContainerStatus{{Name: "debugger", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}}}}
	}
	cases := map[string]struct {
		was, now *corev1.Pod
		want     int
	}{
		"nothing":                {pod("a"), pod("a"), 0},
		"restarted":              {pod("a"), pod("a", onPod(oomKilled(epoch))), 1},
		"restarted, no record":   {pod("a"), pod("a", onPod(func(c *corev1.ContainerStatus) { c.RestartCount = 1 })), 1},
		"ended":                  {pod("a"), pod("a", ended), 1},
		"ended before already":   {pod("a", ended), pod("a", ended), 0},
		"init did its job":       {pod("a"), pod("a", initDone), 0},
		"a debugger went away":   {pod("a"), pod("a", debugged), 0},
		"a relist far later":     {pod("a"), pod("a", onPod(func(c *corev1.ContainerStatus) { c.RestartCount = 7 })), 1},
		"ready again, no ending": {pod("a", onPod(func(c *corev1.ContainerStatus) { c.Ready = false })), pod("a"), 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEvents()
			e.podChanged(c.was, c.now)
			if got := e.take(); len(got) != c.want {
				t.Errorf("%+v, want %d", got, c.want)
			}
			if len(e.take()) != 0 {
				t.Error("told twice")
			}
		})
	}
}
