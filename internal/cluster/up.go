package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/firedrill/firedrill/internal/home"
)

// Up provides the cluster that options ask for: the existing one when it is ours,
// healthy and made from the same configuration (reused is then true), else a new one.
// When it fails, or ctx is done, nothing of a new cluster is left behind. Its errors
// are *UsageError, *NotReadyError, *ForeignError, *DiffersError, *UnhealthyError, or
// whatever kind, the engine or the API server said.
func (m *Manager) Up(ctx context.Context, options Options) (c *Cluster, reused bool, err error) {
	if options.Name == "" {
		options.Name = DefaultName
	}
	if err := validName(options.Name); err != nil {
		return nil, false, err
	}
	if err := mountable(m.home.Dir()); err != nil {
		return nil, false, err
	}
	err = m.locked(ctx, options.Name, func() error {
		c, reused, err = m.up(ctx, options)
		return err
	})
	if err != nil {
		m.status.End(false)
		return nil, false, err
	}
	return c, reused, nil
}

// mountable refuses a folder that container engines cannot mount: they separate
// its name from the rest by a colon.
func mountable(dir string) error {
	if !strings.Contains(strings.TrimPrefix(dir, filepath.VolumeName(dir)), ":") {
		return nil
	}
	return &UsageError{fmt.Sprintf("the home folder %s has a colon in its name, which container engines cannot mount: set FIREDRILL_HOME to another", dir)}
}

// locked runs work while no other process changes the same cluster.
func (m *Manager) locked(ctx context.Context, name string, work func() error) (err error) {
	lock, err := home.Acquire(ctx, m.home.ClusterLock(name), func() {
		m.status.Start("Waiting for another firedrill that works on cluster %q", name)
	})
	if err != nil {
		return err
	}
	m.status.End(true)
	defer func() {
		err = errors.Join(err, lock.Release(), m.home.RemoveEmpty())
	}()
	return work()
}

func (m *Manager) up(ctx context.Context, options Options) (*Cluster, bool, error) {
	options, err := m.adopt(options)
	if err != nil {
		return nil, false, err
	}
	want, err := m.wanted(ctx, options)
	if err != nil {
		return nil, false, err
	}
	found, err := m.find(ctx, options.Name)
	if err != nil {
		return nil, false, err
	}
	keep, why, err := m.assess(ctx, found, want, options)
	if err != nil {
		return nil, false, err
	}
	if keep {
		err := m.exportTo(found.state, options.ExportKubeconfig)
		return m.cluster(found.state), true, err
	}
	if why != "" {
		m.status.Say("%s", why)
		if err := m.purge(ctx, found); err != nil {
			return nil, false, err
		}
	}
	made, err := m.make(ctx, options, want)
	return made, false, err
}

// adopt asks for what the cluster that is there was made from, where that is wanted.
func (m *Manager) adopt(options Options) (Options, error) {
	if !options.AsItIs {
		return options, nil
	}
	workers, image, found, err := m.MadeFrom(options.Name)
	if err != nil || !found {
		return options, err
	}
	options.Workers, options.Image = workers, image
	return options, nil
}

// MadeFrom tells how many workers a cluster of ours has and which node image it was made
// from; found is false when there is none.
func (m *Manager) MadeFrom(name string) (workers int, image string, found bool, err error) {
	if err := validName(name); err != nil {
		return 0, "", false, err
	}
	s, err := loadState(m.home, name)
	if err != nil || s == nil || s.Phase != phaseReady {
		return 0, "", false, err
	}
	return s.Config.Workers, s.Config.Image, true, nil
}

// assess decides what becomes of what is there: it is kept, or it is removed, with
// a sentence that says why ("" when there is nothing).
func (m *Manager) assess(ctx context.Context, found *finding, want Config, options Options) (keep bool, why string, err error) {
	name := options.Name
	switch {
	case found.state == nil && len(found.ours) == 0:
		return false, "", nil
	case found.state == nil:
		return false, fmt.Sprintf("Cluster %q is what an earlier firedrill left behind: it is removed first.", name), nil
	case found.state.Phase != phaseReady:
		return false, fmt.Sprintf("An earlier `up` of cluster %q was cut short: what it left is removed first.", name), nil
	case len(found.ours) == 0:
		return false, fmt.Sprintf("The containers of cluster %q are gone: it is made anew.", name), nil
	}
	if diffs := found.state.Config.Differences(want); len(diffs) > 0 && !options.AsItIs {
		if !options.Recreate {
			return false, "", &DiffersError{Name: name, Differences: diffs}
		}
		return false, fmt.Sprintf("Cluster %q is made anew: %s.", name, strings.Join(diffs, "; ")), nil
	}
	sick := m.revive(ctx, found)
	var foreign *ForeignError
	switch {
	case sick == nil:
		return true, "", nil
	case ctx.Err() != nil:
		return false, "", context.Cause(ctx)
	case errors.As(sick, &foreign):
		return false, "", sick
	}
	if err := refuseInUse(found.state.ID, sick, options); err != nil {
		return false, "", err
	}
	return false, fmt.Sprintf("Cluster %q is there but not healthy (%v): it is made anew.", name, sick), nil
}

// refuseInUse is an error when runs are under way on a cluster that is to be made anew.
func refuseInUse(id string, sick error, options Options) error {
	if options.InUse == nil || options.Recreate {
		return nil
	}
	used, err := options.InUse(id)
	if err == nil && used {
		err = &UnhealthyError{Name: options.Name, Why: sick.Error()}
	}
	return err
}

// revive returns nil when the cluster is healthy, at once or after the time that a
// restarted engine needs to bring its nodes back; else the last thing seen.
func (m *Manager) revive(ctx context.Context, found *finding) error {
	wanted := found.state.Config.Workers + 1
	if len(found.ours) != wanted {
		return fmt.Errorf("it has %d of its %d node containers", len(found.ours), wanted)
	}
	var stopped []string
	for _, node := range found.ours {
		if !node.Running {
			stopped = append(stopped, node.Name)
		}
	}
	if len(stopped) > 0 {
		m.status.Start("Starting the stopped nodes %s", strings.Join(stopped, ", "))
		if err := m.engine.Start(ctx, stopped...); err != nil {
			return fmt.Errorf("start its stopped nodes: %w", err)
		}
	}
	m.status.Start("Checking cluster %q", found.state.Name)
	config, err := restConfig(refereeKubeconfigPath(m.home, found.state.Name))
	if err != nil {
		return err
	}
	client, err := m.connect(config)
	if err != nil {
		return err
	}
	check := readiness{client: client, nodes: wanted, owner: found.state, leases: leaseWatch{now: m.now}}
	err = m.waitReady(ctx, &check, m.limits.revive)
	m.status.End(err == nil)
	return err
}

func (m *Manager) cluster(s *state) *Cluster {
	return &Cluster{name: s.Name, home: m.home, state: s, engine: m.engine}
}

// exportTo adds the cluster to the user's own kubeconfig if that is wanted.
func (m *Manager) exportTo(s *state, wanted bool) error {
	if !wanted {
		return nil
	}
	plan, err := planExport()
	if err != nil {
		return err
	}
	if s.Export != nil && s.Export.Path != plan.Path { // an entry stands in one file, where it is taken away from
		if err := s.Export.remove(s.Name); err != nil {
			return err
		}
		s.Export = nil
	}
	if s.Export == nil {
		s.Export = plan
		if err := s.save(m.home); err != nil {
			return err
		}
	}
	return s.Export.write(m.home, s.Name)
}
