package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/iostreams"
)

// Manager makes, finds and removes firedrill's clusters on one container engine.
type Manager struct {
	home    home.Home
	status  *iostreams.Status
	engine  engine
	getenv  func(string) string
	now     func() time.Time
	connect func(*rest.Config) (kubernetes.Interface, error)
	mute    func() // nothing that kind says is shown any more
	limits  limits
}

// limits are how long the manager waits for what it cannot hurry.
type limits struct {
	ready   time.Duration // a new cluster to become ready once kind is through
	revive  time.Duration // an existing cluster to become ready again
	abort   time.Duration // kind's Create to return after its containers were removed
	remove  time.Duration // the removal of containers and files
	settle  time.Duration // how long no container may appear before a removal counts as done
	poll    time.Duration // between two looks
	request time.Duration // one question to an API server that should answer at once
}

func defaultLimits() limits {
	return limits{
		ready: 3 * time.Minute, revive: 90 * time.Second, abort: time.Minute, remove: time.Minute,
		settle: 3 * time.Second, poll: 250 * time.Millisecond, request: 5 * time.Second,
	}
}

// NewManager returns a manager that uses the container engine kind would use:
// $KIND_EXPERIMENTAL_PROVIDER, else the first one installed. It talks to no engine
// yet. Steps are shown on status; debug lines go to log.
func NewManager(ctx context.Context, h home.Home, status *iostreams.Status, log *slog.Logger, getenv func(string) string) *Manager {
	logger := &kindLogger{status: status, log: log}
	return &Manager{
		home:   h,
		status: status,
		engine: detectEngine(ctx, getenv, logger),
		mute:   func() { logger.muted.Store(true) },
		getenv: getenv,
		now:    time.Now,
		connect: func(config *rest.Config) (kubernetes.Interface, error) {
			return kubernetes.NewForConfig(config)
		},
		limits: defaultLimits(),
	}
}

// Options say which cluster Up is to provide.
type Options struct {
	Name    string // DefaultName when empty
	Workers int    // number of worker nodes, 0 or more
	Image   string // node image; empty: $FIREDRILL_NODE_IMAGE, else the locally built one, else kind's default

	// ExportKubeconfig also puts the administrator's access into the user's own
	// kubeconfig ($KUBECONFIG or ~/.kube/config), where Down removes it again.
	ExportKubeconfig bool

	// AsItIs takes a cluster of ours that is there for what is asked for, whatever it was
	// made from: Workers and Image are for a new one. If it must be made anew, it gets as
	// many workers and the same image.
	AsItIs bool

	// Recreate replaces a cluster of ours whose configuration differs.
	Recreate bool

	// InUse tells whether runs are under way on the cluster with the given ID. Such
	// a cluster is never recreated just because a node is not ready: a drill may
	// have broken it. Nil means that nothing runs.
	InUse func(clusterID string) (bool, error)
}

// DefaultWorkers is the number of worker nodes when none is asked for.
const DefaultWorkers = 2

// validName is what kind accepts (its pkg/internal/apis/config/validate.go), short
// enough for a host name with kind's longest suffix.
func validName(name string) error {
	if !regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`).MatchString(name) || len(name) > 40 {
		return &UsageError{fmt.Sprintf("cluster name %q: use at most 40 lower-case letters, digits and dashes, with no dash at either end", name)}
	}
	return nil
}
