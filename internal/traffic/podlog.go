package traffic

import (
	"context"
	"errors"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// PodLog is the log of a run's prober, read through the API server.
type PodLog struct {
	client kubernetes.Interface
	run    string
}

var _ Source = (*PodLog)(nil)

// NewPodLog returns the log of the run's prober. The client must have no overall
// request timeout: it would end the stream.
func NewPodLog(client kubernetes.Interface, run string) *PodLog {
	return &PodLog{client: client, run: run}
}

// Open implements Source. The log of a container that was restarted since comes
// first: a follower is told of its end, not of its last lines.
func (l *PodLog) Open(ctx context.Context, since time.Time) (io.ReadCloser, error) {
	previous, err := l.stream(ctx, since, true)
	if err != nil && !apierrors.IsBadRequest(err) && !apierrors.IsNotFound(err) {
		return nil, err
	}
	current, err := l.stream(ctx, since, false)
	if err != nil {
		if previous != nil {
			err = errors.Join(err, previous.Close())
		}
		return nil, err
	}
	if previous == nil {
		return current, nil
	}
	return joined{Reader: io.MultiReader(previous, current), parts: []io.Closer{previous, current}}, nil
}

func (l *PodLog) stream(ctx context.Context, since time.Time, previous bool) (io.ReadCloser, error) {
	options := &corev1.PodLogOptions{Container: container, Follow: !previous, Previous: previous}
	if !since.IsZero() {
		options.SinceTime = &metav1.Time{Time: since} // sent in whole seconds, rounded down
	}
	return l.client.CoreV1().Pods(Namespace).GetLogs(podName(l.run), options).Stream(ctx)
}

// joined reads one after the other and closes all.
type joined struct {
	io.Reader
	parts []io.Closer
}

func (j joined) Close() error {
	var errs []error
	for _, part := range j.parts {
		errs = append(errs, part.Close())
	}
	return errors.Join(errs...)
}
