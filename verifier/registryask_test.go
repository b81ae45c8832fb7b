package verifier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
)

// fakeRegistry is a registry with one account and one image, asked by way of a node.
type fakeRegistry struct {
	down  bool
	calls int
}

const unauthorized = `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}`

func (f *fakeRegistry) Run(_ context.Context, node string, command ...string) (string, error) {
	f.calls++
	if node != "cp" || command[0] != "sh" {
		return "", fmt.Errorf("unexpected: %s on %s", command[0], node)
	}
	var out strings.Builder
	for args := command[4:]; len(args) > 1; args = args[2:] {
		path, login := strings.TrimPrefix(args[0], "http://10.96.0.7:5000"), args[1]
		body, code := "{}", 200
		switch {
		case f.down:
			body, code = "", 0
		case login != "puller:secret":
			body, code = unauthorized, 401
		case strings.HasSuffix(path, ":9"), strings.HasSuffix(path, "/v9"):
			body, code = `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`, 404
		}
		fmt.Fprintf(&out, "%s\nfiredrill-answered:%03d\n", body, code)
	}
	return out.String(), nil
}

const ownImage = "registry.shop.internal/shop/checkout:v1"

func pulling(image string, secrets ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Containers = []corev1.Container{{Name: "web", Image: image, ImagePullPolicy: corev1.PullAlways}}
		for _, s := range secrets {
			p.Spec.ImagePullSecrets = append(p.Spec.ImagePullSecrets, corev1.LocalObjectReference{Name: s})
		}
	}
}

func pullSecret(name, auths string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: shopNS}, Type: corev1.SecretTypeDockerConfigJson,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{` + auths + `}}`)},
	}
}

func good() *corev1.Secret {
	return pullSecret("good", `"registry.shop.internal":{"username":"puller","password":"secret"}`)
}

// registryShop is a cluster with a registry's Service, and what else is given.
func registryShop(registry Nodes, objects ...runtime.Object) *Target {
	objects = append(objects,
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a-worker"}},
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "cp", Labels: map[string]string{"node-role.kubernetes.io/control-plane": ""}}},
		service(func(s *corev1.Service) {
			s.Name, s.Spec.ClusterIP, s.Spec.Ports = "registry", "10.96.0.7", []corev1.ServicePort{{Port: 5000}}
		}),
	)
	on := target(objects...)
	on.Nodes = registry
	return on
}

func TestRegistryAnswers(t *testing.T) {
	t.Parallel()
	opaque := good()
	opaque.Type = corev1.SecretTypeOpaque
	cases := map[string]struct {
		registry *fakeRegistry
		answer   string
		pods     []*corev1.Pod
		secret   *corev1.Secret
		passed   bool
		want     string
	}{
		"served":              {answer: "served", secret: good(), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good"))}, passed: true, want: "serves"},
		"auth field wins":     {answer: "served", secret: pullSecret("good", `"registry.shop.internal":{"username":"x","password":"y","auth":"cHVsbGVyOnNlY3JldA=="}`), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good"))}, passed: true, want: "serves"},
		"wildcard host":       {answer: "served", secret: pullSecret("good", `"https://*.shop.internal/v1/":{"username":"puller","password":"secret"}`), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good"))}, passed: true, want: "serves"},
		"second secret":       {answer: "served", secret: good(), pods: []*corev1.Pod{pod("a", pulling(ownImage, "gone", "good"))}, passed: true, want: "serves"},
		"one pod refused":     {answer: "served", secret: good(), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good")), pod("b", pulling(ownImage))}, want: "authentication required (pod b names no pull secret)"},
		"no secret":           {answer: "served", secret: good(), pods: []*corev1.Pod{pod("a", pulling(ownImage, "gone"))}, want: "there is no secret gone"},
		"wrong password":      {answer: "served", secret: pullSecret("good", `"registry.shop.internal":{"username":"puller","password":"secret\n"}`), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good"))}, want: "unauthorized: authentication required"},
		"other host":          {answer: "served", secret: pullSecret("good", `"registry.other.internal":{"username":"puller","password":"secret"}`), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good"))}, want: "secret good is for registry.other.internal, not for registry.shop.internal"},
		"other path":          {answer: "served", secret: pullSecret("good", `"registry.shop.internal/bank":{"username":"puller","password":"secret"}`), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good"))}, want: "unauthorized"},
		"wrong type":          {answer: "served", secret: opaque, pods: []*corev1.Pod{pod("a", pulling(ownImage, "good"))}, want: "secret good is of type Opaque"},
		"no JSON":             {answer: "served", secret: pullSecret("good", `x`), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good"))}, want: "holds no registry logins"},
		"no tag":              {answer: "served", secret: good(), pods: []*corev1.Pod{pod("a", pulling("registry.shop.internal/shop/checkout:v9", "good"))}, want: "manifest unknown: manifest unknown"},
		"nothing runs":        {answer: "served", secret: good(), want: "no pod"},
		"only leaving pods":   {answer: "served", secret: good(), pods: []*corev1.Pod{pod("a", leaving, pulling(ownImage, "good"))}, want: "no pod"},
		"registry down":       {answer: "served", registry: &fakeRegistry{down: true}, secret: good(), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good"))}, want: "no answer"},
		"symptom":             {answer: "unauthorized", secret: good(), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good")), pod("b", pulling(ownImage))}, passed: true, want: "unauthorized: authentication required"},
		"symptom, all served": {answer: "unauthorized", secret: good(), pods: []*corev1.Pod{pod("a", pulling(ownImage, "good"))}, want: "refuses no image"},
		"another symptom":     {answer: "manifest unknown", secret: good(), pods: []*corev1.Pod{pod("b", pulling(ownImage))}, want: "refuses no image"},
		"down is no symptom":  {answer: "unauthorized", registry: &fakeRegistry{down: true}, secret: good(), pods: []*corev1.Pod{pod("b", pulling(ownImage))}, want: "refuses no image"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := []runtime.Object{c.secret}
			for _, p := range c.pods {
				objects = append(objects, p)
			}
			registry := c.registry
			if registry == nil {
				registry = new(fakeRegistry)
			}
			check := &RegistryAnswers{podSelector: podSelector{"app=checkout"}, registryRef: registryRef{"registry"}, Answer: c.answer}
			expect(t, check, registryShop(registry, objects...), c.passed, c.want)
			if registry.calls > 1 {
				t.Errorf("%d commands for one look", registry.calls)
			}
		})
	}
}

func TestRegistryThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	p := pod("a", pulling(ownImage, "good"))
	check := &RegistryAnswers{podSelector: podSelector{"app=checkout"}, registryRef: registryRef{"registry"}}
	broken := fakeNodes(func(string, ...string) (string, error) { return "", errors.New("node is gone") })
	garbled := fakeNodes(func(string, ...string) (string, error) { return "curl: not found", nil })
	expect(t, check, registryShop(broken, p, good()), false, "error: node is gone")
	expect(t, check, registryShop(garbled, p, good()), false, "error: not understood")
	expect(t, check, registryShop(nil, p, good()), false, "error: no access to its nodes")
	expect(t, check, away(registryShop(new(fakeRegistry))), false, "error: ")
	noService := &RegistryAnswers{podSelector: podSelector{"app=checkout"}, registryRef: registryRef{"other"}}
	expect(t, noService, registryShop(new(fakeRegistry), p, good()), false, "Service other is not there")
}

// registryProxy answers for the registry behind the API server's proxy.
type registryProxy struct{ err error }

func (p registryProxy) DoRaw(context.Context) ([]byte, error) { return nil, p.err }

func (p registryProxy) Stream(context.Context) (io.ReadCloser, error) { return nil, p.err }

func TestRegistryGuarded(t *testing.T) {
	t.Parallel()
	code := func(code int) error {
		return apierrors.NewGenericServerResponse(code, "get", schema.GroupResource{Resource: "services"}, "registry", "", 0, true)
	}
	for name, c := range map[string]struct {
		service string
		err     error
		passed  bool
		want    string
	}{
		"asks for a login":   {"registry", code(401), true, "asks for a login"},
		"open":               {"registry", nil, false, "serves everybody"},
		"no pod behind it":   {"registry", code(503), true, "nobody is served"},
		"no Service":         {"gone", nil, true, "nobody is served"},
		"not ours to ask":    {"registry", code(403), false, "error: without a login"},
		"API server is away": {"registry", errors.New("connection refused"), false, "error: without a login"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := registryShop(nil)
			on.Client.(*fake.Clientset).PrependProxyReactor("services", func(clienttesting.Action) (bool, rest.ResponseWrapper, error) {
				return true, registryProxy{c.err}, nil
			})
			expect(t, &RegistryGuarded{registryRef{c.service}}, on, c.passed, c.want)
		})
	}
	expect(t, &RegistryGuarded{registryRef{"registry"}}, away(registryShop(nil)), false, "error: ")
}

// pulledEvent is the kubelet's word on the image of a pod's container.
func pulledEvent(name, message string) *corev1.Event {
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: name, Namespace: shopNS},
		InvolvedObject: corev1.ObjectReference{UID: types.UID("uid-" + name), FieldPath: "spec.containers{web}"},
		Reason:         "Pulled", Message: message,
	}
}

func TestImagesPulled(t *testing.T) {
	t.Parallel()
	fresh := func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(epoch) }
	waits := onPod(func(c *corev1.ContainerStatus) {
		c.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "401 Unauthorized"}}
	})
	cases := map[string]struct {
		objects []runtime.Object
		passed  bool
		want    string
	}{
		"pulled":                 {[]runtime.Object{pod("a", fresh), pulledEvent("a", `Successfully pulled image "x" in 1s`)}, true, "no pod waits"},
		"older than the fault":   {[]runtime.Object{pod("a")}, true, "no pod waits"},
		"lay on the node":        {[]runtime.Object{pod("a", fresh), pulledEvent("a", `Container image "x" already present on machine`)}, false, "lay on the node"},
		"event of another pod":   {[]runtime.Object{pod("a", fresh), pulledEvent("b", `Successfully pulled image "x"`)}, false, "has not pulled"},
		"waits":                  {[]runtime.Object{pod("a", waits)}, false, "waits for its image: ImagePullBackOff"},
		"waits, and another ran": {[]runtime.Object{pod("a"), pod("b", fresh, waits)}, false, "pod b waits"},
		"nothing runs":           {nil, false, "no pod"},
		"only leaving":           {[]runtime.Object{pod("a", leaving)}, false, "no pod"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.objects...)
			on.FaultAt = epoch.Add(-60e9)
			expect(t, &ImagesPulled{podSelector{"app=checkout"}}, on, c.passed, c.want)
		})
	}
	expect(t, &ImagesPulled{podSelector{"app=checkout"}}, away(target()), false, "error: ")
}

// A node that no drill breaks is looked for once a minute, and anew when none was found.
func TestTheCalmNodeIsRemembered(t *testing.T) {
	t.Parallel()
	m, found := new(memory), 0
	var fails error
	find := func() (string, error) {
		found++
		if fails != nil {
			return "", fails
		}
		return fmt.Sprintf("n%d", found), nil
	}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		after time.Duration
		fails error
		want  string
	}{
		{0, nil, "n1"},
		{calmCounts - time.Second, nil, "n1"},
		{calmCounts, nil, "n2"},
		{3 * calmCounts, io.ErrUnexpectedEOF, ""},
		{3*calmCounts + time.Second, nil, "n4"},
	} {
		fails = step.fails
		if node, err := m.calmNode(start.Add(step.after), find); node != step.want || !errors.Is(err, step.fails) {
			t.Errorf("after %s: %q, %v; want %q, %v", step.after, node, err, step.want, step.fails)
		}
	}
}
