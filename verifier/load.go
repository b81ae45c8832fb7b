package verifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/firedrill/firedrill/internal/scenario"
)

const (
	loadPoll    = 500 * time.Millisecond
	loadStart   = 30 * time.Second // until its pod runs
	loadCleanup = 15 * time.Second
	streamRate  = 50 // most of one stream of the prober (drillapp.MaxRate)
)

// Load sends more users, for a bounded time, and wants the workload's autoscaler to add
// replicas that serve, and to take them away after. A workload that somebody scales by
// hand meanwhile does not pass: the autoscaler itself must say that it scaled.
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

// Perturb applies the load and follows the replicas. The context bounds all of it.
func (l *Load) Perturb(ctx context.Context, t *Target) (did string, err error) {
	if t.RefereeImage == "" {
		return "", errors.New("no image is known for the load's pod")
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

// ready is the replicas before the load; a NotSurvivedError when none could be added.
func (l *Load) ready(ctx context.Context, t *Target) (int32, error) {
	h, err := t.hpa(ctx, l.HPA)
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
}

func (l *Load) see(ctx context.Context, t *Target) (scaling, error) {
	w, err := l.read(ctx, t)
	if err != nil {
		return scaling{}, err
	}
	h, err := t.hpa(ctx, l.HPA)
	if err != nil {
		return scaling{}, err
	}
	return scaling{w: w, line: hpaLine(h), last: h.Status.LastScaleTime}, nil
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

// rise waits until more replicas than before serve, while the load lasts.
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
		return scaled && now.w.wanted > before && now.w.available > before, nil
	})
	switch {
	case err == nil:
		return last.w.wanted, nil
	case errors.Is(ctx.Err(), context.Canceled) || !wait.Interrupted(err):
		return 0, err
	}
	return 0, &NotSurvivedError{Reason: fmt.Sprintf("under %d requests a second more, for %s, %s stayed at %d replicas, %d available (%s)",
		l.Rate, l.lasts(), l.key(), last.w.wanted, last.w.available, last.line)}
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

func (l *Load) lasts() time.Duration {
	if l.For <= 0 {
		return time.Minute
	}
	return l.For.Std()
}

// pod is the prober with other streams: on the control plane, which no drill disturbs. It
// ends by itself, whatever becomes of the referee.
func (l *Load) pod(t *Target) (*corev1.Pod, error) {
	type row struct {
		Name string `json:"name"`
		URL  string `json:"url"`
		Rate int    `json:"rate"`
	}
	var rows []row
	for left := l.Rate; left > 0; left -= streamRate {
		rows = append(rows, row{fmt.Sprintf("load-%d", len(rows)+1), l.URL, min(left, streamRate)})
	}
	config, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("write the load's config: %w", err)
	}
	no, yes, user, grace := false, true, int64(65532), int64(1)
	deadline := int64((l.lasts() + loadStart).Seconds())
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: "load-", Namespace: refereeNamespace,
			Labels: map[string]string{
				"app.kubernetes.io/managed-by": "firedrill",
				"app.kubernetes.io/name":       "load",
				"firedrill.dev/run":            t.Namespace,
			},
		},
		Spec: corev1.PodSpec{
			NodeSelector:                  map[string]string{"node-role.kubernetes.io/control-plane": ""},
			Tolerations:                   []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  &no,
			TerminationGracePeriodSeconds: &grace,
			ActiveDeadlineSeconds:         &deadline,
			Containers: []corev1.Container{{
				Name: "load", Image: t.RefereeImage, Args: []string{"probe"}, ImagePullPolicy: corev1.PullIfNotPresent,
				Env: []corev1.EnvVar{{Name: "PROBE_CONFIG", Value: string(config)}, {Name: "MAX_DURATION", Value: l.lasts().String()}},
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
					Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")},
				},
				SecurityContext: &corev1.SecurityContext{
					RunAsNonRoot: &yes, RunAsUser: &user, AllowPrivilegeEscalation: &no,
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}, nil
}
