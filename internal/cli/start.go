package cli

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
)

type startOptions struct {
	factory  *Factory
	scenario string
	seed     int64
	variant  string
	limit    time.Duration
	proof    time.Duration
	detach   bool
	output   string
	mode     string
	webhook  string
	exam     string // that the run belongs to
	examItem int    // its place in it, from 1
	examSum  string // SHA-256 of its file

	scenarioDirs []string // where the exam's scenarios of one's own lie
	metrics      string   // address to serve metrics on meanwhile; "" serves none
}

func newStart(f *Factory) *cobra.Command {
	o := &startOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "start NAME",
		GroupID: groupDrill,
		Short:   "Start a drill: prove it healthy, break it, page you, watch the repair",
		Long: `Start a drill on firedrill's own cluster, which is made first when there is none.

The command shows the drill until its verdict. Work in a second terminal, with the
kubeconfig it prints, or in firedrill shell RUN. Ctrl-C ends the drill and takes
everything away. With --detach the command returns as soon as the fault is proven.`,
		Example: `  firedrill start oomkilled
  firedrill start node-notready --detach -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.scenario = args[0]
			if !slices.Contains(drill.Modes(), o.mode) {
				return usageErrorf("--mode %q: use %s", o.mode, strings.Join(drill.Modes(), ", "))
			}
			if !cmd.Flags().Changed("seed") {
				seed, err := randomSeed()
				if err != nil {
					return err
				}
				o.seed = seed
			}
			return runStart(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.Int64Var(&o.seed, "seed", 0, "seed of what varies from run to run (default: random; it is in the report)")
	flags.StringVar(&o.variant, "variant", "", "which variant of the scenario (default: the seed draws one; firedrill show NAME --answers lists them)")
	flags.DurationVar(&o.limit, "time-limit", 0, "how long the trainee has (default: what the scenario says)")
	proofTimeoutFlag(flags, &o.proof)
	flags.BoolVar(&o.detach, "detach", false, "return when the fault is proven; a referee goes on in the background")
	flags.StringVar(&o.mode, "mode", string(drill.ModeTraining),
		"training: hints are free and the checks are shown; graded: hints cost, the checks are hidden until the verdict; exam: no hints either")
	webhookFlag(flags, &o.webhook)
	flags.StringVar(&o.metrics, "metrics", "", "serve the runs' Prometheus metrics on this address meanwhile, such as localhost:9130")
	outputFlag(cmd, &o.output, "text", "json")
	return cmd
}

func webhookFlag(flags *pflag.FlagSet, into *string) {
	flags.StringVar(into, "webhook", "", "URL that gets the page, the updates and the verdict as Slack-compatible JSON (default: $"+envWebhook+")")
}

func proofTimeoutFlag(flags *pflag.FlagSet, into *time.Duration) {
	flags.DurationVar(into, "proof-timeout", drill.DefaultProofTimeout, "how long the system may take to be healthy, and the fault to show")
}

// minTimeLimit is the shortest time limit that a trainee can be given.
const minTimeLimit = 10 * time.Second

func randomSeed() (int64, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, fmt.Errorf("choose a seed: %w", err)
	}
	return int64(binary.BigEndian.Uint32(b[:]) & 0x7fffffff), nil
}

func runStart(ctx context.Context, o *startOptions) error {
	f := o.factory
	if o.limit != 0 && o.limit < minTimeLimit {
		return usageErrorf("--time-limit %s: it is at least %s", o.limit, minTimeLimit)
	}
	if o.output == outputJSON && !o.detach {
		return usageErrorf("-o json needs --detach: the foreground view is for people (firedrill status RUN -o json)")
	}
	if o.metrics != "" && o.detach {
		return usageErrorf("--metrics needs the foreground: with --detach, run firedrill metrics --addr %s", o.metrics)
	}
	stop, err := f.serveMetrics(ctx, o.metrics)
	if err != nil {
		return err
	}
	return errors.Join(playRun(ctx, o), stop())
}

// playRun plays a run: to its page, or to its end.
func playRun(ctx context.Context, o *startOptions) error {
	f := o.factory
	r, c, err := f.startRun(ctx, o)
	if err != nil {
		return err
	}
	if o.detach {
		return f.printStarted(ctx, r, c, o.output)
	}
	if err := f.printPage(r); err != nil {
		return err
	}
	return f.finish(ctx, r, f.showUntilDecided(ctx, r))
}

// refuseInExam keeps drills that are no exam from being begun while one is sat: their hints
// and their ends would tell its answers.
func (f *Factory) refuseInExam(o *startOptions) error {
	if o.exam != "" {
		return nil
	}
	open, err := f.openExams()
	if err != nil || len(open) == 0 { // an exam that cannot be read keeps nobody from a drill
		return nil //nolint:nilerr // said
	}
	return usageErrorf("exam %s is under way: other drills are begun when it is over (firedrill exam next %s goes on with it, firedrill exam end %s gives it up)",
		open[0].id, open[0].id, open[0].id)
}

// startRun brings a run to its page, or takes away again what it made.
func (f *Factory) startRun(ctx context.Context, o *startOptions) (*openRun, *cluster.Cluster, error) {
	if err := f.refuseInExam(o); err != nil {
		return nil, nil, err
	}
	dirs, err := f.absoluteScenarioDirs()
	if err != nil {
		return nil, nil, err
	}
	if o.exam != "" {
		dirs = o.scenarioDirs
	}
	webhook, err := f.webhookURL(o.webhook)
	if err != nil {
		return nil, nil, err
	}
	created := drill.Created{
		Mode: drill.Mode(o.mode), Exam: o.exam, ExamItem: o.examItem, ExamSHA256: o.examSum,
		Scenario: o.scenario, Seed: o.seed, Variant: o.variant, TimeLimit: o.limit, ProofTimeout: o.proof, Version: version(), ScenarioDirs: dirs,
	}
	folder, err := loadFolder(created) // refused before any cluster is touched
	if err != nil {
		return nil, nil, err
	}
	c, err := f.ensureCluster(ctx)
	if err != nil {
		return nil, nil, err
	}
	start := func() (*openRun, error) { return f.startOn(ctx, c, folder, created, webhook) }
	if o.exam == "" {
		r, err := start()
		return r, c, err
	}
	r, err := placed(ctx, start, func(reason error) error {
		return write(f.IO.Err, "Waiting, for %s at most: %v\n", inUseLimit, reason)
	})
	return r, c, err
}

// absoluteScenarioDirs are the folders of --scenarios as a referee elsewhere finds them.
func (f *Factory) absoluteScenarioDirs() ([]string, error) {
	var dirs []string
	for _, dir := range f.ScenarioDirs {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("--scenarios %s: %w", dir, err)
		}
		dirs = append(dirs, abs)
	}
	return dirs, nil
}

// startOn brings a run to its page on a cluster that is there. One that failed and is left
// for inspection is returned with its error.
func (f *Factory) startOn(ctx context.Context, c *cluster.Cluster, folder *scenario.Folder, created drill.Created, webhook string) (*openRun, error) {
	r, err := f.begin(ctx, c, folder, created, webhook)
	if err == nil {
		err = f.showUntilPaged(ctx, r)
	}
	if r != nil && err != nil && r.LeftFailed() {
		return r, err
	}
	if r != nil && err != nil {
		return nil, f.giveUpStart(ctx, r, err)
	}
	return r, err
}

// ensureCluster provides firedrill's cluster: the one that is there, brought back when it
// is stopped, whatever it was made from, or a new one with as many workers as a default one has.
func (f *Factory) ensureCluster(ctx context.Context) (*cluster.Cluster, error) {
	return f.ensureClusterOf(ctx, cluster.DefaultWorkers)
}

func (f *Factory) ensureClusterOf(ctx context.Context, workers int) (*cluster.Cluster, error) {
	status := f.IO.NewStatus()
	clusters, err := f.Clusters(ctx, status)
	if err != nil {
		return nil, err
	}
	c, err := clusters.Get(ctx, f.ClusterName)
	if err == nil {
		return c, nil
	}
	f.Log.Debug("no cluster to reuse", "error", err)
	c, _, err = clusters.Up(ctx, cluster.Options{Name: f.ClusterName, Workers: workers, AsItIs: true, InUse: f.inUse})
	if err != nil {
		return nil, err
	}
	return c, f.abandonRuns(ctx, status) // of the cluster that this one replaces
}

// started is what "start --detach -o json" prints: a contract (docs/cli.md).
type started struct {
	Run        string   `json:"run"`
	Scenario   string   `json:"scenario"`
	Namespace  string   `json:"namespace"`
	Kubeconfig string   `json:"kubeconfig"`
	Nodes      []string `json:"nodes"`
	Node       string   `json:"node"` // "": it broke none, or an exam does not tell
	Seed       int64    `json:"seed"`
	Mode       string   `json:"mode"`
}

func (f *Factory) printStarted(ctx context.Context, r *openRun, c *cluster.Cluster, output string) error {
	if output != outputJSON {
		return f.printPage(r)
	}
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return err
	}
	s := started{
		Run: r.name(), Scenario: r.ToldScenario(), Namespace: r.name(), Kubeconfig: r.kubeconfig(), Node: r.ToldNode(), Seed: r.Seed, Mode: string(r.InMode()),
		Nodes: []string{},
	}
	for _, n := range nodes {
		s.Nodes = append(s.Nodes, n.Name)
	}
	return f.printJSON(s)
}

func (r *openRun) kubeconfig() string { return filepath.Join(r.store.Dir(r.name()), traineeKubeconfig) }
