package verifier

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// atOnce is how many checks of a round run at the same time.
	atOnce = 8
	// roundLimit bounds a round, so that one check that hangs is an error of that check.
	roundLimit = 10 * time.Second
)

// sample is one look of one check.
type sample struct {
	Observation
	err error
}

// ok: it was seen, and it passed.
func (s sample) ok() bool { return s.err == nil && s.Passed }

// round is every check and safeguard looked at once.
type round struct {
	began, ended   time.Time
	checks, guards []sample
	pods           podSet
	podsErr        error
	ends           []ending // containers that the watch saw end since the round before
}

// podSet is the pods whose identity must not change during a hold.
type podSet struct {
	live  map[types.UID]string // by UID: the name
	going []string             // names of those on their way out
}

// scoped is a check that is about certain pods. A nil selector: about none.
type scoped interface {
	scope(ctx context.Context, t *Target) (labels.Selector, error)
}

// look runs one round. The order of the results is that of the plan.
func (w *watch) look(ctx context.Context) round {
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	t := w.sight()
	r := round{
		began: w.clock.Now(), checks: make([]sample, len(w.plan.Checks)), guards: make([]sample, len(w.plan.Safeguards)),
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	start := func(work func()) {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			work()
		})
	}
	for i, step := range w.plan.Checks {
		start(func() { r.checks[i] = observe(ctx, step.Checker, t) })
	}
	for i, guard := range w.plan.Safeguards {
		start(func() { r.guards[i] = observe(ctx, guard.Checker, t) })
	}
	start(func() { r.pods, r.podsErr = podsOf(ctx, t, w.plan.Checks) })
	group.Wait()
	w.plan.giveWay(r.guards)
	r.ended = w.clock.Now()
	r.ends = w.events.take()
	return r
}

// giveWay lets the safeguards that catch all hold while another one, which has a name for
// what is wrong, is broken: that one stands in the way of a recovery.
func (p Plan) giveWay(guards []sample) {
	for i, other := range guards {
		if p.Safeguards[i].CatchAll || other.err != nil || other.Passed {
			continue
		}
		for j := range guards {
			if s := &guards[j]; p.Safeguards[j].CatchAll && s.err == nil && !s.Passed {
				s.Passed, s.Reason = true, s.Reason+", for which there is a name: "+p.Safeguards[i].Name
			}
		}
	}
}

// observe makes one look. A check that breaks down is one that saw nothing.
func observe(ctx context.Context, c Checker, t *Target) (s sample) {
	defer func() {
		if p := recover(); p != nil {
			s = sample{err: fmt.Errorf("the check broke down: %v", p)}
		}
	}()
	s.Observation, s.err = c.Observe(ctx, t)
	return s
}

// sight is the target as one round sees it, with an empty look.
func (w *watch) sight() *Target {
	t := *w.target
	t.look, t.memory, t.Since = &look{reads: map[string]*reading{}}, w.memory, w.m.since()
	if t.Now == nil {
		t.Now = w.clock.Now
	}
	return &t
}

// podsOf reads the pods that the checks are about: those they select, or, when none of
// them selects any, every pod that a workload keeps (a trainee's own debugging pod is none).
func podsOf(ctx context.Context, t *Target, steps []Step) (podSet, error) {
	var selectors []labels.Selector
	for _, step := range steps {
		s, ok := step.Checker.(scoped)
		if !ok {
			continue
		}
		selector, err := s.scope(ctx, t)
		if err != nil {
			return podSet{}, fmt.Errorf("check %s: %w", step.ID, err)
		}
		if selector != nil {
			selectors = append(selectors, selector)
		}
	}
	pods, err := t.pods(ctx)
	if err != nil {
		return podSet{}, err
	}
	set := podSet{live: map[types.UID]string{}}
	for i := range pods {
		p := &pods[i]
		if !concerned(p, selectors) {
			continue
		}
		if p.DeletionTimestamp != nil {
			set.going = append(set.going, p.Name)
			continue
		}
		set.live[p.UID] = p.Name
	}
	return set, nil
}

func concerned(p *corev1.Pod, selectors []labels.Selector) bool {
	if len(selectors) == 0 {
		owner := metav1.GetControllerOf(p)
		return owner != nil && owner.Kind != "Job"
	}
	for _, s := range selectors {
		if s.Matches(labels.Set(p.Labels)) {
			return true
		}
	}
	return false
}
