package verifier

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// drillapp is a pod's memory after so many requests: a program of 8 MiB, a cache that
// fills up by 1 MiB a request to 48 MiB, and what it leaks.
func drillapp(requests, leakKiB int64) string {
	cache := min(requests, 48) << 20
	return fmt.Sprintf("# TYPE shop_requests_total counter\nshop_requests_total{result=\"ok\"} %d\nshop_requests_total{result=\"error\"} 2\n"+
		"shop_sessions %d\nshop_session_bytes %d\nprocess_resident_memory_bytes %d\n", requests-2, cache>>20, cache, 8<<20+cache+requests*leakKiB<<10)
}

// serving makes every pod of a target answer with what it uses now.
func serving(on *Target, requests *int64, leakKiB map[string]int64) *Target {
	on.memory = new(memory)
	answering(on, func(a clienttesting.ProxyGetAction) proxied {
		return proxied{body: drillapp(*requests, leakKiB[a.GetName()])}
	})
	return on
}

func TestMemoryFlat(t *testing.T) {
	t.Parallel()
	check := &MemoryFlat{podSelector{"app=checkout"}, growthRef{Port: "8080"}}
	cases := map[string]struct {
		leak   map[string]int64
		at     []int64 // requests at each look
		passed bool
		reason string
	}{
		"one look":                   {nil, []int64{1000}, false, "error: too few requests"},
		"too few requests":           {nil, []int64{20, 25, 34}, false, "error: too few requests"},
		"the boot does not count":    {nil, []int64{2, 30}, false, "error: too few requests"},
		"a cache that fills up":      {nil, []int64{10, 20, 40}, true, "no pod keeps memory"},
		"a full cache":               {nil, []int64{500, 600, 700}, true, ""},
		"a leak, as the cache fills": {map[string]int64{"a": 1024}, []int64{10, 20, 40}, false, "memory of pod a grows"},
		"a leak of one pod":          {map[string]int64{"b": 300}, []int64{500, 600}, false, "memory of pod b grows"},
		"a little more each time":    {map[string]int64{"a": 200}, []int64{500, 600}, true, ""},
		"a restart in between":       {map[string]int64{"a": 1024}, []int64{50, 60, 12, 20}, false, "error: too few requests"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests int64
			on := serving(target(pod("a"), pod("b")), &requests, c.leak)
			for _, requests = range c.at[:len(c.at)-1] {
				_, _ = check.Observe(t.Context(), on) // earlier looks
			}
			requests = c.at[len(c.at)-1]
			expect(t, check, on, c.passed, c.reason)
		})
	}
	t.Run("blind", func(t *testing.T) {
		t.Parallel()
		on := target(pod("a"))
		expect(t, check, on, false, "error: one look says nothing")
		on.memory = new(memory)
		answering(on, func(clienttesting.ProxyGetAction) proxied { return proxied{body: "go_goroutines 7\n"} })
		expect(t, check, on, false, "error: the metrics have no shop_requests_total")
		expect(t, check, target(pod("a", leaving)), false, "is ready")
		expect(t, check, away(target()), false, "error: connection refused")
	})
}

// TestLeakNotFed: neither more memory nor more pods for what was seen to leak, and both
// for what was not.
func TestLeakNotFed(t *testing.T) {
	t.Parallel()
	raised := func(d *appsv1.Deployment) { web(d).Resources.Limits = limit("96Mi") }
	spread := func(d *appsv1.Deployment) { d.Spec.Replicas = ptr(int32(6)) }
	other := func(d *appsv1.Deployment) { raised(d); web(d).Image = "registry.example/shop/checkout:v2" }
	removed := func(d *appsv1.Deployment) { web(d).Resources.Limits = nil }
	leaking := map[string]int64{"checkout-1": 1024, "checkout-2": 1024}
	cases := map[string]struct {
		change func(*appsv1.Deployment)
		leak   map[string]int64
		looks  []int64
		passed bool
		reason string
	}{
		"a leak, left alone":            {func(*appsv1.Deployment) {}, leaking, []int64{10, 50, 90}, true, "no more memory than it had"},
		"a leak with a higher limit":    {raised, leaking, []int64{10, 50, 90}, false, "memory limit of Deployment/checkout was raised from 64Mi to 96Mi"},
		"a leak in more pods":           {spread, leaking, []int64{10, 50, 90}, false, "was scaled from 2 to 6"},
		"a leak, after its kill":        {raised, leaking, []int64{10, 50, 3}, false, "grows with every request"},
		"a leak without a limit":        {removed, leaking, []int64{10, 50}, true, ""},
		"no leak, a higher limit":       {raised, nil, []int64{10, 50, 90}, true, "its memory does not grow"},
		"not known yet":                 {raised, nil, []int64{10, 20}, false, "error: is not known yet"},
		"another version, not measured": {other, leaking, []int64{10, 50, 90}, false, "error: checkout:v2 leaks is not known yet"},
		"a lower limit is nothing to feed": {func(d *appsv1.Deployment) {
			web(d).Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("32Mi")}
		}, leaking, []int64{10, 50}, true, ""},
	}
	check := &LeakNotFed{limitRef{workloadRef: workloadRef{Name: "checkout"}, Container: "web"}, growthRef{Port: "8080"}}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests int64
			on := serving(target(with(c.change)...), &requests, c.leak)
			on.Baseline = baselineOf(t, shop()...)
			for _, requests = range c.looks[:len(c.looks)-1] {
				_, _ = check.Observe(t.Context(), on) // earlier looks
			}
			requests = c.looks[len(c.looks)-1]
			expect(t, check, on, c.passed, c.reason)
		})
	}
	t.Run("blind", func(t *testing.T) {
		t.Parallel()
		expect(t, check, target(shop()...), false, "error: one look says nothing")
		var objects []runtime.Object
		for _, o := range shop() {
			if _, isWorkload := o.(*appsv1.Deployment); !isWorkload {
				objects = append(objects, o)
			}
		}
		on := target(objects...)
		on.memory, on.Baseline = new(memory), baselineOf(t, shop()...)
		expect(t, check, on, true, "was deleted: there is nothing to compare")
		on = target(with(raised)...)
		on.memory, on.Baseline = new(memory), baselineOf(t, shop()...)
		on.Client.(*fake.Clientset).PrependReactor("list", "pods", refuse)
		expect(t, check, on, false, "error: connection refused")
	})
}

func ptr[T any](v T) *T { return &v }
