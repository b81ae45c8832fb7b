package drill

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/firedrill/firedrill/injectors"
	"github.com/firedrill/firedrill/internal/scenario"
)

// How long a healthy system may lack an image before nobody waits any more, and how
// often that is looked at.
const (
	imageGrace = 30 * time.Second
	imagePoll  = 2 * time.Second
)

// whileImagesCome does what waits for pods, until one of them cannot get its image: that is
// the error then.
func (e *Engine) whileImagesCome(ctx context.Context, do func(context.Context) error) error {
	imagesCtx, stop := e.giveUpOnImages(ctx)
	defer stop()
	err := do(imagesCtx)
	if cause := context.Cause(imagesCtx); err != nil && cause != nil && ctx.Err() == nil {
		return cause
	}
	return err
}

// giveUpOnImages ends the returned context when a pod of the baseline cannot get its
// image for a while: no waiting helps, and the reason is worth more than a timeout.
func (e *Engine) giveUpOnImages(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		tick := time.NewTicker(imagePoll)
		defer tick.Stop()
		since := map[string]time.Time{} // by image
		looked := false
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			missing, err := e.missingImages(ctx)
			if err != nil {
				continue // what watches the proof says so
			}
			if len(missing) > 0 && !looked { // a node may have lost an image that it had
				looked = true
				if err := e.Images.Look(ctx, e.folder.Scenario.Spec.Images); err != nil {
					e.Log.Warn("look for the drill's images on the nodes", "error", err)
				}
			}
			for image := range since {
				if _, still := missing[image]; !still {
					delete(since, image)
				}
			}
			for image, why := range missing {
				if since[image].IsZero() {
					since[image] = e.Now()
				}
				if e.Now().Sub(since[image]) >= imageGrace {
					cancel(fmt.Errorf("%s: the image %s cannot be had: %s", e.fileWith(image), image, why))
					return
				}
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// missingImages are the images that pods of the run's namespace wait for, with what the
// kubelet says of each.
func (e *Engine) missingImages(ctx context.Context) (map[string]string, error) {
	pods, err := e.Client.CoreV1().Pods(e.run.Created.Run).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return nil, err
	}
	missing := map[string]string{}
	for _, pod := range pods.Items {
		for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			if w := c.State.Waiting; w != nil && lacksImage(w) {
				missing[c.Image] = strings.TrimSpace(w.Reason + ": " + w.Message)
			}
		}
	}
	return missing, nil
}

func lacksImage(w *corev1.ContainerStateWaiting) bool {
	switch w.Reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull":
		return true
	}
	return false
}

// fileWith is the file that names the image: a manifest, or what a step of the set-up applies.
func (e *Engine) fileWith(image string) string {
	files, err := e.manifestFiles()
	if err != nil {
		return "manifests"
	}
	for _, step := range e.plan.Setup {
		if apply, is := step.Injector.(*injectors.Apply); is && apply.File != "" {
			files = append(files, apply.File)
		}
	}
	short := strings.TrimPrefix(strings.TrimPrefix(image, "docker.io/"), "library/")
	for _, file := range append(files, scenario.FileName) {
		if data, err := e.folder.File(file); err == nil && bytes.Contains(data, []byte(short)) {
			return file
		}
	}
	return "manifests"
}
