package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/firedrill/firedrill/injectors"
	"github.com/firedrill/firedrill/internal/appimage"
	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/podexec"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/traffic"
	"github.com/firedrill/firedrill/internal/trainee"
	"github.com/firedrill/firedrill/verifier"
)

// traineeKubeconfig is the name of the trainee's kubeconfig in the run's folder.
const traineeKubeconfig = "kubeconfig"

// newReferee wires a referee to its cluster.
func (f *Factory) newReferee(ctx context.Context, r *openRun, log *slog.Logger) (*refereeEngine, error) {
	folder, err := loadFolder(r.Created)
	if err != nil {
		return nil, err
	}
	c, err := f.runCluster(ctx, r.Run)
	if err != nil {
		return nil, err
	}
	config, err := c.RESTConfig()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect to cluster %s: %w", c.Name(), err)
	}
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect to cluster %s: %w", c.Name(), err)
	}
	referee, err := appimage.RefereeImage()
	if err != nil {
		return nil, err
	}
	trail, err := newTrail(ctx, c, r.name(), log)
	if err != nil {
		return nil, err
	}
	h, err := f.Home()
	if err != nil {
		return nil, err
	}
	store := r.store
	record, err := traffic.Open(filepath.Join(store.Dir(r.name()), traffic.FileName), folder.Scenario.Spec.Traffic)
	if err != nil {
		return nil, err
	}
	users := &users{Record: record, client: client, run: r.name(), image: referee.Name, streams: folder.Scenario.Spec.Traffic, log: log}
	notifier, err := r.notifier()
	if err != nil {
		return nil, errors.Join(err, record.Close())
	}
	engine, err := drill.NewEngine(folder, drill.Deps{
		Journal: r.journal, Files: store, Client: client, Dynamic: dyn,
		Mapper: injectors.NewMapper(client.Discovery()), Nodes: c, ControlPlane: trail.Follower.Node, Pods: podexec.New(config, client),
		Images:  &imageLoader{client: client, cluster: c, builder: appimage.NewBuilder(h.Cache()), referee: referee, selector: r.NodeSelector},
		Trainee: trainee.New(client, config, r.NodeSelector, func(run string) string { return filepath.Join(store.Dir(run), traineeKubeconfig) }),
		Users:   users, Actions: trail, Runner: &verifier.Runner{}, Now: time.Now, Log: log, RefereeImage: referee.Name,
		Notifier: notifier, ClusterGone: func() (bool, error) { return f.clusterRemoved(r.Run) },
	})
	if err != nil {
		return nil, errors.Join(err, record.Close())
	}
	return &refereeEngine{Engine: engine, close: record.Close}, nil
}

// refereeEngine is an engine with what is to be closed after it.
type refereeEngine struct {
	*drill.Engine
	close func() error
}

// runCluster is the cluster that the run was begun on: the same one, not another of
// the same name.
func (f *Factory) runCluster(ctx context.Context, r *drill.Run) (*cluster.Cluster, error) {
	m, err := f.Clusters(ctx, f.IO.NewStatus())
	if err != nil {
		return nil, err
	}
	c, err := m.Get(ctx, r.Cluster)
	if err != nil {
		return nil, err
	}
	if c.ID() != r.ClusterID {
		return nil, fmt.Errorf("run %s was begun on another cluster named %s, which is gone: %w", r.Created.Run, r.Cluster, errClusterGone)
	}
	return c, nil
}

var errClusterGone = errors.New("the run's cluster is gone")

// imageLoader makes the drill's images and loads them into every node.
type imageLoader struct {
	client  kubernetes.Interface
	cluster *cluster.Cluster
	builder *appimage.Builder
	referee scenario.Image

	selector string // of the nodes that the run's pods run on; "" selects all

	archived map[string]cluster.Image // by name: to make one reads the whole binary
}

// Loaded tells whether the images were seen on the run's nodes before.
func (l *imageLoader) Loaded(ctx context.Context, images []scenario.Image) (bool, error) {
	nodes, load, err := l.wanted(ctx, images)
	return err == nil && l.cluster.WereLoaded(nodes, load), err
}

// Load loads the images, and the referee's own, onto the run's nodes.
func (l *imageLoader) Load(ctx context.Context, images []scenario.Image) error {
	nodes, load, err := l.wanted(ctx, images)
	if err != nil {
		return err
	}
	return l.cluster.LoadImages(ctx, nodes, load)
}

// Look is Load that takes nothing for there.
func (l *imageLoader) Look(ctx context.Context, images []scenario.Image) error {
	nodes, load, err := l.wanted(ctx, images)
	if err != nil {
		return err
	}
	return l.cluster.LookForImages(ctx, nodes, load)
}

// wanted are the nodes that need the images, and the images with the referee's own.
func (l *imageLoader) wanted(ctx context.Context, images []scenario.Image) (nodes []string, load []cluster.Image, err error) {
	nodes, arch, err := l.nodes(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, image := range append([]scenario.Image{l.referee}, images...) {
		made, there := l.archived[image.Name]
		if !there {
			ref, id, open, err := l.builder.Archive(ctx, arch, image)
			if err != nil {
				return nil, nil, err
			}
			made = cluster.Image{Ref: ref, ID: id, Open: open}
			if l.archived == nil {
				l.archived = map[string]cluster.Image{}
			}
			l.archived[image.Name] = made
		}
		load = append(load, made)
	}
	return nodes, load, nil
}

// nodes are the nodes that the run's pods and its prober may be on, and their
// architecture. Other nodes may be broken by other drills just now.
func (l *imageLoader) nodes(ctx context.Context) (names []string, arch string, err error) {
	list, err := l.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, "", fmt.Errorf("read the nodes' architecture: %w", err)
	}
	selector, err := labels.Parse(l.selector)
	if err != nil {
		return nil, "", fmt.Errorf("read the run's node selector: %w", err)
	}
	for _, node := range list.Items {
		_, controlPlane := node.Labels["node-role.kubernetes.io/control-plane"]
		if controlPlane || selector.Matches(labels.Set(node.Labels)) {
			names, arch = append(names, node.Name), node.Status.NodeInfo.Architecture
		}
	}
	if len(names) == 0 {
		return nil, "", errors.New("the cluster has no nodes")
	}
	return names, arch, nil
}

// users binds the traffic package to one run.
type users struct {
	*traffic.Record
	client  kubernetes.Interface
	run     string
	image   string
	streams []scenario.Traffic
	log     *slog.Logger
}

// Deploy starts the prober.
func (u *users) Deploy(ctx context.Context) error {
	return traffic.Deploy(ctx, u.client, u.run, u.run, u.image, u.streams)
}

// Remove stops the prober.
func (u *users) Remove(ctx context.Context) error { return traffic.Remove(ctx, u.client, u.run) }

// Follow keeps the prober alive and the record up to date with its log, until ctx ends.
func (u *users) Follow(ctx context.Context) error {
	if len(u.streams) == 0 {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { traffic.Keep(ctx, u.client, u.run, u.run, u.image, u.streams, u.log) })
	err := u.Record.Follow(ctx, traffic.NewPodLog(u.client, u.run))
	cancel()
	wg.Wait()
	return err
}

// Summary is what the report says of the users.
func (u *users) Summary(_ context.Context, m drill.Moments) ([]byte, error) {
	return json.Marshal(map[string]any{"streams": u.Summaries(trafficMoments(m))})
}

// trafficMoments are a run's moments as the record of its users wants them.
func trafficMoments(m drill.Moments) traffic.Moments {
	moments := traffic.Moments{From: m.From, FaultAt: m.FaultAt, PagedAt: m.PagedAt, RecoveredAt: m.RecoveredAt, DecidedAt: m.DecidedAt}
	for _, s := range m.Disturbed {
		moments.Disturbed = append(moments.Disturbed, traffic.Span{From: s.From, To: s.To})
	}
	return moments
}
