package drill

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

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
