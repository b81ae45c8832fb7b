// Package prove proves scenarios in both directions on a real cluster: the healthy
// system passes, the broken one shows its symptom and never passes untouched, every
// solution is recovered, every wrong fix is refused by its own name and no other, and
// nothing of a run is left. It orders and judges; a Bench runs the drills.
package prove

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
)

// Kind is what a case proves.
type Kind string

// Kinds of cases.
const (
	Untouched Kind = "untouched" // healthy passes, broken shows, untouched fails at the time limit
	Solution  Kind = "solution"  // it is recovered
	WrongFix  Kind = "wrong-fix" // it is refused, by its own name
)

// Case is one run that proves one thing of a scenario.
type Case struct {
	Scenario string
	Variant  string // "" when the scenario has none
	Kind     Kind
	Script   scenario.Script // of a Solution or WrongFix
	Spec     scenario.Spec
	// Needs says which part of the cluster the run has for itself.
	Needs Needs
	// UsesAddon tells whether the run needs an addon of the cluster that other cases may break.
	UsesAddon bool
}

// Needs is what a case must not share.
type Needs int

// What a case must not share.
const (
	Namespace Needs = iota // its namespace: it runs beside others
	Worker                 // a worker, which the drill breaks
	Addon                  // an addon of the cluster, which the drill breaks for all
)

// Name tells the case from all others: oomkilled/leak/wrong-fix/limit-raised.
func (c Case) Name() string {
	parts := []string{c.Scenario}
	if c.Variant != "" {
		parts = append(parts, c.Variant)
	}
	parts = append(parts, string(c.Kind))
	if c.Script.Name != "" {
		parts = append(parts, c.Script.Name)
	}
	return strings.Join(parts, "/")
}

// Cases lists what proves one variant of a scenario.
func Cases(f *scenario.Folder) []Case {
	base := Case{Scenario: f.Scenario.Metadata.Name, Variant: f.Variant, Spec: f.Scenario.Spec}
	if base.Spec.BreaksNode {
		base.Needs = Worker
	}
	if base.Spec.BreaksAddon != "" {
		base.Needs = Addon
	} else {
		base.UsesAddon = f.UsesMetrics()
	}
	add := func(kind Kind, script scenario.Script) Case {
		c := base
		c.Kind, c.Script = kind, script
		return c
	}
	cases := []Case{add(Untouched, scenario.Script{})}
	for _, s := range f.Solutions {
		cases = append(cases, add(Solution, s))
	}
	for _, s := range f.WrongFixes {
		cases = append(cases, add(WrongFix, s))
	}
	return cases
}

// Bench runs drills.
type Bench interface {
	// Start begins the case's drill and returns when the trainee is paged. With a limit
	// that is not zero it is the run's time limit, and the recovery checks are proven on
	// the healthy system first. A Run that comes with an error failed before its page and is
	// left as it is; without one, what the failed Start made is gone.
	Start(ctx context.Context, c Case, limit time.Duration) (Run, error)
}

// Run is a drill under way.
type Run interface {
	Name() string
	// Script runs the case's script as the trainee until it ends or ctx does, and
	// returns its output.
	Script(ctx context.Context) (string, error)
	// Changes lists what is different in the namespace since its baseline, a line each.
	Changes(ctx context.Context) []string
	// Follow calls each with the run as it is and after every change, until it says
	// stop or ctx ends.
	Follow(ctx context.Context, each func(*drill.Run) (stop bool, err error)) error
	// End takes the drill away and returns what it left behind, one line each.
	End(ctx context.Context) (left []string, err error)
}

// DefaultScriptTimeout is how long a script may run.
const DefaultScriptTimeout = 150 * time.Second

// How long the parts of a case may take, beyond what the scenario says.
const (
	verdictSlack = 2 * time.Minute  // for checks to pass after a repair, on a busy machine
	refusalLimit = 90 * time.Second // for a wrong fix to be named
	settle       = 10 * time.Second // the longest settling before a hold, and a little
)

// Result is what became of a case.
type Result struct {
	Case    Case
	Run     string
	Failure string   // "" when it is proven
	Verdict string   // the last one seen
	Output  string   // the script's, when the case failed
	Changes []string // the object diff since the baseline, when the case failed
	Kept    bool     // the run was left for inspection
	Steps   Steps

	// Wrong says of a failure that it would be one on any machine, however idle: what must
	// not pass passed, a reason was another one, something was left behind.
	Wrong bool
	// Beside is why the case failed when it ran beside others; "" when it did not. Then this
	// is the result of the case alone.
	Beside string
}

// Steps is where a case's time went.
type Steps struct {
	Start, Script, Judge, End time.Duration
}

// Total is the whole time of the case.
func (s Steps) Total() time.Duration { return s.Start + s.Script + s.Judge + s.End }

// Prove runs one case.
func Prove(ctx context.Context, bench Bench, c Case, o Options) Result {
	p := &proof{bench: bench, c: c, scriptTimeout: cmp.Or(o.ScriptTimeout, DefaultScriptTimeout), result: Result{Case: c}}
	err := p.run(ctx)
	if p.drill != nil {
		if err != nil && ctx.Err() == nil {
			p.result.Changes = p.drill.Changes(ctx)
		}
		switch {
		case err != nil && o.Keep && ctx.Err() == nil:
			p.result.Kept = true
		default:
			err = errors.Join(err, p.end(ctx))
			if err == nil {
				err = p.graded(ctx)
			}
		}
	}
	if err != nil {
		p.result.Failure, p.result.Output = err.Error(), p.output
		var judged *wrongError
		p.result.Wrong = errors.As(err, &judged)
	}
	return p.result
}

// proof is one case under way.
type proof struct {
	bench         Bench
	c             Case
	scriptTimeout time.Duration
	drill         Run
	output        string
	seen          string // the verdict last seen, and why its proof began anew
	result        Result
}

// timed notes how long a step took.
func timed(into *time.Duration, step func() error) error {
	start := time.Now()
	err := step()
	*into = time.Since(start)
	return err
}

func (p *proof) run(ctx context.Context) error {
	var limit time.Duration
	if p.c.Kind == Untouched {
		limit = p.c.Spec.Recovery.Hold.Std() + settle + 5*time.Second
	}
	err := timed(&p.result.Steps.Start, func() (err error) {
		p.drill, err = p.bench.Start(ctx, p.c, limit)
		if p.drill != nil {
			p.result.Run = p.drill.Name()
		}
		return err
	})
	if err != nil {
		return err
	}
	if p.c.Kind != Untouched {
		if err := timed(&p.result.Steps.Script, func() error { return p.script(ctx) }); err != nil {
			return err
		}
	}
	return timed(&p.result.Steps.Judge, func() error {
		switch p.c.Kind {
		case Untouched:
			return p.untouched(ctx, limit)
		case Solution:
			return p.recovers(ctx)
		default:
			return p.refused(ctx)
		}
	})
}

// script runs the case's script. One that hangs or fails is a failure that names it.
func (p *proof) script(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.scriptTimeout, fmt.Errorf("it hangs: it was ended after %s", p.scriptTimeout))
	defer cancel()
	out, err := p.drill.Script(ctx)
	p.output = out
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w%s", p.c.Script.Path, err, lastLine(out))
	}
	return nil
}

func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return "; its last line: " + last
	}
	return ""
}

// end ends the run, also when ctx is over, and holds what is left against nothing.
func (p *proof) end(ctx context.Context) error {
	return timed(&p.result.Steps.End, func() error {
		ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), endLimit, fmt.Errorf("the end of the run took more than %s", endLimit))
		defer cancel()
		left, err := p.drill.End(ctx)
		switch {
		case err != nil: // whatever it did not take away is there
			return wrong("the end: %s", err)
		case len(left) > 0:
			return wrong("left behind after the end:\n  %s", strings.Join(left, "\n  "))
		}
		return nil
	})
}

// endLimit bounds the end of a run: its referee tries several times.
const endLimit = 6 * time.Minute
