package verifier

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestNoRestarts(t *testing.T) {
	t.Parallel()
	check := &NoRestarts{podSelector: podSelector{"app=checkout"}}
	killed := func(ago time.Duration) func(*corev1.Pod) { return onPod(oomKilled(epoch.Add(-ago))) }
	always := corev1.ContainerRestartPolicyAlways
	withInit := func(policy *corev1.ContainerRestartPolicy, exit int32) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "init", RestartPolicy: policy}}
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "init", State: corev1.ContainerState{
				Terminated: &corev1.ContainerStateTerminated{ExitCode: exit, Reason: "Done", FinishedAt: metav1.NewTime(epoch.Add(-time.Second))},
			}}}
		}
	}
	cases := map[string]struct {
		pod    *corev1.Pod
		since  time.Time
		passed bool
		reason string
	}{
		"quiet":                               {pod("a"), time.Time{}, true, "no container of 1 pods ended"},
		"killed long ago":                     {pod("a", killed(time.Minute)), time.Time{}, true, ""},
		"killed within the window":            {pod("a", killed(10*time.Second)), time.Time{}, false, "OOMKilled, exit code 137"},
		"killed before the hold":              {pod("a", killed(10*time.Second)), epoch.Add(-5 * time.Second), true, ""},
		"killed in the hold, runs again":      {pod("a", killed(10*time.Second)), epoch.Add(-30 * time.Second), false, "OOMKilled"},
		"killed in the second the hold began": {pod("a", killed(5*time.Second)), epoch.Add(-5*time.Second + 900*time.Millisecond), false, "OOMKilled"},
		"killed and not yet back": {pod("a", onPod(func(c *corev1.ContainerStatus) {
			c.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137}}
		})), time.Time{}, false, "OOMKilled"},
		"crash loop, last end long ago": {pod("a", killed(4*time.Minute), onPod(func(c *corev1.ContainerStatus) {
			c.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
		})), time.Time{}, false, "CrashLoopBackOff"},
		"restarted, the end is not on record": {pod("a", onPod(func(c *corev1.ContainerStatus) {
			c.RestartCount = 1
			c.State.Running.StartedAt = metav1.NewTime(epoch.Add(-2 * time.Second))
		})), time.Time{}, false, "was started again"},
		"a new pod just started": {pod("a", onPod(func(c *corev1.ContainerStatus) {
			c.State.Running.StartedAt = metav1.NewTime(epoch.Add(-2 * time.Second))
		})), time.Time{}, true, ""},
		"an init container did its job": {pod("a", withInit(nil, 0)), time.Time{}, true, ""},
		"an init container failed":      {pod("a", withInit(nil, 1)), time.Time{}, false, "container init"},
		"a sidecar ended":               {pod("a", withInit(&always, 0)), time.Time{}, false, "container init"},
		"only one on its way out":       {pod("a", leaving), time.Time{}, false, "nothing runs"},
		"only one that failed":          {pod("a", func(p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted"} }), time.Time{}, false, "nothing runs"},
		"another's pod":                 {pod("a", func(p *corev1.Pod) { p.Labels = map[string]string{"app": "cart"} }), time.Time{}, false, "no pod matches"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.pod)
			on.Since = c.since
			expect(t, check, on, c.passed, c.reason)
		})
	}
	t.Run("API server away", func(t *testing.T) {
		t.Parallel()
		expect(t, check, away(target()), false, "error: connection refused")
	})
}

func TestContainerTerminated(t *testing.T) {
	t.Parallel()
	check := func(restarts int) *ContainerTerminated {
		return &ContainerTerminated{podSelector{"app=checkout"}, "OOMKilled", 137, restarts}
	}
	faultAt := epoch.Add(-time.Minute)
	now := onPod(func(c *corev1.ContainerStatus) {
		c.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137, FinishedAt: metav1.NewTime(epoch)}}
	})
	other := onPod(func(c *corev1.ContainerStatus) {
		c.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 137, FinishedAt: metav1.NewTime(epoch)}
	})
	exit1 := onPod(func(c *corev1.ContainerStatus) {
		oomKilled(epoch)(c)
		c.LastTerminationState.Terminated.ExitCode = 1
	})
	cases := map[string]struct {
		pod      *corev1.Pod
		restarts int
		passed   bool
		reason   string
	}{
		"just now":             {pod("a", now), 0, true, "OOMKilled, exit code 137"},
		"between two restarts": {pod("a", onPod(oomKilled(epoch))), 1, true, "OOMKilled"},
		"before the fault":     {pod("a", onPod(oomKilled(epoch.Add(-time.Hour)))), 0, false, "no container"},
		"too few restarts":     {pod("a", onPod(oomKilled(epoch))), 2, false, "after 2 restarts"},
		"another reason":       {pod("a", other), 0, false, "seen: container web"},
		"sleep and exit 1":     {pod("a", exit1), 0, false, "exit code 137"},
		"never ended":          {pod("a"), 0, false, "no container"},
		"another's pod":        {pod("a", now, func(p *corev1.Pod) { p.Labels = nil }), 0, false, "no container"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.pod)
			on.FaultAt = faultAt
			expect(t, check(c.restarts), on, c.passed, c.reason)
		})
	}
}

func TestContainerWaiting(t *testing.T) {
	t.Parallel()
	waits := func(reason string) *corev1.Pod {
		return pod("a", onPod(func(c *corev1.ContainerStatus) {
			c.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
		}))
	}
	cases := map[string]struct {
		pod    *corev1.Pod
		want   string
		passed bool
	}{
		"crash loop":              {waits("CrashLoopBackOff"), "CrashLoopBackOff", true},
		"between two pulls":       {waits("ErrImagePull"), "ImagePullBackOff", true},
		"another reason":          {waits("ContainerCreating"), "CrashLoopBackOff", false},
		"not the other way round": {waits("ImagePullBackOff"), "ErrImagePull", false},
		"runs":                    {pod("a"), "CrashLoopBackOff", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, &ContainerWaiting{podSelector: podSelector{"app=checkout"}, Reason: c.want}, target(c.pod), c.passed, "container")
		})
	}
}

func TestPodSelectorRefuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "app=", "app in (", "==x"} {
		err := podSelector{bad}.Validate()
		if valid := bad == "app="; valid != (err == nil) {
			t.Errorf("selector %q: %v", bad, err)
		}
	}
}
