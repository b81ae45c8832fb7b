package verifier

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/firedrill/firedrill/internal/scenario"
)

// scaler plays the autoscaler and the Deployment's controller: what the replicas are while
// the load's pod is there, and after it.
type scaler struct {
	users         func() int32 // the replicas before the load; 2 without
	during, after int32
	unready       bool   // the new replicas never serve
	byHand        bool   // somebody else scales: the autoscaler says nothing
	held          string // why the autoscaler says that it may add no more
	phase         corev1.PodPhase
	client        *fake.Clientset
	asked         *corev1.Pod
	deleted       bool
}

func (s *scaler) target() *Target {
	s.client = fake.NewClientset(deployment(), hpa())
	s.client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		s.asked = action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		s.asked.Name, s.asked.Status.Phase = "load-x", s.phase
		return false, nil, nil
	})
	s.client.PrependReactor("delete", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		s.deleted = true
		return false, nil, nil
	})
	s.client.PrependReactor("get", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) {
		n := s.replicas()
		return true, deployment(func(d *appsv1.Deployment) {
			d.Spec.Replicas, d.Status.Replicas, d.Status.AvailableReplicas = &n, n, n
			if s.unready {
				d.Status.AvailableReplicas = 2
			}
		}), nil
	})
	looks := 0 // since the load's pod was made
	s.client.PrependReactor("list", "horizontalpodautoscalers", func(clienttesting.Action) (bool, runtime.Object, error) {
		now := hpa(func(h *autoscalingv2.HorizontalPodAutoscaler) {
			if s.asked == nil {
				return
			}
			looks++
			if looks < 2 { // the load has not told yet
				return
			}
			if !s.byHand {
				scaled := metav1.NewTime(epoch)
				h.Status.LastScaleTime = &scaled
			}
			if s.held != "" {
				says(autoscalingv2.ScalingLimited, corev1.ConditionTrue, s.held)(h)
			}
		})
		return true, &autoscalingv2.HorizontalPodAutoscalerList{Items: []autoscalingv2.HorizontalPodAutoscaler{*now}}, nil
	})
	return &Target{Client: s.client, Namespace: shopNS, RefereeImage: "referee", Now: time.Now}
}

func (s *scaler) replicas() int32 {
	switch {
	case s.asked == nil && s.users != nil:
		return s.users()
	case s.asked == nil:
		return 2
	case s.deleted:
		return s.after
	}
	return s.during
}

func shortLoad() *Load {
	return &Load{
		workloadRef: workloadRef{Name: "checkout"}, HPA: "checkout", URL: "http://checkout.shop/order", Rate: 75,
		For: scenario.Duration(700 * time.Millisecond),
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		scaler   scaler
		survived string
		failed   string
	}{
		"rises and falls":         {scaler: scaler{during: 6, after: 2, phase: corev1.PodRunning}},
		"falls lower":             {scaler: scaler{during: 6, after: 1, phase: corev1.PodRunning}},
		"stays":                   {scaler: scaler{during: 2, after: 2, phase: corev1.PodRunning}, survived: "stayed at 2 replicas"},
		"rises, serves with none": {scaler: scaler{during: 6, after: 2, unready: true, phase: corev1.PodRunning}, survived: "stayed at 6 replicas, 2 available"},
		"scaled by hand":          {scaler: scaler{during: 6, after: 2, byHand: true, phase: corev1.PodRunning}, survived: "stayed at 6 replicas"},
		"rises, and is held back": {scaler: scaler{during: 6, after: 2, held: "TooManyReplicas", phase: corev1.PodRunning}, survived: "was held back by the maxReplicas of its autoscaler at 6 replicas"},
		"rises by its policy":     {scaler: scaler{during: 4, after: 2, held: "ScaleUpLimit", phase: corev1.PodRunning}, survived: "was held back by the scaleUp policies of its autoscaler at 4 replicas"},
		"all that it wants":       {scaler: scaler{during: 4, after: 2, held: "DesiredWithinRange", phase: corev1.PodRunning}},
		"does not come down":      {scaler: scaler{during: 6, after: 6, phase: corev1.PodRunning}, survived: "does not come down from 6 to 3"},
		"comes down a little":     {scaler: scaler{during: 6, after: 4, phase: corev1.PodRunning}, survived: "does not come down from 4 to 3"},
		"comes down to one more":  {scaler: scaler{during: 6, after: 3, phase: corev1.PodRunning}},
		"one more, which stays":   {scaler: scaler{during: 3, after: 3, phase: corev1.PodRunning}, survived: "does not come down from 3 to 2"},
		"the load's pod fails":    {scaler: scaler{during: 6, after: 2, phase: corev1.PodFailed}, failed: "the load's pod failed"},
		"it never runs":           {scaler: scaler{during: 6, after: 2, phase: corev1.PodPending}, failed: "does not run"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				on := c.scaler.target()
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()
				did, err := shortLoad().Perturb(ctx, on)
				judge(t, did, err, c.survived, c.failed)
				if !c.scaler.deleted {
					t.Error("the load's pod was left")
				}
			})
		})
	}
}

// TestLoadOnceTheReplicasStandStill: what the autoscaler adds for the users of before is no
// answer to the load, and they need not go when the load does.
func TestLoadOnceTheReplicasStandStill(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		users    func(since time.Duration) int32
		after    int32
		survived string
	}{
		"it has seen them": {func(time.Duration) int32 { return 3 }, 3, ""},
		"it sees them late": {func(since time.Duration) int32 {
			if since < loadSettle-time.Second {
				return 2
			}
			return 3
		}, 3, ""},
		"it never does": {func(time.Duration) int32 { return 2 }, 3, "does not come down from 3 to 2"},
		"it cannot decide": {func(since time.Duration) int32 {
			return 2 + int32(since/(loadSettle-time.Second))%2
		}, 2, "did not stand still for 30s before any load"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				s := scaler{during: 4, after: c.after, phase: corev1.PodRunning, users: func() int32 { return c.users(time.Since(began)) }}
				if c.after == 3 && c.survived != "" {
					s.during = 3
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				did, err := shortLoad().Perturb(ctx, s.target())
				judge(t, did, err, c.survived, "")
				if took := time.Since(began); took < loadSettle {
					t.Errorf("it took %s, and the replicas had not stood still for %s", took, loadSettle)
				}
			})
		})
	}
}

func TestLoadIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := scaler{during: 6, after: 2, phase: corev1.PodRunning}
		if _, err := shortLoad().Perturb(t.Context(), s.target()); err != nil {
			t.Fatal(err)
		}
		var rows []struct {
			URL  string
			Rate int
		}
		container := s.asked.Spec.Containers[0]
		if err := json.Unmarshal([]byte(container.Env[0].Value), &rows); err != nil || len(rows) != 2 || rows[0].Rate != 50 || rows[1].Rate != 25 {
			t.Errorf("streams %v, %v: want 75 requests a second in streams of 50 at most", rows, err)
		}
		if container.Env[1].Value != "700ms" || *s.asked.Spec.ActiveDeadlineSeconds != 30 {
			t.Errorf("it lasts %s, its pod at most %d s", container.Env[1].Value, *s.asked.Spec.ActiveDeadlineSeconds)
		}
	})
}

func TestLoadThatCannotBe(t *testing.T) {
	t.Parallel()
	image := func(on *Target) *Target { on.RefereeImage = "referee"; return on }
	full := deployment(func(d *appsv1.Deployment) { eight := int32(8); d.Spec.Replicas = &eight })
	cases := map[string]struct {
		on       *Target
		survived string
		failed   string
	}{
		"no autoscaler":      {image(target(deployment())), "there is no HorizontalPodAutoscaler", ""},
		"no workload":        {image(target(hpa())), "Deployment/checkout does not exist", ""},
		"at the maximum":     {image(target(full, hpa())), "has 8 replicas already", ""},
		"no image":           {target(deployment(), hpa()), "", "no image is known"},
		"API server is away": {image(away(target())), "", "connection refused"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			did, err := shortLoad().Perturb(t.Context(), c.on)
			judge(t, did, err, c.survived, c.failed)
		})
	}
	t.Run("the run ends", func(t *testing.T) {
		t.Parallel()
		s := scaler{during: 2, after: 2, phase: corev1.PodRunning}
		ctx, cancel := context.WithCancel(t.Context())
		on := s.target()
		time.AfterFunc(100*time.Millisecond, cancel)
		_, err := shortLoad().Perturb(ctx, on)
		var refused *NotSurvivedError
		if err == nil || errors.As(err, &refused) {
			t.Errorf("%v: want an error that says nothing of the system", err)
		}
	})
	if err := (&Load{URL: "checkout/order"}).Validate(); err == nil {
		t.Error("a URL without a scheme was taken")
	}
}
