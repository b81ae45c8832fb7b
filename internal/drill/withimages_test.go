package drill

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/firedrill/firedrill/internal/scenario"
)

// fakeImages tells when it was through.
type fakeImages struct {
	loaded  bool
	err     error
	through chan struct{}
	begin   <-chan struct{} // nil: at once
}

func (f *fakeImages) Loaded(context.Context, []scenario.Image) (bool, error) { return f.loaded, nil }

func (f *fakeImages) Look(ctx context.Context, images []scenario.Image) error {
	return f.Load(ctx, images)
}

func (f *fakeImages) Load(ctx context.Context, _ []scenario.Image) error {
	if f.begin != nil {
		select {
		case <-f.begin:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	close(f.through)
	return f.err
}

// Pods are not started before their images are there; images that came with an earlier run
// are looked for meanwhile, and still have to be there in the end.
func TestWithImages(t *testing.T) {
	t.Parallel()
	broken := errors.New("no space left")
	tests := map[string]struct {
		loaded bool
		err    error
		pods   bool // are started
		fails  bool
	}{
		"new":                      {pods: true},
		"new, and cannot be had":   {err: broken, fails: true},
		"known":                    {loaded: true, pods: true},
		"known, and gone for good": {loaded: true, err: broken, pods: true, fails: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			started := make(chan struct{})
			images := &fakeImages{loaded: tc.loaded, err: tc.err, through: make(chan struct{})}
			if tc.loaded { // would never begin if the pods waited for it
				images.begin = started
			}
			e := newWorld(t).engine()
			e.Images = images
			pods := false
			err := e.withImages(ctx, func() error {
				select {
				case <-images.through:
				default:
					if !tc.loaded {
						t.Error("pods were started before their images were there")
					}
				}
				pods = true
				close(started)
				return nil
			})
			if pods != tc.pods || (err != nil) != tc.fails {
				t.Errorf("pods started: %t, error: %v", pods, err)
			}
			if tc.fails && (!errors.Is(err, broken) || !strings.Contains(err.Error(), "load the drill's images")) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// lookedFor counts how often the nodes were asked.
type lookedFor struct {
	Images
	times atomic.Int32
	then  func()
}

func (l *lookedFor) Look(context.Context, []scenario.Image) error {
	l.times.Add(1)
	l.then()
	return nil
}

// A node that has lost an image is asked once, and gets it back; an image that cannot be had
// all the same ends the wait.
func TestAnImageThatANodeHasLost(t *testing.T) {
	t.Parallel()
	for name, helps := range map[string]bool{"it was lost": true, "it cannot be had": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: run},
				Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
					Image: "docker.io/firedrill/web:1", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}},
				}}},
			}
			client := fake.NewClientset(pod)
			images := &lookedFor{then: func() {
				if helps {
					pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
					if _, err := client.CoreV1().Pods(run).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
						t.Error(err)
					}
				}
			}}
			e := &Engine{
				Deps:   Deps{Client: client, Images: images, Log: slog.New(slog.DiscardHandler), Now: time.Now},
				folder: &scenario.Folder{FS: fstest.MapFS{}, Scenario: &scenario.Scenario{}}, plan: &Plan{},
				run: &Run{Created: Created{Run: run}},
			}
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := e.giveUpOnImages(t.Context())
				defer stop()
				time.Sleep(imagePoll + time.Second)
				if n := images.times.Load(); n != 1 {
					t.Errorf("the nodes were asked %d times at once", n)
				}
				time.Sleep(2 * imageGrace)
				if given := ctx.Err() != nil; given == helps || images.times.Load() != 1 {
					t.Errorf("given up: %v (%v), the nodes asked %d times", given, context.Cause(ctx), images.times.Load())
				}
			})
		})
	}
}
