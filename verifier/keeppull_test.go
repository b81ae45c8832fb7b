package verifier

import (
	"encoding/json"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// image changes the Deployment's image and pull policy.
func image(name string, policy corev1.PullPolicy) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		c := &d.Spec.Template.Spec.Containers[0]
		c.Image, c.ImagePullPolicy = name, policy
	}
}

func TestPullPolicyKept(t *testing.T) {
	t.Parallel()
	was := image(ownImage, corev1.PullAlways)
	base := baselineOf(t, deployment(was))
	lazyPod := pod("a", pulling(ownImage), func(p *corev1.Pod) { p.Spec.Containers[0].ImagePullPolicy = corev1.PullNever })
	cases := map[string]struct {
		objects []runtime.Object
		passed  bool
		want    string
	}{
		"kept":         {[]runtime.Object{deployment(was), pod("a", pulling(ownImage))}, true, "as before"},
		"another tag":  {[]runtime.Object{deployment(image(ownImage+"1", corev1.PullAlways))}, true, "as before"},
		"IfNotPresent": {[]runtime.Object{deployment(image(ownImage, corev1.PullIfNotPresent))}, false, "IfNotPresent instead of Always"},
		"only the pod": {[]runtime.Object{deployment(was), lazyPod}, false, "pod a has the pull policy Never"},
		"deleted":      {nil, true, "nothing to compare"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.objects...)
			on.Baseline = base
			expect(t, &PullPolicyKept{workloadRef{Name: "checkout"}}, on, c.passed, c.want)
		})
	}
}

func TestTagPinned(t *testing.T) {
	t.Parallel()
	base := baselineOf(t, deployment())
	for name, c := range map[string]struct {
		passed bool
		want   string
	}{
		ownImage:                          {true, "stay what they are"},
		"registry:5000/shop/checkout:2.1": {true, "stay what they are"},
		"registry:5000/shop/checkout":     {false, "whatever is pushed next"},
		"registry/shop/checkout:latest":   {false, "whatever is pushed next"},
		"registry/shop/x:latest@sha256:a": {true, "stay what they are"},
	} {
		on := target(deployment(image(name, corev1.PullAlways)))
		on.Baseline = base
		expect(t, &TagPinned{workloadRef{Name: "checkout"}}, on, c.passed, c.want)
	}
}

func TestPullAccounts(t *testing.T) {
	t.Parallel()
	pusher := pullSecret("ci", `"registry.shop.internal":{"username":"ci-push","password":"x"}`)
	cases := map[string]struct {
		objects []runtime.Object
		passed  bool
		want    string
	}{
		"own account":          {[]runtime.Object{good(), pusher, pod("a", pulling(ownImage, "good"))}, true, "pull as puller"},
		"the pipeline's":       {[]runtime.Object{good(), pusher, pod("a", pulling(ownImage, "good", "ci"))}, false, "ci-push, by way of secret ci"},
		"no login at all":      {[]runtime.Object{pod("a", pulling(ownImage))}, true, "pull as puller"},
		"for another registry": {[]runtime.Object{pusher, pod("a", pulling("docker.io/library/x:1", "ci"))}, true, "pull as puller"},
		"a pod on its way out": {[]runtime.Object{pusher, pod("a", leaving, pulling(ownImage, "ci"))}, true, "pull as puller"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, &PullAccounts{podSelector{"app=checkout"}, []string{"puller"}}, target(c.objects...), c.passed, c.want)
		})
	}
}

func TestContentKept(t *testing.T) {
	t.Parallel()
	secret := func(value string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "accounts", Namespace: shopNS}, Data: map[string][]byte{"htpasswd": []byte(value)}}
	}
	settings := func(value string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "accounts", Namespace: shopNS}, Data: map[string]string{"htpasswd": value}}
	}
	base := baselineOf(t, secret("a"), settings("a"))
	cases := map[string]struct {
		kind    string
		objects []runtime.Object
		passed  bool
		want    string
	}{
		"kept":              {"Secret", []runtime.Object{secret("a")}, true, "holds what it held"},
		"changed":           {"Secret", []runtime.Object{secret("b"), settings("a")}, false, "was changed"},
		"deleted":           {"Secret", nil, false, "was deleted"},
		"ConfigMap":         {"ConfigMap", []runtime.Object{settings("a")}, true, "holds what it held"},
		"ConfigMap changed": {"ConfigMap", []runtime.Object{settings("b"), secret("a")}, false, "was changed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.objects...)
			on.Baseline = base
			expect(t, &ContentKept{Kind: c.kind, Name: "accounts"}, on, c.passed, c.want)
		})
	}
	on := target()
	expect(t, &ContentKept{Kind: "Secret", Name: "accounts"}, on, false, "error: no baseline")
	on.Baseline = base
	expect(t, &ContentKept{Kind: "Secret", Name: "other"}, on, false, "error: the baseline has no Secret other")
}

// TestContentKeptKey: one key is compared, and nothing of it or of its neighbours is in the baseline.
func TestContentKeptKey(t *testing.T) {
	t.Parallel()
	secret := func(data map[string]string) runtime.Object { return secretNamed("auth", data) }
	settings := func(data map[string]string) runtime.Object {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "auth", Namespace: shopNS}, Data: data}
	}
	was := map[string]string{"token": "s3cret", "other": "x"}
	cases := map[string]struct {
		kind   string
		now    []runtime.Object
		passed bool
		want   string
	}{
		"kept":                  {"Secret", []runtime.Object{secret(was)}, true, "holds what it held"},
		"a key was added":       {"Secret", []runtime.Object{secret(map[string]string{"token": "s3cret", "copy": "s3cret"})}, true, "holds what it held"},
		"changed":               {"Secret", []runtime.Object{secret(map[string]string{"token": "changeme"}), settings(was)}, false, "key token of Secret auth was changed"},
		"the key is gone":       {"Secret", []runtime.Object{secret(map[string]string{"other": "x"})}, false, "is gone"},
		"the Secret is gone":    {"Secret", nil, false, "is gone"},
		"a ConfigMap's":         {"ConfigMap", []runtime.Object{settings(was)}, true, "holds what it held"},
		"a ConfigMap's changed": {"ConfigMap", []runtime.Object{settings(map[string]string{"token": "x"}), secret(was)}, false, "was changed"},
		"the ConfigMap is gone": {"ConfigMap", []runtime.Object{secret(was)}, false, "is gone"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := &ContentKept{Kind: c.kind, Name: "auth", Key: "token"}
			base := baselineOf(t, secret(was), settings(was))
			if err := base.TakeFor(t.Context(), target(secret(was), settings(was)), Plan{Safeguards: []Guard{{Checker: check}}}); err != nil {
				t.Fatal(err)
			}
			if data, err := json.Marshal(base); err != nil || strings.Contains(string(data), "s3cret") || len(base.Values) != 1 {
				t.Errorf("the baseline gives the value away, or holds more than one digest: %s %v", data, err)
			}
			on := target(c.now...)
			on.Baseline = base
			expect(t, check, on, c.passed, c.want)
		})
	}
	check := &ContentKept{Kind: "Secret", Name: "auth", Key: "token"}
	if err := check.extend(t.Context(), target(secret(map[string]string{"other": "x"})), &Baseline{}); err == nil {
		t.Error("a key that is not there was taken into the baseline")
	}
	on := target(secret(was))
	on.Baseline = baselineOf(t, secret(was))
	expect(t, check, on, false, "error: the baseline has no key token of Secret auth")
	on.Baseline.Values = map[string]string{check.valueKey(): "x"}
	expect(t, check, away(on), false, "error: connection refused")
}

func TestContainerWaitingForACause(t *testing.T) {
	t.Parallel()
	waits := pod("a", onPod(func(c *corev1.ContainerStatus) {
		c.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "not found"}}
	}))
	check := func(message string) *ContainerWaiting {
		return &ContainerWaiting{podSelector: podSelector{"app=checkout"}, Reason: "ImagePullBackOff", Message: message}
	}
	expect(t, check("not found|manifest unknown"), target(waits), true, "waits")
	expect(t, check("401 Unauthorized"), target(waits), false, "no container")
	if err := check("(").Validate(); err == nil {
		t.Error("a pattern that does not parse is accepted")
	}
}
