package cluster

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

func TestUpFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("kubeadm init failed")
	for _, tc := range []struct {
		name   string
		nodes  int
		ready  time.Duration
		create func(e *fakeEngine, name string, config *v1alpha4.Cluster, kubeconfig string) error
		want   string
	}{
		{"kind fails half way", 3, time.Minute, func(e *fakeEngine, name string, config *v1alpha4.Cluster, _ string) error {
			e.addNodes(name, config)
			return broken
		}, "kubeadm init failed"},
		{"a container comes late", 3, time.Minute, func(e *fakeEngine, name string, config *v1alpha4.Cluster, _ string) error {
			time.AfterFunc(20*time.Millisecond, func() { e.addNodes(name, config) })
			return broken
		}, "kubeadm init failed"},
		{"a node never joins", 2, 3 * time.Second, nil, "2 of 3 nodes have joined"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, tc.nodes)
			f.engine.create = tc.create
			f.limits.ready = tc.ready
			_, _, err := f.Up(t.Context(), Options{Workers: 2})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Up = %v, want %q", err, tc.want)
			}
			nothingLeft(t, f)
			if f.engine.network {
				t.Error("kind's network is left")
			}
		})
	}
}

func TestUpInterrupted(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	for _, tc := range []struct {
		name   string
		create func(cancel func()) func(e *fakeEngine, name string, config *v1alpha4.Cluster, kubeconfig string) error
	}{
		{"while kind works in the nodes", func(cancel func()) func(*fakeEngine, string, *v1alpha4.Cluster, string) error {
			return func(e *fakeEngine, name string, config *v1alpha4.Cluster, _ string) error {
				e.addNodes(name, config)
				cancel()
				for e.count() > 0 { // its docker exec fails once the nodes are gone
					time.Sleep(time.Millisecond)
				}
				return stop
			}
		}},
		{"while kind makes the nodes", func(cancel func()) func(*fakeEngine, string, *v1alpha4.Cluster, string) error {
			return func(e *fakeEngine, name string, config *v1alpha4.Cluster, _ string) error {
				cancel()
				time.Sleep(500 * time.Millisecond) // longer than it looks for late ones
				e.addNodes(name, config)
				return stop
			}
		}},
		{"as kind is through", func(cancel func()) func(*fakeEngine, string, *v1alpha4.Cluster, string) error {
			return func(e *fakeEngine, name string, config *v1alpha4.Cluster, kubeconfig string) error {
				defer cancel()
				return e.provision(name, config, kubeconfig)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 3)
			f.limits.settle = 20 * time.Millisecond
			ctx, cancel := context.WithCancel(t.Context())
			through, create := make(chan struct{}), tc.create(cancel)
			f.engine.create = func(e *fakeEngine, name string, config *v1alpha4.Cluster, kubeconfig string) error {
				defer close(through)
				return create(e, name, config, kubeconfig)
			}
			if _, _, err := f.Up(ctx, Options{Workers: 2}); !errors.Is(err, context.Canceled) {
				t.Errorf("Up = %v, want context.Canceled", err)
			}
			<-through
			nothingLeft(t, f)
		})
	}
}

func TestUpInterruptedWhileKindHangs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	f.limits.abort = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	f.engine.create = func(*fakeEngine, string, *v1alpha4.Cluster, string) error {
		cancel()
		<-hang
		return nil
	}
	begun := time.Now()
	if _, _, err := f.Up(ctx, Options{Workers: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("Up = %v, want context.Canceled", err)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}
