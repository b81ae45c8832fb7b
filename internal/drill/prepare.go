package drill

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/verifier"
)

// Labels that every object of the tool's carries, and by which alone it removes any.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	LabelRun       = "firedrill.dev/run"
	ManagedBy      = "firedrill"
)

// traineeGrace is how long the trainee's certificate outlives the time limit, in wall time: the
// clock pauses while a machine sleeps, over a weekend and longer. It is no right that lasts:
// those are the run's RBAC objects, and go with the run.
const traineeGrace = 30 * 24 * time.Hour

// prepare makes the drill's objects. Everything in it may be done twice.
func (e *Engine) prepare(ctx context.Context) error {
	run := e.run.Created
	if err := e.createNamespace(ctx, run.Run, run.NodeSelector); err != nil {
		return err
	}
	var end json.RawMessage
	// None of these needs another one, and each waits for the cluster.
	err := together(
		func() error {
			return e.withImages(ctx, func() error {
				if err := e.applyManifests(ctx); err != nil {
					return err
				}
				return wrap("set up the healthy system", e.whileImagesCome(ctx, e.setUp))
			})
		},
		func() error { return e.measureClock(ctx) },
		func() error { return wrap("start the users' prober", e.Users.Deploy(ctx)) },
		func() error {
			err := e.Trainee.Provision(ctx, run.Run, run.Run, run.TimeLimit+traineeGrace)
			return wrap("make the trainee's identity", err)
		},
		func() error { return wrap("let the trainee change the addon", e.openAddon(ctx)) },
		func() (err error) {
			end, err = e.Actions.Start(ctx)
			return err
		},
	)
	if err != nil {
		return err
	}
	return e.note(ctx, entryActions, ActionsSeen{Next: end})
}

// withImages loads the drill's images and starts its pods. What a node lacks it would try to
// pull, so the images come first, unless they came with an earlier run: then the nodes are
// looked at meanwhile, if at all, and a pod whose image was taken away again starts a little later.
func (e *Engine) withImages(ctx context.Context, pods func() error) error {
	images := e.folder.Scenario.Spec.Images
	load := func() error { return wrap("load the drill's images", e.Images.Load(ctx, images)) }
	loaded, err := e.Images.Loaded(ctx, images)
	if err != nil {
		return fmt.Errorf("load the drill's images: %w", err)
	}
	if loaded {
		return together(load, pods)
	}
	if err := load(); err != nil {
		return err
	}
	return pods()
}

// together runs all at once, waits for all, and joins their errors.
func together(steps ...func() error) error {
	errs := make([]error, len(steps))
	var wg sync.WaitGroup
	for i, step := range steps {
		wg.Go(func() { errs[i] = step() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// proveHealthy proves the steady state, then takes the baseline that every later
// comparison rests on: after the deployment, before the fault.
func (e *Engine) proveHealthy(ctx context.Context) error {
	err := e.whileImagesCome(ctx, func(ctx context.Context) error { return e.prove(ctx, proofHealthy, e.plan.Steady) })
	if err != nil {
		return fmt.Errorf("the system never became healthy, so nothing was broken (%s: spec.steadyState): %w", scenario.FileName, err)
	}
	if err := e.takeBaseline(ctx); err != nil || !e.run.Created.ProveHealthy {
		return err
	}
	if err := e.proveRecovered(ctx); err != nil {
		return err
	}
	return e.takeBaseline(ctx) // the perturbations have changed the pods
}

// proveRecovered proves that the recovery checks pass a system that nothing is wrong
// with, the perturbations and the hold included; and that they do not when the scenario
// says that the flaw is in the system from the beginning.
func (e *Engine) proveRecovered(ctx context.Context) error {
	target, err := e.target()
	if err != nil {
		return err
	}
	plan, flawed := e.plan.Recovery, e.folder.Scenario.Spec.Latent
	timeout := recoveredWithin(plan, flawed)
	watchCtx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var last verifier.State
	start := e.Now()
	verdict, watchErr := e.Runner.Watch(watchCtx, target, plan, func(s verifier.State) { last = s })
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	recovered := watchErr == nil && verdict.Recovered
	passed := recovered
	if flawed {
		passed = !recovered && seenFailing(last)
	}
	proof := Proof{What: proofRecovered, State: last, Passed: passed, Took: e.Now().Sub(start)}
	if err := e.note(ctx, entryProof, proof); err != nil {
		return err
	}
	switch {
	case flawed && !recovered && !passed:
		return fmt.Errorf("the scenario says that its flaw is latent (%s: spec.latent), and no recovery check was seen failing at the end of %s: %s",
			scenario.FileName, timeout, last.Verdict.Reason)
	case recovered && flawed:
		return errors.New("the scenario says that its flaw is latent (scenario.yaml: spec.latent), and its recovery checks pass the system before anything was repaired")
	case !recovered && !flawed:
		return fmt.Errorf("the recovery checks refuse the healthy system (%s: spec.recovery, spec.safeguards), for %s: %s", scenario.FileName, timeout, last.Unproven())
	}
	return nil
}

// recoveredWithin is how long a healthy system is watched at most: to pass, or to show a
// latent flaw.
func recoveredWithin(plan verifier.Plan, flawed bool) time.Duration {
	if flawed {
		return plan.Hold + latentMargin
	}
	timeout := plan.Hold + healthySlack
	for _, p := range plan.Perturb {
		timeout += p.Within
	}
	return timeout
}

// seenFailing tells whether a recovery check was observed at the end and did not pass. What
// could not be observed shows no flaw, and neither does a hold that was not over in time.
func seenFailing(s verifier.State) bool {
	return slices.ContainsFunc(s.Checks, func(c verifier.CheckState) bool {
		return !c.Passed && c.Error == "" && !c.At.IsZero()
	})
}

// healthySlack is how long, besides the hold and the perturbations, the recovery checks of a
// healthy system may take: a busy machine needs time to settle, twice.
const healthySlack = 2 * time.Minute

// latentMargin is how much longer than the hold a latent flaw is watched: the settling,
// and a little.
const latentMargin = 10 * time.Second

// proveBroken proves that the fault shows the way the scenario says, notes what the
// broken system holds that must not be lost, then pages.
func (e *Engine) proveBroken(ctx context.Context) error {
	if !e.run.PagedAt.IsZero() {
		return nil // by a referee that was killed then: the trainee may be at work already
	}
	if err := e.prove(ctx, proofBroken, e.plan.Symptoms); err != nil {
		return fmt.Errorf("the fault did not show its symptom (%s: spec.symptoms): %w", scenario.FileName, err)
	}
	if err := e.completeBaseline(ctx); err != nil {
		return err
	}
	if err := e.note(ctx, entryPage, Page{Text: e.pageText(ctx)}); err != nil {
		return err
	}
	e.absentSince, e.blindSince = time.Time{}, time.Time{} // nobody was away since this page
	return nil
}

// DefaultProofTimeout bounds the proof of a healthy and of a broken system.
const DefaultProofTimeout = 4 * time.Minute

func (e *Engine) prove(ctx context.Context, what string, steps []verifier.Step) error {
	target, err := e.target()
	if err != nil {
		return err
	}
	start := e.Now()
	state, err := e.Runner.Until(ctx, target, steps, e.proofTimeout())
	proof := Proof{What: what, State: state, Passed: err == nil, Took: e.Now().Sub(start)}
	return errors.Join(err, e.note(ctx, entryProof, proof))
}

func (e *Engine) proofTimeout() time.Duration {
	return cmp.Or(e.run.Created.ProofTimeout, e.ProofTimeout, DefaultProofTimeout)
}

// target is the system as the checks see it.
func (e *Engine) target() (*verifier.Target, error) {
	base, err := e.baseline()
	if err != nil {
		return nil, err
	}
	return &verifier.Target{
		Client: e.Client, Namespace: e.run.Created.Run, Nodes: e.Nodes, Pods: e.Pods, Traffic: e.Users, Baseline: base,
		Actions: e.actions, Now: e.Now, FaultAt: e.run.FaultAt, RefereeImage: e.RefereeImage,
		Seed: e.run.Created.Seed,
	}, nil
}
