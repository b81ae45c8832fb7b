package cli

import (
	"context"
	"errors"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/session"
)

// begin opens the run: its name, its node, its journal, its referee. A run that is returned
// with an error was opened, and is to be given up.
func (f *Factory) begin(ctx context.Context, c *cluster.Cluster, folder *scenario.Folder, created drill.Created, webhook string) (*openRun, error) {
	created.Cluster, created.ClusterID = c.Name(), c.ID()
	if created.TimeLimit == 0 {
		created.TimeLimit = folder.Scenario.Spec.TimeLimit.Std()
	}
	created.Variant = folder.Variant
	run, err := f.register(ctx, c, folder.Scenario.Spec, created)
	if err != nil {
		return nil, err
	}
	r, err := f.openRun(run)
	if err != nil {
		return nil, err
	}
	if webhook != "" { // kept apart from the journal: whoever has the URL can post
		if err := r.store.WriteFile(run, webhookFile, []byte(webhook+"\n")); err != nil {
			return r, err
		}
	}
	return r, f.ensureReferee(ctx, r)
}

// register gives the run its name and its place and opens its journal, while no other
// process does the same: two drills never get one worker.
func (f *Factory) register(ctx context.Context, c *cluster.Cluster, spec scenario.Spec, created drill.Created) (run string, err error) {
	h, err := f.Home()
	if err != nil {
		return "", err
	}
	store, err := f.store()
	if err != nil {
		return "", err
	}
	lock, err := home.Acquire(ctx, h.PlacesLock(), func() { f.Log.Debug("waiting for another start") })
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if created.Run, err = session.NewID(spec.Namespace); err != nil {
		return "", err
	}
	if err := f.besideExams(c.ID(), store, spec, created); err != nil {
		return "", err
	}
	if created.Node, created.NodeSelector, err = f.place(ctx, c, store, spec, created); err != nil {
		return "", err
	}
	created.Addon = spec.BreaksAddon
	folder, err := loadFolder(created) // now with the run's own names
	if err != nil {
		return "", err
	}
	created.Vars, created.Title = folder.Told(), folder.Scenario.Metadata.Title
	journal, err := store.Create(created.Run)
	if err != nil {
		return "", err
	}
	return created.Run, drill.Begin(ctx, journal, created)
}
