package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/prove"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/session"
)

// proveWorkers is how many workers a cluster gets that prove makes: two shared ones, and
// two that are lent to drills that break a node.
const proveWorkers = 4

type proveOptions struct {
	factory  *Factory
	names    []string
	variant  string
	only     string
	spread   bool
	parallel int
	again    int
	seed     int64
	proof    time.Duration
	script   time.Duration
	keep     bool
	output   string
}

func newProve(f *Factory) *cobra.Command {
	o := &proveOptions{factory: f}
	cmd := &cobra.Command{
		Use:     "prove [NAME|PATH...]",
		GroupID: groupAuthor,
		Short:   "Prove scenarios in both directions, on a real cluster",
		Long: `Prove that scenarios tell right from wrong, on a real cluster. For each variant of each:

  untouched   the recovery checks pass the healthy system; the fault shows its symptom;
              nobody repairs it, and it is not recovered at its time limit
  solution    every script in solutions/ is recovered
  wrong-fix   every script in wrong-fixes/ changes something, and is refused by the name
              it says and by no other

and that nothing of a run is left after its end: no object, and of the node that it broke
no unit and no file that is not as it was.
A NAME is one of firedrill list, a PATH a scenario's folder; without either, all are
proven but those that say that they are drafts. Cases run side by side; those that break a node get a worker of their own on a
cluster with more than two (firedrill up --workers 4), and else run alone, last. One that breaks metrics-server runs beside
those of scenarios that have nothing to do with metrics; alone, at the end, with --keep and where no worker is lent.
As many run side by side as the machine of the cluster has processors, and one more every five seconds while these
are idle for a tenth of the time and 2 GiB of memory are free; --parallel says how many instead.

A machine that is too busy can keep a hold from being seen without a gap. A case that failed
beside others, without a verdict that is wrong on any machine, is therefore proven once more
at the end, alone; the result says so. --again says how many may be.

The exit code is 0 when everything is proven, 1 when not, 2 for a scenario that does not
lint. The journal of a case that failed is kept: firedrill report RUN.`,
		Example: `  firedrill prove oomkilled
  firedrill prove ./my-scenarios/disk-full --only solution --keep
  firedrill prove -o junit > prove.xml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			return runProve(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.variant, "variant", "", "prove this variant only")
	flags.StringVar(&o.only, "only", "", "prove only the cases whose names match this regular expression")
	flags.BoolVar(&o.spread, "spread", false, "prove each script once, with the variants taking turns, in place of once in each variant")
	flags.IntVar(&o.parallel, "parallel", 0, "cases side by side; 0: one for each processor, and more while those of the cluster have time to spare")
	flags.IntVar(&o.again, "again", 3, "cases that failed beside others and are proven once more, alone")
	flags.Int64Var(&o.seed, "seed", 1, "seed of what varies from run to run")
	proofTimeoutFlag(flags, &o.proof)
	flags.DurationVar(&o.script, "script-timeout", prove.DefaultScriptTimeout, "how long a solution or a wrong fix may run")
	flags.BoolVar(&o.keep, "keep", false, "leave the run of a case that fails for inspection")
	outputFlag(cmd, &o.output, outputText, outputJSON, outputJUnit)
	return cmd
}

func runProve(ctx context.Context, o *proveOptions) error {
	f := o.factory
	if o.parallel < 0 {
		return usageErrorf("--parallel %d: it is at least 0", o.parallel)
	}
	if o.again < 0 {
		return usageErrorf("--again %d: it is at least 0", o.again)
	}
	cases, dirs, err := provenCases(o)
	if err != nil {
		return err
	}
	c, err := f.ensureClusterOf(ctx, proveWorkers)
	if err != nil {
		return err
	}
	b, err := f.newBench(c)
	if err != nil {
		return err
	}
	b.seed, b.proof, b.dirs = o.seed, o.proof, dirs
	if b.id, err = session.NewID("proof"); err != nil {
		return err
	}
	before, err := b.snapshot(ctx)
	if err != nil {
		return err
	}
	b.before = before
	view := newProveView(f, len(cases))
	done := func(r prove.Result) {
		view.done(r)
		if err := b.forget(r); err != nil {
			view.status.Warn("the journal of %s, which is proven, stays: %v", r.Run, err)
		}
	}
	results := prove.All(ctx, b, cases, prove.Options{
		Room: b.room(ctx, o.parallel), Workers: c.Lanes(), Keep: o.keep, ScriptTimeout: o.script, Again: o.again,
		Started: view.begun, Done: done, PutAside: view.putAside,
	})
	view.close()
	summary := summarise(results, time.Since(view.start))
	switch { // what was proven is told however it ended
	case ctx.Err() != nil:
		summary.Cluster = append(summary.Cluster, fmt.Sprintf("unknown: interrupted after %d of %d cases", len(results), len(cases)))
	case !summary.anyKept():
		after, err := b.snapshot(ctx)
		if err != nil {
			summary.Cluster = append(summary.Cluster, "unknown: "+err.Error())
			break
		}
		summary.Cluster = append(summary.Cluster, before.Diff(after)...)
	}
	if err := f.printProof(summary, o.output); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !summary.OK() {
		return &exitStatus{exitError}
	}
	return nil
}

// provenCases lists what is to be proven, and where each scenario of one's own lies.
func provenCases(o *proveOptions) ([]prove.Case, map[string][]string, error) {
	pattern, err := regexp.Compile(o.only)
	if err != nil {
		return nil, nil, usageErrorf("--only: %w", err)
	}
	entries, err := lintEntries(&lintOptions{factory: o.factory, paths: o.names})
	if err != nil {
		return nil, nil, err
	}
	dirs, err := foldersOf(entries, o.factory)
	if err != nil {
		return nil, nil, err
	}
	var cases []prove.Case
	for _, entry := range entries {
		folder, err := entry.Lint(drill.Kinds())
		if err != nil {
			return nil, nil, scenarioError(err)
		}
		if folder.Scenario.Metadata.Draft && len(o.names) == 0 {
			if err := write(o.factory.IO.Err, "Scenario %s is a draft: left out.\n", entry.Name); err != nil {
				return nil, nil, err
			}
			continue
		}
		found, err := variantCases(entry, folder, o)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range found {
			if pattern.MatchString(c.Name()) {
				cases = append(cases, c)
			}
		}
	}
	if len(cases) == 0 {
		return nil, nil, usageErrorf("nothing to prove: no case matches --only %q and --variant %q", o.only, o.variant)
	}
	return cases, dirs, nil
}

// foldersOf is where each scenario is found by its name. Of two that share one, one would be
// run in the place of both.
func foldersOf(entries []scenario.Entry, f *Factory) (map[string][]string, error) {
	base, err := f.absoluteScenarioDirs()
	if err != nil {
		return nil, err
	}
	dirs := map[string][]string{}
	for _, entry := range entries {
		if _, twice := dirs[entry.Name]; twice {
			return nil, usageErrorf("two scenarios are called %s, and the second one is %s: prove them one after the other", entry.Name, entry.Dir)
		}
		dirs[entry.Name] = base
		if own, err := filepath.Abs(entry.Dir); err == nil && entry.Own {
			dirs[entry.Name] = []string{own}
		}
	}
	return dirs, nil
}

// variantCases lists the cases of a scenario's variants.
func variantCases(entry scenario.Entry, folder *scenario.Folder, o *proveOptions) ([]prove.Case, error) {
	variants := []string{""}
	if o.variant != "" {
		variants = nil // those of scenarios that have none by that name are not meant
	}
	if all := folder.Scenario.Spec.Variants; len(all) > 0 {
		variants = nil
		for _, v := range all {
			if o.variant == v.Name || o.variant == "" && !v.Draft {
				variants = append(variants, v.Name)
			}
		}
	}
	var found [][]prove.Case
	for _, variant := range variants {
		vars := scenario.Vars{Seed: o.seed, Values: map[string]string{scenario.VarVariant: variant}}
		folder, err := entry.Check(vars, drill.Kinds())
		if err != nil {
			return nil, scenarioError(err)
		}
		found = append(found, prove.Cases(folder))
	}
	if o.spread {
		return prove.Spread(found, o.seed), nil
	}
	return slices.Concat(found...), nil
}

func (f *Factory) newBench(c *cluster.Cluster) (*bench, error) {
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
	return &bench{
		f: f.quiet(), cluster: c, client: client,
		inspector: &prove.Inspector{Dynamic: dyn, Discovery: client.Discovery(), Nodes: c},
	}, nil
}

// workers selects the nodes of a run that names none.
const workers = "!node-role.kubernetes.io/control-plane"

// snapshot is what the cluster consists of, without what runs under way may have broken.
func (b *bench) snapshot(ctx context.Context) (prove.Snapshot, error) {
	store, err := b.f.store()
	if err != nil {
		return prove.Snapshot{}, err
	}
	open, err := unfinished(store)
	if err != nil {
		return prove.Snapshot{}, err
	}
	var held []string
	for _, r := range open {
		if r.ClusterID != b.cluster.ID() {
			continue
		}
		held = append(held, r.Created.Run, r.Node, r.Addon)
		// Its trainee may cordon, taint and label whatever workers it may use.
		nodes, err := b.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: cmp.Or(r.NodeSelector, workers)})
		if err != nil {
			return prove.Snapshot{}, fmt.Errorf("list the workers of run %s: %w", r.Created.Run, err)
		}
		for _, node := range nodes.Items {
			held = append(held, node.Name)
		}
	}
	return b.inspector.Snapshot(ctx, slices.DeleteFunc(held, func(name string) bool { return name == "" })...)
}

// forget removes the journal of a run that proved what it was to prove. Hundreds of them
// would be of no use to anybody, and slow every start.
func (b *bench) forget(r prove.Result) error {
	if r.Failure != "" || r.Run == "" {
		return nil
	}
	store, err := b.f.store()
	if err != nil {
		return err
	}
	return store.Remove(r.Run)
}
