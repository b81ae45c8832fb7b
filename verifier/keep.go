package verifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// baseline is the workload as it was; an error when the baseline does not know it.
func (r workloadRef) baseline(t *Target) (WorkloadState, error) {
	if t.Baseline == nil {
		return WorkloadState{}, errors.New("no baseline was taken yet")
	}
	w, ok := t.Baseline.Workloads[r.key()]
	if !ok {
		return WorkloadState{}, fmt.Errorf("the baseline has no %s", r.key())
	}
	return w, nil
}

// goneError says that a workload is not there any more, or is on its way out.
type goneError struct{ what Observation }

func (e *goneError) Error() string { return e.what.Reason }

// present reads the workload and its baseline; a workload that is gone is an *goneError.
func (r workloadRef) present(ctx context.Context, t *Target) (was WorkloadState, now *workload, err error) {
	if was, err = r.baseline(t); err != nil {
		return was, nil, err
	}
	now, err = r.read(ctx, t)
	switch {
	case apierrors.IsNotFound(err):
		return was, nil, &goneError{Observation{
			Reason: r.key() + " was deleted", Evidence: "UID at the baseline " + string(was.UID),
		}}
	case err != nil:
		return was, nil, err
	case now.meta.DeletionTimestamp != nil:
		return was, nil, &goneError{Observation{Reason: r.key() + " is being deleted"}}
	}
	return was, now, nil
}

// compare reads the workload and its baseline, and lets judge compare one property of
// them. Of a workload that is gone no property was weakened: that it is gone is
// WorkloadKept's to refuse, so that each wrong fix is refused by its own name.
func (r workloadRef) compare(ctx context.Context, t *Target, judge func(was WorkloadState, now *workload) (Observation, error)) (Observation, error) {
	was, now, err := r.present(ctx, t)
	var gone *goneError
	if errors.As(err, &gone) {
		return Observation{Passed: true, Reason: gone.what.Reason + ": there is nothing to compare", Evidence: gone.what.Evidence}, nil
	}
	if err != nil {
		return Observation{}, err
	}
	return judge(was, now)
}

// WorkloadKept is a safeguard: the workload is there with the selector it had, and it owns
// every pod that it, or a Service of its own, selects. Pods made by hand with the
// same labels would answer the users without anything to keep them alive.
type WorkloadKept struct {
	workloadRef `yaml:",inline"`
}

// Observe reads the workload, its pods and their owners, and the Services.
func (c *WorkloadKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	was, now, err := c.present(ctx, t)
	var gone *goneError
	if errors.As(err, &gone) {
		return gone.what, nil
	}
	if err != nil {
		return Observation{}, err
	}
	if !apiequality.Semantic.DeepEqual(was.Selector, now.labels) {
		return Observation{
			Reason:   c.key() + " selects other pods than before",
			Evidence: fmt.Sprintf("at the baseline %s, now %s", metav1.FormatLabelSelector(was.Selector), metav1.FormatLabelSelector(now.labels)),
		}, nil
	}
	strangers, err := c.strangers(ctx, t, was, now)
	if err != nil {
		return Observation{}, err
	}
	if len(strangers) > 0 {
		return Observation{Reason: "pods that are not of " + c.key() + " take its place: " + strings.Join(strangers, ", ")}, nil
	}
	return Observation{Passed: true, Reason: c.key() + " is there and owns its pods", Evidence: sameUID(was.UID, now.uid)}, nil
}

func sameUID(was, now types.UID) string {
	if was == now {
		return "UID " + string(now)
	}
	return fmt.Sprintf("made anew: UID %s, at the baseline %s", now, was)
}

// strangers lists the live pods that stand where the workload's stood and are not its own.
func (c *WorkloadKept) strangers(ctx context.Context, t *Target, was WorkloadState, now *workload) ([]string, error) {
	pods, err := t.pods(ctx)
	if err != nil {
		return nil, err
	}
	owners, err := t.owners(ctx)
	if err != nil {
		return nil, err
	}
	selectors := append(ownServices(t.Baseline, c.key(), was), now.selector)
	var strangers []string
	for i := range pods {
		p := &pods[i]
		picked := slices.ContainsFunc(selectors, func(s labels.Selector) bool { return s.Matches(labels.Set(p.Labels)) })
		if picked && active(p) && rootOwner(p, owners) != now.uid {
			strangers = append(strangers, p.Name)
		}
	}
	return strangers, nil
}

// ownServices lists the selectors of the Services that, at the baseline, selected the
// pods of this workload and of no other.
func ownServices(base *Baseline, key string, was WorkloadState) []labels.Selector {
	var own []labels.Selector
	for _, name := range slices.Sorted(maps.Keys(base.Services)) {
		s := base.Services[name]
		if len(s.Selector) == 0 {
			continue
		}
		selector := labels.SelectorFromSet(s.Selector)
		if !selector.Matches(labels.Set(was.TemplateLabels)) {
			continue
		}
		shared := false
		for other, w := range base.Workloads {
			shared = shared || other != key && selector.Matches(labels.Set(w.TemplateLabels))
		}
		if !shared {
			own = append(own, selector)
		}
	}
	return own
}

// owners maps the UID of every ReplicaSet to that of the Deployment that controls it.
func (t *Target) owners(ctx context.Context) (map[types.UID]types.UID, error) {
	return once(t, "owners", func() (map[types.UID]types.UID, error) {
		list, err := t.Client.AppsV1().ReplicaSets(t.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("list the replicasets of %s: %w", t.Namespace, err)
		}
		owners := map[types.UID]types.UID{}
		for i := range list.Items {
			if o := metav1.GetControllerOf(&list.Items[i]); o != nil {
				owners[list.Items[i].UID] = o.UID
			}
		}
		return owners, nil
	})
}

// rootOwner is the workload that a pod belongs to; empty for a pod made by hand.
func rootOwner(p *corev1.Pod, owners map[types.UID]types.UID) types.UID {
	o := metav1.GetControllerOf(p)
	if o == nil {
		return ""
	}
	if above, ok := owners[o.UID]; ok {
		return above
	}
	return o.UID
}

// ReplicasKept is a safeguard: the workload has at least as many replicas as it had.
type ReplicasKept struct {
	workloadRef `yaml:",inline"`
	Min         int32 `yaml:"min" doc:"Replicas, at least. Left out: as many as at the baseline." min:"0"`
}

// Validate refuses a DaemonSet, which has no replicas of its own.
func (c *ReplicasKept) Validate() error {
	if c.Kind == kindDaemonSet {
		return errors.New("kind: a DaemonSet has no replicas to keep")
	}
	return nil
}

// Observe reads the workload.
func (c *ReplicasKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	return c.compare(ctx, t, func(was WorkloadState, now *workload) (Observation, error) {
		least := was.Replicas
		if c.Min > 0 {
			least = c.Min
		}
		evidence := fmt.Sprintf("%d replicas at the baseline, %d now, at least %d wanted", was.Replicas, now.wanted, least)
		if now.wanted < least {
			return Observation{Reason: fmt.Sprintf("%s was scaled from %d to %d", c.key(), was.Replicas, now.wanted), Evidence: evidence}, nil
		}
		return Observation{Passed: true, Reason: c.key() + " has its replicas", Evidence: evidence}, nil
	})
}
