package cluster

import (
	"context"
	"errors"
	"fmt"

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
		Config: want, CreatedAt: m.now().UTC(), NetworkCreated: !network,
	}
	if err := s.save(m.home); err != nil {
		return nil, err
	}
	if err := m.build(ctx, s, options.ExportKubeconfig); err != nil {
		m.status.End(false)
		m.mute() // kind may still be talking
		return nil, m.undo(ctx, s, err)
	}
	return m.cluster(s), nil
}

// build does the steps of make that leave something behind.
func (m *Manager) build(ctx context.Context, s *state, exported bool) error {
	if err := writeNodeDir(m.home, s.Name, s.ID); err != nil {
		return err
	}
	if err := m.ensureImage(ctx, s.Config); err != nil {
		return err
	}
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
	done := make(chan error, 1)
	go func() {
		done <- m.engine.Create(s.Name, config, s.Config.Image, adminKubeconfigPath(m.home, s.Name))
	}()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("create cluster %q with kind: %w", s.Name, err)
		}
		return nil
	case <-ctx.Done():
		m.status.End(false)
		m.mute()
		m.status.Start("Interrupted: removing cluster %q again", s.Name)
		return errors.Join(context.Cause(ctx), m.abort(ctx, s, done))
	}
}

// abort removes nodes as they appear until kind's Create has returned.
func (m *Manager) abort(ctx context.Context, s *state, done <-chan error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.limits.abort)
	defer cancel()
	err := wait.PollUntilContextCancel(ctx, m.limits.poll, true, func(ctx context.Context) (bool, error) {
		select {
		case <-done: // its error is ours: we took the nodes away
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
	found := &finding{name: s.Name, state: s}
	if err := m.purge(context.WithoutCancel(ctx), found); err != nil {
		return errors.Join(cause, fmt.Errorf("remove what was made of cluster %q (run `firedrill down%s` to try again): %w", s.Name, nameFlag(s.Name), err))
	}
	return cause
}
