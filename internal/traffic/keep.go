package traffic

import (
	"context"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/firedrill/firedrill/internal/scenario"
)

// keeping is how the prober is kept: how often it is looked at, and how long it is left
// alone after it was started again. That pause doubles up to a longest while probers do not
// live longer than it: one that cannot run is not made over and over.
type keeping struct {
	every, pause, longest time.Duration
}

func defaultKeeping() keeping {
	return keeping{every: 10 * time.Second, pause: 10 * time.Second, longest: 5 * time.Minute}
}

// Keep starts the run's prober again when it has ended or is gone, until ctx is done. It
// ends by itself after drillapp.DefaultMaxDuration, so that a run that is forgotten stops
// asking; one whose night was a pause needs its users in the morning. Without streams it
// does nothing.
func Keep(ctx context.Context, client kubernetes.Interface, run, namespace, image string, streams []scenario.Traffic, log *slog.Logger) {
	if len(streams) == 0 {
		return
	}
	defaultKeeping().keep(ctx, client, run, log, func(ctx context.Context) error {
		return Deploy(ctx, client, run, namespace, image, streams)
	})
}

func (k keeping) keep(ctx context.Context, client kubernetes.Interface, run string, log *slog.Logger, deploy func(context.Context) error) {
	pause, wait := k.pause, k.every
	for sleep(ctx, wait) {
		wait = k.every
		if !ended(ctx, client, run) {
			pause = max(k.pause, pause-k.every) // it is well for as long as the pause was: all is forgotten
			continue
		}
		err := deploy(ctx)
		log.Warn("the prober had ended and was started again", "error", err, "next", pause)
		wait, pause = pause, min(2*pause, k.longest)
	}
}

// ended tells whether the prober is known to run no more. An API server that is away tells
// nothing.
func ended(ctx context.Context, client kubernetes.Interface, run string) bool {
	pod, err := client.CoreV1().Pods(Namespace).Get(ctx, podName(run), metav1.GetOptions{})
	if err != nil {
		return apierrors.IsNotFound(err)
	}
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}

// sleep waits, and tells whether ctx is still going on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
