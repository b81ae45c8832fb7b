package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/util/wait"
)

// make creates a cluster where there is none. Whatever goes wrong, or when ctx is
// done, it removes what it made before it returns.
func (m *Manager) make(ctx context.Context, options Options, want Config) (*Cluster, error) {
	network, err := m.engine.NetworkExists(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for kind's network: %w", err)
	}
	s := &state{
		Version: stateVersion, Name: options.Name, ID: newID(), Phase: phaseCreating,
		Config: want, CreatedAt: m.now().UTC(), NetworkCreated: !network || m.madeNetwork(want.Provider),
	}
	if err := s.save(m.home); err != nil {
		return nil, err
	}
	if err := m.build(ctx, s, options.ExportKubeconfig); err != nil {
		return nil, m.undo(ctx, s, err)
	}
	return m.cluster(s), nil
}

// madeNetwork tells whether kind's network on that engine was made for another cluster of
// ours: then the last of them takes it away, whichever it is. A state that cannot be read
// claims nothing.
func (m *Manager) madeNetwork(provider string) bool {
	dirs, err := os.ReadDir(m.home.Clusters())
	if err != nil {
		return false
	}
	for _, dir := range dirs {
		s, err := loadState(m.home, dir.Name())
		if err == nil && s != nil && s.NetworkCreated && s.Config.Provider == provider {
			return true
		}
	}
	return false
}

// build does the steps of make that leave something behind.
func (m *Manager) build(ctx context.Context, s *state, exported bool) error {
	if err := writeNodeDir(m.home, s.Name, s.ID); err != nil {
		return err
	}
	// Kept: the next Up compares with it.
	id, err := m.ensureImage(ctx, s.Config)
	if err != nil {
		return err
	}
	s.Config.ImageID = id
	m.status.Say("Creating cluster %q ...", s.Name)
	if err := m.createNodes(ctx, s); err != nil {
		return err
	}
	if err := m.settleIn(ctx, s); err != nil {
		return err
	}
	if err := m.exportTo(s, exported); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	s.Phase = phaseReady
	return s.save(m.home)
}

// createNodes runs kind's Create, which knows no context. When ctx is done, the
// node containers are taken away under it, so that it returns soon.
func (m *Manager) createNodes(ctx context.Context, s *state) error {
	config, err := kindConfig(s.Config, nodeDir(m.home, s.Name, s.ID))
	if err != nil {
		return err
	}
	var failed error
	done := make(chan struct{})
	go func() {
		defer close(done)
		failed = m.engine.Create(s.Name, config, s.Config.Image, adminKubeconfigPath(m.home, s.Name))
	}()
	select {
	case <-done:
		if failed != nil {
			return fmt.Errorf("create cluster %q with kind: %w", s.Name, failed)
		}
		return nil
	case <-ctx.Done():
		return &abortedError{cause: context.Cause(ctx), done: done}
	}
}

// abortedError says that kind was still at work when the context was done; done
// tells when it is through.
type abortedError struct {
	cause error
	done  <-chan struct{}
}

func (e *abortedError) Error() string { return e.cause.Error() }

func (e *abortedError) Unwrap() error { return e.cause }

// abort removes nodes as they appear until kind's Create has returned.
func (m *Manager) abort(ctx context.Context, s *state, done <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, m.limits.abort)
	defer cancel()
	err := wait.PollUntilContextCancel(ctx, m.limits.poll, true, func(ctx context.Context) (bool, error) {
		select {
		case <-done: // whatever it says now: we took its nodes away
			return true, nil
		default:
		}
		_, err := m.removeNodes(ctx, s.Name, s)
		return false, err
	})
	if err != nil {
		return fmt.Errorf("stop the creation of cluster %q: %w", s.Name, err)
	}
	return nil
}

// undo removes what a failed make left, and says so if that fails as well.
func (m *Manager) undo(ctx context.Context, s *state, cause error) error {
	ctx = context.WithoutCancel(ctx)
	m.mute() // kind may go on talking
	m.status.End(false)
	m.status.Start("Removing what was made of cluster %q", s.Name)
	err := m.undoSteps(ctx, s, cause)
	m.status.End(err == nil)
	if err != nil {
		return errors.Join(cause, &LeftError{Name: s.Name, Err: err})
	}
	return cause
}

func (m *Manager) undoSteps(ctx context.Context, s *state, cause error) error {
	var aborted *abortedError
	if errors.As(cause, &aborted) {
		if err := m.abort(ctx, s, aborted.done); err != nil {
			return err
		}
	}
	return m.purge(ctx, &finding{name: s.Name, state: s})
}
