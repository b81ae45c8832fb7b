package verifier

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	restclient "k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"github.com/firedrill/firedrill/internal/scenario"
)

// proxied is a pod's answer by way of the API server.
type proxied struct {
	status int
	body   string
	err    error
	then   func() // what the question causes
}

func (p proxied) DoRaw(context.Context) ([]byte, error) {
	if p.then != nil {
		p.then()
	}
	if p.err == nil && p.status >= 300 {
		return []byte(p.body), apierrors.NewGenericServerResponse(p.status, http.MethodGet, schema.GroupResource{Resource: "pods"}, "", p.body, 0, true)
	}
	return []byte(p.body), p.err
}

func (p proxied) Stream(context.Context) (io.ReadCloser, error) { return nil, errors.ErrUnsupported }

// errNoRoute is a pod that the API server cannot reach.
var errNoRoute = errors.New("no route to host")

// pods answer by way of the API server.
func answering(on *Target, answer func(a clienttesting.ProxyGetAction) proxied) {
	on.Client.(*fake.Clientset).AddProxyReactor("pods", func(a clienttesting.Action) (bool, restclient.ResponseWrapper, error) {
		return true, answer(a.(clienttesting.ProxyGetAction)), nil
	})
}

// backends is the Service's EndpointSlice, with the pods that are ready and that are not.
func backends(ready map[string]bool) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
		Name: "checkout-x", Namespace: shopNS, Labels: map[string]string{discoveryv1.LabelServiceName: "checkout"},
	}}
	for name, is := range ready {
		p := pod(name)
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{name}, Conditions: discoveryv1.EndpointConditions{Ready: &is},
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: name, UID: p.UID},
		})
	}
	return slice
}

func TestWedgePod(t *testing.T) {
	t.Parallel()
	named := func(p *corev1.Pod) {
		p.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}
	}
	old := func(p *corev1.Pod) { named(p); p.CreationTimestamp = metav1.NewTime(epoch.Add(-2 * time.Hour)) }
	unready := func(p *corev1.Pod) { old(p); p.Status.Conditions[0].Status = corev1.ConditionFalse }
	restart := func(on *Target) {
		update(t, on, pod("b", old, onPod(func(c *corev1.ContainerStatus) { c.RestartCount++ })))
	}
	remove := func(on *Target) { update(t, on, backends(map[string]bool{"a": true, "b": false})) }
	cases := map[string]struct {
		says             proxied
		then             func(*Target)
		removed, restart time.Duration
		survived, failed string
	}{
		"dealt with":           {says: proxied{body: "wedged\n"}, then: func(on *Target) { remove(on); restart(on) }, removed: time.Minute, restart: time.Minute},
		"only a restart asked": {says: proxied{body: "wedged\n"}, then: restart, restart: time.Minute},
		"keeps its customers":  {says: proxied{body: "wedged\n"}, then: restart, removed: time.Millisecond, restart: time.Minute, survived: "still gets customers"},
		"never restarted":      {says: proxied{body: "wedged\n"}, then: remove, removed: time.Minute, restart: time.Millisecond, survived: "was not restarted"},
		"out of time":          {says: proxied{body: "wedged\n"}, then: remove, removed: time.Minute, restart: time.Minute, survived: "nobody dealt with it in time: out of the endpoints"},
		"deleted meanwhile": {says: proxied{body: "wedged\n"}, then: func(on *Target) {
			if err := on.Client.CoreV1().Pods(shopNS).Delete(t.Context(), "b", metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		}, restart: time.Minute, failed: "went away before"},
		"no such endpoint": {says: proxied{status: 404, body: "404 page not found"}, restart: time.Minute, failed: "answered 404"},
		"another program":  {says: proxied{body: "<html>"}, restart: time.Minute, failed: "did not hang"},
		"out of reach":     {says: proxied{err: errors.New("no route to host")}, restart: time.Minute, failed: "no route to host"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(pod("a", named), pod("b", old), pod("c", unready), backends(map[string]bool{"a": true, "b": true}))
			asked := ""
			answering(on, func(a clienttesting.ProxyGetAction) proxied {
				asked = a.GetName() + ":" + a.GetPort() + a.GetPath() + "?" + a.GetParams()["token"]
				says := c.says
				if c.then != nil {
					says.then = func() { c.then(on) }
				}
				return says
			})
			patience := 20 * time.Second
			if name == "out of time" {
				patience = time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			did, err := (&WedgePod{
				podSelector: podSelector{"app=checkout"}, Port: "http", Token: "w",
				RemovedWithin: scenario.Duration(c.removed), RestartedWithin: scenario.Duration(c.restart),
			}).Perturb(ctx, on)
			judge(t, did, err, c.survived, c.failed)
			if asked != "b:8080/debug/wedge?w" {
				t.Errorf("asked %s, want the oldest ready pod (seed 0) by the port's number", asked)
			}
			_, err = on.Client.CoreV1().Pods(shopNS).Get(t.Context(), "b", metav1.GetOptions{})
			if left := err == nil; left == (c.survived != "" || name == "deleted meanwhile") {
				t.Errorf("the wedged pod is left: %v", left)
			}
		})
	}
	t.Run("nothing to wedge", func(t *testing.T) {
		t.Parallel()
		p := &WedgePod{podSelector: podSelector{"app=checkout"}, Port: "http", Token: "w", RestartedWithin: scenario.Duration(time.Second)}
		for want, on := range map[string]*Target{
			"there is none to wedge": target(pod("c", unready)),
			`has no port "http"`:     target(pod("a")),
			"connection refused":     away(target()),
		} {
			did, err := p.Perturb(t.Context(), on)
			judge(t, did, err, "", want)
		}
	})
	t.Run("asks for nothing", func(t *testing.T) {
		t.Parallel()
		if err := (&WedgePod{podSelector: podSelector{"app=checkout"}}).Validate(); err == nil {
			t.Error("a disturbance that nobody has to notice was accepted")
		}
	})
}

// update replaces an object of the cluster.
func update(t *testing.T, on *Target, object runtime.Object) {
	t.Helper()
	var err error
	switch o := object.(type) {
	case *corev1.Pod:
		_, err = on.Client.CoreV1().Pods(shopNS).Update(t.Context(), o, metav1.UpdateOptions{})
	case *discoveryv1.EndpointSlice:
		_, err = on.Client.DiscoveryV1().EndpointSlices(shopNS).Update(t.Context(), o, metav1.UpdateOptions{})
	}
	if err != nil {
		t.Error(err)
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	none := 0
	cases := map[string]struct {
		check  Endpoints
		ready  map[string]bool
		passed bool
		reason string
	}{
		"enough":         {Endpoints{Service: "checkout", Min: 2}, map[string]bool{"a": true, "b": true}, true, "2 ready endpoints"},
		"one is missing": {Endpoints{Service: "checkout", Min: 2}, map[string]bool{"a": true, "b": false}, false, "1 ready endpoints"},
		"none wanted":    {Endpoints{Service: "checkout", Max: &none}, map[string]bool{"a": false}, true, "0 ready endpoints"},
		"one too many":   {Endpoints{Service: "checkout", Max: &none}, map[string]bool{"a": true}, false, "1 ready endpoints"},
		"of another one": {Endpoints{Service: "cart", Min: 1}, map[string]bool{"a": true}, false, "0 ready endpoints"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, &c.check, target(backends(c.ready)), c.passed, c.reason)
		})
	}
	expect(t, &Endpoints{Service: "checkout", Min: 1}, away(target()), false, "error: connection refused")
	for _, bad := range []Endpoints{{Service: "checkout"}, {Service: "checkout", Min: 1, Max: &none}} {
		if bad.Validate() == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func TestEvent(t *testing.T) {
	t.Parallel()
	event := func(change func(*corev1.Event)) *corev1.Event {
		e := &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Name: "e", Namespace: shopNS},
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "checkout-1", UID: "uid-checkout-1"},
			Reason:         "FailedMount", Message: `secret "ledger" not found`, LastTimestamp: metav1.NewTime(epoch),
		}
		if change != nil {
			change(e)
		}
		return e
	}
	cases := map[string]struct {
		event  *corev1.Event
		passed bool
		reason string
	}{
		"there":           {event(nil), true, "FailedMount"},
		"of before":       {event(func(e *corev1.Event) { e.LastTimestamp = metav1.NewTime(epoch.Add(-time.Hour)) }), false, "no event"},
		"again since":     {event(func(e *corev1.Event) { e.FirstTimestamp = metav1.NewTime(epoch.Add(-time.Hour)) }), true, ""},
		"of a new client": {event(func(e *corev1.Event) { e.LastTimestamp, e.EventTime = metav1.Time{}, metav1.NewMicroTime(epoch) }), true, ""},
		"a series": {event(func(e *corev1.Event) {
			e.LastTimestamp, e.EventTime = metav1.Time{}, metav1.NewMicroTime(epoch.Add(-time.Hour))
			e.Series = &corev1.EventSeries{LastObservedTime: metav1.NewMicroTime(epoch)}
		}), true, ""},
		"another reason":    {event(func(e *corev1.Event) { e.Reason = "Failed" }), false, "no event FailedMount"},
		"another message":   {event(func(e *corev1.Event) { e.Message = `configmap "x" not found` }), false, "no event"},
		"of another pod":    {event(func(e *corev1.Event) { e.InvolvedObject.UID = "uid-cart-1" }), false, "no event"},
		"of a pod long ago": {event(func(e *corev1.Event) { e.InvolvedObject.UID = "uid-of-before" }), false, "no event"},
	}
	check := &Event{podSelector{"app=checkout"}, "FailedMount", "not found"}
	check.Message = `secret "ledger"`
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(append(shop(), c.event)...)
			on.FaultAt = epoch.Add(-time.Minute)
			expect(t, check, on, c.passed, c.reason)
		})
	}
	expect(t, check, away(target()), false, "error: connection refused")
}
