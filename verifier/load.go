package verifier

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/firedrill/firedrill/internal/scenario"
)

const (
	loadPoll    = 500 * time.Millisecond
	loadStart   = 30 * time.Second // until its pod runs
	loadCleanup = 15 * time.Second
	// loadSettle is for how long the replicas must stand still before more users come: the
	// autoscaler may not have seen those of now before it has had two looks of metrics-server, 10 s
	// apart, and a look of its own, 5 s apart (docs/cluster.md), and what it adds for them is no
	// answer to the load.
	loadSettle = 30 * time.Second
	streamRate = 50 // most of one stream of the prober (drillapp.MaxRate)
)

// Load sends more users, for a bounded time, once the replicas stand still, and wants the
// workload's autoscaler to add replicas that serve, and to take them away after. A workload
// that somebody scales by hand meanwhile does not pass: the autoscaler itself must say that it
// scaled.
type Load struct {
	workloadRef `yaml:",inline"`
	HPA         string            `yaml:"hpa" doc:"Name of the HorizontalPodAutoscaler." required:"true"`
	URL         string            `yaml:"url" doc:"What is asked for, with the Service's full name: http://search.${namespace}/find." required:"true"`
	Rate        int               `yaml:"rate" doc:"Requests a second, beside those of the traffic." min:"1" max:"200" required:"true"`
	For         scenario.Duration `yaml:"for" doc:"How long it lasts at most: it ends when the replicas have risen." default:"60s" min:"5s" max:"3m"`
}

// Validate refuses what the load's pod could not ask.
func (l *Load) Validate() error {
	u, err := url.Parse(l.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("url %q: want for example http://search.${namespace}/find", l.URL)
	}
	return nil
}

func (l *Load) rescales() {}

// Perturb applies the load and follows the replicas. The context bounds all of it.
func (l *Load) Perturb(ctx context.Context, t *Target) (did string, err error) {
	if t.RefereeImage == "" {
		return "", errors.New("no image is known for the load's pod")
	}
	if _, err := l.ready(ctx, t); err != nil {
		return "", err
	}
	if err := l.settled(ctx, t); err != nil {
		return "", err
	}
	before, err := l.ready(ctx, t)
	if err != nil {
		return "", err
	}
	pods := t.Client.CoreV1().Pods(refereeNamespace)
	pod, err := l.pod(t)
	if err != nil {
		return "", err
	}
	began := t.Now()
	if pod, err = pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return "", fmt.Errorf("make the load's pod: %w", err)
	}
	stop := func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadCleanup)
		defer cancel()
		gone := pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
		if gone != nil && !apierrors.IsNotFound(gone) {
			return fmt.Errorf("delete the load's pod %s: %w", pod.Name, gone)
		}
		return nil
	}
	rose, err := l.rise(ctx, t, pod.Name, before)
	if err := errors.Join(err, stop()); err != nil {
		return "", err
	}
	up := t.Now().Sub(began)
	if err := l.fall(ctx, t, before, rose); err != nil {
		return "", err
	}
	return fmt.Sprintf("sent %d requests a second more: %s rose from %d to %d replicas in %s, and came down again after %s",
		l.Rate, l.key(), before, rose, up.Round(time.Second), t.Now().Sub(began).Round(time.Second)), nil
}

// settled waits until the replicas have stood still for loadSettle.
func (l *Load) settled(ctx context.Context, t *Target) error {
	stood, since := [2]int32{-1, -1}, t.Now()
	last, err := l.follow(ctx, t, func(now scaling) (bool, error) {
		if is := [2]int32{now.w.wanted, now.w.available}; is != stood {
			stood, since = is, t.Now()
		}
		return t.Now().Sub(since) >= loadSettle, nil
	})
	if !wait.Interrupted(err) || errors.Is(ctx.Err(), context.Canceled) || last.w == nil {
		return err
	}
	return &NotSurvivedError{Reason: fmt.Sprintf("the replicas of %s did not stand still for %s before any load: %d wanted, %d available (%s)",
		l.key(), loadSettle, last.w.wanted, last.w.available, last.line)}
}

// ready is the replicas before the load; a NotSurvivedError when none could be added.
func (l *Load) ready(ctx context.Context, t *Target) (int32, error) {
	h, err := hpaRef{l.HPA}.find(ctx, t)
	if apierrors.IsNotFound(err) {
		return 0, &NotSurvivedError{Reason: noHPA(l.HPA)}
	}
	if err != nil {
		return 0, err
	}
	w, err := l.read(ctx, t)
	switch {
	case apierrors.IsNotFound(err):
		return 0, &NotSurvivedError{Reason: l.key() + " does not exist"}
	case err != nil:
		return 0, err
	case w.wanted >= h.Spec.MaxReplicas:
		return 0, &NotSurvivedError{Reason: fmt.Sprintf("%s has %d replicas already, the most that its autoscaler allows", l.key(), w.wanted)}
	}
	return w.wanted, nil
}

// scaling is what a look at the workload and its autoscaler showed.
type scaling struct {
	w    *workload
	line string // the autoscaler's own words
	last *metav1.Time
	held string // what keeps it from adding what it wants: heldBack
}

func (l *Load) see(ctx context.Context, t *Target) (scaling, error) {
	w, err := l.read(ctx, t)
	if err != nil {
		return scaling{}, err
	}
	h, err := hpaRef{l.HPA}.find(ctx, t)
	if err != nil {
		return scaling{}, err
	}
	return scaling{w: w, line: hpaLine(h), last: h.Status.LastScaleTime, held: heldBack(h)}, nil
}

// follow looks until done says so, or ctx ends. What cannot be seen for a moment is seen later.
func (l *Load) follow(ctx context.Context, t *Target, done func(scaling) (bool, error)) (last scaling, err error) {
	var unseen error
	err = wait.PollUntilContextCancel(ctx, loadPoll, true, func(ctx context.Context) (bool, error) {
		now, err := l.see(ctx, t)
		if err != nil {
			unseen = err
			return false, nil //nolint:nilerr // what cannot be seen for a moment is seen later; the context bounds the wait
		}
		last, unseen = now, nil
		return done(now)
	})
	if wait.Interrupted(err) && unseen != nil {
		return last, fmt.Errorf("the replicas could not be observed: %w", unseen)
	}
	return last, err
}

// rise waits until more replicas than before serve, while the load lasts, and the
// autoscaler is not held back by its maxReplicas: the load is no more than the peak.
func (l *Load) rise(ctx context.Context, t *Target, pod string, before int32) (int32, error) {
	if err := l.started(ctx, t, pod); err != nil {
		return 0, err
	}
	from, err := l.see(ctx, t)
	if err != nil {
		return 0, err
	}
	limited, cancel := context.WithTimeout(ctx, l.lasts())
	defer cancel()
	last, err := l.follow(limited, t, func(now scaling) (bool, error) {
		scaled := now.last != nil && !now.last.Equal(from.last)
		return scaled && now.held == "" && now.w.wanted > before && now.w.available > before, nil
	})
	switch {
	case err == nil:
		return last.w.wanted, nil
	case errors.Is(ctx.Err(), context.Canceled) || !wait.Interrupted(err):
		return 0, err
	}
	did := "stayed"
	if last.held != "" {
		did = "was held back by the " + last.held + " of its autoscaler"
	}
	return 0, &NotSurvivedError{Reason: fmt.Sprintf("under %d requests a second more, for %s, %s %s at %d replicas, %d available (%s)",
		l.Rate, l.lasts(), l.key(), did, last.w.wanted, last.w.available, last.line)}
}

// fall waits until the replicas have come down: to as many as before, or, when more than
// one was added, to one more. The same users are two or three replicas' work from one
// minute to the next, and an autoscaler leaves be what is within a tenth of its target.
func (l *Load) fall(ctx context.Context, t *Target, before, rose int32) error {
	enough := before
	if rose > before+1 {
		enough++
	}
	last, err := l.follow(ctx, t, func(now scaling) (bool, error) {
		return now.w.wanted <= enough && now.w.existing <= enough, nil
	})
	if err == nil || errors.Is(ctx.Err(), context.Canceled) || !wait.Interrupted(err) {
		return err
	}
	return &NotSurvivedError{Reason: fmt.Sprintf("%s rose to %d replicas, and does not come down from %d to %d, after %d before the load (%s)",
		l.key(), rose, last.w.wanted, enough, before, last.line)}
}

// started waits until the load's pod runs.
func (l *Load) started(ctx context.Context, t *Target, name string) error {
	ctx, cancel := context.WithTimeout(ctx, loadStart)
	defer cancel()
	last := "it was not seen"
	err := wait.PollUntilContextCancel(ctx, loadPoll, true, func(ctx context.Context) (bool, error) {
		pod, err := t.Client.CoreV1().Pods(refereeNamespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			last = err.Error()
			return false, nil //nolint:nilerr // the API server may be away for a moment; the context bounds the wait
		}
		last = podLine(pod)
		if pod.Status.Phase == corev1.PodFailed {
			return false, fmt.Errorf("the load's pod failed: %s", last)
		}
		return pod.Status.Phase == corev1.PodRunning, nil
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("the load's pod does not run: %s", last)
	}
	return err
}
