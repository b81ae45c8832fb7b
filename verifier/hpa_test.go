package verifier

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

type hpaChange = func(*autoscalingv2.HorizontalPodAutoscaler)

// hpa is the healthy autoscaler of Deployment checkout: 2 to 8 replicas, at 60 % of the CPU.
func hpa(changes ...hpaChange) *autoscalingv2.HorizontalPodAutoscaler {
	two, sixty := int32(2), int32(60)
	h := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "checkout", Namespace: shopNS, UID: "hpa"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "checkout"},
			MinReplicas:    &two, MaxReplicas: 8,
			Metrics: []autoscalingv2.MetricSpec{{
				Type: autoscalingv2.ResourceMetricSourceType,
				Resource: &autoscalingv2.ResourceMetricSource{
					Name:   corev1.ResourceCPU,
					Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &sixty},
				},
			}},
		},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{
			CurrentReplicas: 2, DesiredReplicas: 2,
			Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{
				{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue, Reason: "ReadyForNewScale"},
				{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue, Reason: "ValidMetricFound"},
				{Type: autoscalingv2.ScalingLimited, Status: corev1.ConditionFalse, Reason: "DesiredWithinRange"},
			},
		},
	}
	for _, c := range changes {
		c(h)
	}
	return h
}

func says(which autoscalingv2.HorizontalPodAutoscalerConditionType, status corev1.ConditionStatus, reason string) hpaChange {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) {
		for i := range h.Status.Conditions {
			if c := &h.Status.Conditions[i]; c.Type == which {
				c.Status, c.Reason = status, reason
			}
		}
	}
}

func aims(name string) hpaChange {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.ScaleTargetRef.Name = name }
}

func bounds(least, most int32) hpaChange {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MinReplicas, h.Spec.MaxReplicas = &least, most }
}

func utilization(percent int32) hpaChange {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) {
		h.Spec.Metrics[0].Resource.Target.AverageUtilization = &percent
	}
}

func averageValue(value string) hpaChange {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) {
		q := resource.MustParse(value)
		h.Spec.Metrics[0].Resource.Target = autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &q}
	}
}

func noMetrics(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Metrics = nil }

func byMemory(h *autoscalingv2.HorizontalPodAutoscaler) {
	h.Spec.Metrics[0].Resource.Name = corev1.ResourceMemory
}

func byContainer(h *autoscalingv2.HorizontalPodAutoscaler) {
	source := h.Spec.Metrics[0].Resource
	h.Spec.Metrics = []autoscalingv2.MetricSpec{{
		Type:              autoscalingv2.ContainerResourceMetricSourceType,
		ContainerResource: &autoscalingv2.ContainerResourceMetricSource{Name: source.Name, Container: "web", Target: source.Target},
	}}
}

// beside is a metric behind the one that the autoscaler has.
func beside(m autoscalingv2.MetricSpec) hpaChange {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Metrics = append(h.Spec.Metrics, m) }
}

func byCPU(percent int32) autoscalingv2.MetricSpec {
	return hpa(utilization(percent)).Spec.Metrics[0]
}

func containerCPU(percent int32) autoscalingv2.MetricSpec {
	return hpa(utilization(percent), byContainer).Spec.Metrics[0]
}

func memoryMetric(percent int32) autoscalingv2.MetricSpec {
	return hpa(utilization(percent), byMemory).Spec.Metrics[0]
}

func TestHPAActive(t *testing.T) {
	t.Parallel()
	check := &HPAActive{hpaRef{"checkout"}, "checkout"}
	cases := map[string]struct {
		now    *autoscalingv2.HorizontalPodAutoscaler
		passed bool
		want   string
	}{
		"scales":         {hpa(), true, "scales Deployment/checkout"},
		"by its minimum": {hpa(says(autoscalingv2.ScalingLimited, corev1.ConditionTrue, "TooFewReplicas")), true, "scales"},
		"slow to scale down": {hpa(func(h *autoscalingv2.HorizontalPodAutoscaler) {
			window := int32(300)
			h.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &window}}
		}), true, "scales Deployment/checkout"},
		"scales another":    {hpa(aims("checkout-v2")), false, "scales Deployment/checkout-v2, not Deployment/checkout"},
		"another kind":      {hpa(func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.ScaleTargetRef.Kind = "StatefulSet" }), false, "scales StatefulSet/checkout"},
		"no metric":         {hpa(says(autoscalingv2.ScalingActive, corev1.ConditionFalse, "FailedGetResourceMetric")), false, "ScalingActive is False (FailedGetResourceMetric)"},
		"no scale":          {hpa(says(autoscalingv2.AbleToScale, corev1.ConditionFalse, "FailedGetScale")), false, "AbleToScale is False (FailedGetScale)"},
		"switched off":      {hpa(says(autoscalingv2.ScalingActive, corev1.ConditionFalse, "ScalingDisabled")), false, "ScalingDisabled"},
		"nothing known yet": {hpa(func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Status.Conditions = nil }), false, "AbleToScale is not set"},
		"capped":            {hpa(says(autoscalingv2.ScalingLimited, corev1.ConditionTrue, "TooManyReplicas")), false, "more than its maxReplicas of 8"},
		"scaling":           {hpa(func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Status.DesiredReplicas = 5 }), false, "is scaling from 2 to 5 replicas"},
		"at its maximum":    {hpa(bounds(2, 2)), false, "nothing is left for more load"},
		"min and max as one": {hpa(bounds(6, 6), func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Status.CurrentReplicas, h.Status.DesiredReplicas = 6, 6
		}), false, "nothing is left"},
		"going": {hpa(goingHPA), false, "is being deleted"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, check, target(c.now), c.passed, c.want)
		})
	}
	expect(t, check, target(), false, "there is no HorizontalPodAutoscaler checkout")
	expect(t, check, away(target()), false, "error: connection refused")
}

func goingHPA(h *autoscalingv2.HorizontalPodAutoscaler) {
	now := metav1.NewTime(epoch)
	h.DeletionTimestamp, h.Finalizers = &now, []string{"test/keep"}
}

func TestHPACondition(t *testing.T) {
	t.Parallel()
	broken := hpa(says(autoscalingv2.ScalingActive, corev1.ConditionFalse, "FailedGetResourceMetric"))
	check := &HPACondition{hpaRef: hpaRef{"checkout"}, Type: "ScalingActive", Status: "False", Reason: "FailedGetResourceMetric"}
	request := *check
	request.Message = "missing request"
	expect(t, &request, target(broken), false, "FailedGetResourceMetric")
	broken.Status.Conditions[1].Message = "missing request for cpu in container web"
	expect(t, &request, target(broken), true, "FailedGetResourceMetric")
	expect(t, check, target(broken), true, "ScalingActive is False (FailedGetResourceMetric)")
	expect(t, check, target(hpa()), false, "ScalingActive is True")
	expect(t, check, target(hpa(says(autoscalingv2.ScalingActive, corev1.ConditionFalse, "ScalingDisabled"))), false, "ScalingDisabled")
	expect(t, &HPACondition{hpaRef: hpaRef{"checkout"}, Type: "ScalingActive", Status: "False"}, target(broken), true, "False")
	expect(t, check, target(), false, "there is no HorizontalPodAutoscaler")
	expect(t, check, away(target()), false, "error: connection refused")
}

func TestHPASafeguards(t *testing.T) {
	t.Parallel()
	ref := hpaRef{"checkout"}
	cases := map[string]struct {
		check  Checker
		now    hpaChange // nil: deleted
		passed bool
		want   string
	}{
		"kept":                          {&HPAKept{ref}, aims("other"), true, "is there"},
		"kept: deleted":                 {&HPAKept{ref}, nil, false, "was deleted"},
		"kept: going":                   {&HPAKept{ref}, goingHPA, false, "is being deleted"},
		"room":                          {&HPARoom{ref}, bounds(2, 8), true, "room"},
		"room: pinned":                  {&HPARoom{ref}, bounds(8, 8), false, "minReplicas was raised from 2 to 8"},
		"room: nearly pinned":           {&HPARoom{ref}, bounds(6, 8), false, "minReplicas was raised from 2 to 6"},
		"room: raised a little":         {&HPARoom{ref}, bounds(3, 8), true, "room"},
		"room: both raised":             {&HPARoom{ref}, bounds(4, 12), true, "room"},
		"room: twice":                   {&HPARoom{ref}, bounds(4, 8), true, "room"},
		"room: bought":                  {&HPARoom{ref}, bounds(7, 16), false, "minReplicas was raised from 2 to 7, of 16"},
		"room: bought for a little":     {&HPARoom{ref}, bounds(5, 24), false, "minReplicas was raised from 2 to 5, of 24"},
		"room: the fault lowered max":   {&HPARoom{ref}, bounds(2, 2), true, "room"},
		"room: deleted":                 {&HPARoom{ref}, nil, true, "nothing to compare"},
		"max kept":                      {&HPAMaxKept{ref}, bounds(2, 8), true, "not below what it was"},
		"max kept: raised":              {&HPAMaxKept{ref}, bounds(2, 9), true, "not below what it was"},
		"max kept: capped":              {&HPAMaxKept{ref}, bounds(2, 3), false, "maxReplicas is 3, below the 8 of before"},
		"max kept: nearly the peak":     {&HPAMaxKept{ref}, bounds(2, 7), false, "maxReplicas is 7, below the 8 of before"},
		"max kept: one of two":          {&HPAMaxKept{ref}, bounds(1, 2), false, "maxReplicas is 2, below"},
		"max kept: the fault lowered":   {&HPAMaxKept{ref}, bounds(2, 2), true, "nothing to scale at all"},
		"max kept: pinned":              {&HPAMaxKept{ref}, bounds(6, 6), true, "nothing to scale at all"},
		"max kept: deleted":             {&HPAMaxKept{ref}, nil, true, "nothing to compare"},
		"max":                           {&HPAMaxWithin{ref, 3}, bounds(2, 24), true, "a limit still"},
		"max: absurd":                   {&HPAMaxWithin{ref, 3}, bounds(2, 25), false, "raised from 8 to 25"},
		"max: lowered":                  {&HPAMaxWithin{ref, 0}, bounds(2, 4), true, "a limit still"},
		"target":                        {&HPATarget{ref, 2}, utilization(60), true, "of the size it was"},
		"target: a little more":         {&HPATarget{ref, 2}, utilization(80), true, "of the size it was"},
		"target: 1 %":                   {&HPATarget{ref, 2}, utilization(1), false, "lowered from 60% to 1%"},
		"target: 400 %":                 {&HPATarget{ref, 0}, utilization(400), false, "raised from 60% to 400%"},
		"target: of the container":      {&HPATarget{ref, 2}, byContainer, true, "of the size it was"},
		"target: memory":                {&HPATarget{ref, 2}, byMemory, false, "does not scale by CPU"},
		"target: none":                  {&HPATarget{ref, 2}, noMetrics, false, "does not scale by CPU"},
		"target: as a value":            {&HPATarget{ref, 2}, averageValue("30m"), true, "of the size it was"},
		"target: as a value, too small": {&HPATarget{ref, 2}, averageValue("1m"), false, "lowered from 30m to 1m"},
		"target: as a value, too large": {&HPATarget{ref, 2}, averageValue("1"), false, "raised from 30m to 1000m"},
		"target: a second, of 30 %":     {&HPATarget{ref, 1.35}, beside(byCPU(30)), false, "lowered from 60% to 30%"},
		"target: a second, of 400 %":    {&HPATarget{ref, 1.35}, beside(byCPU(400)), false, "raised from 60% to 400%"},
		"target: the same twice":        {&HPATarget{ref, 1.35}, beside(byCPU(60)), true, "of the size it was"},
		"target: a container's, of 30%": {&HPATarget{ref, 1.35}, beside(containerCPU(30)), false, "lowered from 60% to 30%"},
		"target: a container's as well": {&HPATarget{ref, 1.35}, beside(containerCPU(60)), true, "of the size it was"},
		"target: memory beside it":      {&HPATarget{ref, 1.35}, beside(memoryMetric(30)), true, "of the size it was"},
		"target: deleted":               {&HPATarget{ref, 2}, nil, true, "nothing to compare"},
	}
	base := baselineOf(t, deployment(requests("50m")), hpa())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target()
			if c.now != nil {
				on = target(hpa(c.now))
			}
			on.Baseline = base
			expect(t, c.check, on, c.passed, c.want)
			expect(t, c.check, func() *Target { on := away(target()); on.Baseline = base; return on }(), false, "error: connection refused")
		})
	}
	for _, c := range []Checker{&HPARoom{ref}, &HPAMaxKept{ref}, &HPAMaxWithin{ref, 3}, &HPATarget{ref, 2}} {
		expect(t, c, target(hpa()), false, "error: no baseline")
		on := target(hpa())
		on.Baseline = new(Baseline)
		expect(t, c, on, false, "error: the baseline has no HorizontalPodAutoscaler")
	}
	on := target(hpa(averageValue("30m")))
	on.Baseline = baselineOf(t, deployment(), hpa())
	expect(t, &HPATarget{ref, 2}, on, false, "error: requests no CPU")
	on.Baseline = baselineOf(t, deployment(), hpa(noMetrics))
	expect(t, &HPATarget{ref, 2}, on, false, "error: no target utilization")
}

// An autoscaler may be made anew under another name, and may not be joined by a second one.
func TestHPAUnderAnotherName(t *testing.T) {
	t.Parallel()
	ref := hpaRef{"checkout"}
	called := func(name string) hpaChange { return func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Name = name } }
	ambiguous := says(autoscalingv2.ScalingActive, corev1.ConditionFalse, "AmbiguousSelector")
	active := &HPAActive{hpaRef: ref, Workload: "checkout"}
	cases := map[string]struct {
		check  Checker
		now    []runtime.Object
		passed bool
		want   string
	}{
		"kept":                       {&HPAKept{ref}, []runtime.Object{hpa(called("checkout-cpu"))}, true, "checkout-cpu is there"},
		"kept: of another workload":  {&HPAKept{ref}, []runtime.Object{hpa(called("cart"), aims("cart"))}, false, "checkout was deleted"},
		"active":                     {active, []runtime.Object{hpa(called("checkout-cpu"))}, true, "checkout-cpu scales Deployment/checkout"},
		"active: the old one left":   {active, []runtime.Object{hpa(aims("checkout-v2")), hpa(called("anew"))}, true, "anew scales"},
		"active: two at once":        {active, []runtime.Object{hpa(ambiguous), hpa(called("anew"), ambiguous)}, false, "AmbiguousSelector"},
		"active: two without a name": {active, []runtime.Object{hpa(called("a"), ambiguous), hpa(called("b"), ambiguous)}, false, "there is no HorizontalPodAutoscaler checkout"},
		"room: pinned":               {&HPARoom{ref}, []runtime.Object{hpa(called("anew"), bounds(8, 8))}, false, "raised from 2 to 8"},
		"capped":                     {&HPAMaxKept{ref}, []runtime.Object{hpa(called("anew"), bounds(2, 3))}, false, "is 3"},
		"target: 1 %":                {&HPATarget{ref, 2}, []runtime.Object{hpa(called("anew"), utilization(1))}, false, "lowered from 60% to 1%"},
	}
	base := baselineOf(t, deployment(requests("50m")), hpa())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.now...)
			on.Baseline = base
			expect(t, c.check, on, c.passed, c.want)
		})
	}
}

// requests is a CPU request of the container; "" is none.
func requests(cpu string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Resources.Requests = cpuList(cpu) }
}

func cpuList(cpu string) corev1.ResourceList {
	if cpu == "" {
		return nil
	}
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
}

func TestRequestWithin(t *testing.T) {
	t.Parallel()
	base := baselineOf(t, deployment(requests("50m")))
	check := &RequestWithin{workloadRef{Name: "checkout"}, "web", "cpu", 0.5, 2}
	limited := func(cpu string) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Resources = corev1.ResourceRequirements{Limits: cpuList(cpu)}
		}
	}
	resized := pod("checkout-1", func(p *corev1.Pod) {
		p.Spec.Containers = []corev1.Container{{Name: "web", Resources: corev1.ResourceRequirements{Requests: cpuList("1")}}}
	})
	cases := map[string]struct {
		now    *appsv1.Deployment
		pods   []*corev1.Pod
		passed bool
		want   string
	}{
		"as before":                  {deployment(requests("50m")), nil, true, "of the size it was"},
		"more":                       {deployment(requests("100m")), nil, true, "of the size it was"},
		"less":                       {deployment(requests("25m")), nil, true, "of the size it was"},
		"far less":                   {deployment(requests("1m")), nil, false, "is 1m, less than 0.5x the 50m of before"},
		"far more":                   {deployment(requests("1")), nil, false, "is 1, more than 2x the 50m of before"},
		"nothing":                    {deployment(requests("0")), nil, false, "is 0, less than"},
		"missing: the fault":         {deployment(requests("")), nil, true, "of the size it was"},
		"by a limit":                 {deployment(limited("60m")), nil, true, "of the size it was"},
		"by a limit that is large":   {deployment(limited("2")), nil, false, "is 2, more than"},
		"a pod was resized in place": {deployment(requests("50m")), []*corev1.Pod{resized}, false, "the cpu request of pod checkout-1 is 1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(c.now)
			if len(c.pods) > 0 {
				on = target(c.now, c.pods[0])
			}
			on.Baseline = base
			expect(t, check, on, c.passed, c.want)
		})
	}
	on := target()
	on.Baseline = base
	expect(t, check, on, true, "was deleted")
	on.Baseline = baselineOf(t, deployment())
	on.Client = target(deployment()).Client
	expect(t, check, on, false, "error: nothing to compare")
	if err := (&RequestWithin{}).Validate(); err == nil || !strings.Contains(err.Error(), "atLeast") {
		t.Errorf("without bounds: %v", err)
	}
}

// TestRequestOfThePod: the autoscaler divides by the request of the pod as a whole where there
// is one, except for a metric of one container.
func TestRequestOfThePod(t *testing.T) {
	t.Parallel()
	base := baselineOf(t, deployment(requests("50m")))
	check := &RequestWithin{workloadRef{Name: "checkout"}, "web", "cpu", 0.5, 2}
	whole := func(requests, limits corev1.ResourceList) *corev1.ResourceRequirements {
		return &corev1.ResourceRequirements{Requests: requests, Limits: limits}
	}
	memory := corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}
	resized := pod("checkout-1", func(p *corev1.Pod) { p.Spec.Resources = whole(cpuList("1"), nil) })
	cases := map[string]struct {
		own    string // the container's
		pod    *corev1.ResourceRequirements
		beside runtime.Object
		passed bool
		want   string
	}{
		"as before":                      {"", whole(cpuList("50m"), nil), nil, true, "of the size it was"},
		"far more":                       {"", whole(cpuList("200m"), nil), nil, false, "the cpu request of Deployment/checkout is 200m, more than 2x the 50m of before"},
		"far more than the container's":  {"50m", whole(cpuList("200m"), nil), nil, false, "is 200m, more than"},
		"far less":                       {"", whole(cpuList("1m"), nil), nil, false, "is 1m, less than"},
		"of which the container has few": {"1m", whole(cpuList("50m"), nil), nil, true, "of the size it was"},
		"and it is scaled by that":       {"1m", whole(cpuList("50m"), nil), hpa(byContainer), false, "the cpu request of container web of Deployment/checkout is 1m, less than"},
		"of memory alone":                {"1m", whole(memory, nil), nil, false, "is 1m, less than"},
		"by its limit":                   {"", whole(nil, cpuList("200m")), nil, false, "is 200m, more than"},
		"by the container's":             {"50m", whole(nil, cpuList("200m")), nil, true, "of the size it was"},
		"a pod was resized in place":     {"50m", nil, resized, false, "the cpu request of pod checkout-1 is 1, more than"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := []runtime.Object{deployment(requests(c.own), func(d *appsv1.Deployment) { d.Spec.Template.Spec.Resources = c.pod })}
			if c.beside != nil {
				objects = append(objects, c.beside)
			}
			on := target(objects...)
			on.Baseline = base
			expect(t, check, on, c.passed, c.want)
		})
	}
}
