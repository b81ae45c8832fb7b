package prove

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Options say how cases are run.
type Options struct {
	Room         // cases side by side
	Workers int  // those of them that may break a worker; 0: each runs alone
	Keep    bool // leave the runs of failed cases for inspection

	ScriptTimeout time.Duration // for each script; 0: DefaultScriptTimeout

	// Again is how many cases that failed beside others are proven once more, alone, at the
	// end. Cases side by side can keep a hold from being observed without a gap, and that says
	// nothing of the scenario; what is Wrong is wrong however busy the machine is.
	Again int

	Started  func(Case)   // told of each case; may be nil
	Done     func(Result) // told of each result; may be nil
	PutAside func(Result) // told of each case that failed, and is to be proven again; may be nil
}

// All proves every case and returns the results in the cases' order. Cases that ctx's
// end kept from being begun have no result.
func All(ctx context.Context, bench Bench, cases []Case, o Options) []Result {
	p := &proving{bench: bench, cases: cases, o: o, results: make([]*Result, len(cases))}
	shared, workers, addon := p.order()
	var wg, using sync.WaitGroup // all cases, and those that use an addon
	for _, c := range cases {
		if c.UsesAddon {
			using.Add(1)
		}
	}
	space, closed := o.Room.open(ctx)
	defer closed()
	one := func(i int) {
		// Of those that need a part of the cluster few can run side by side, whatever there is to spare.
		space.enter(cases[i].Needs != Namespace)
		defer func() {
			space.leave()
			if cases[i].UsesAddon {
				using.Done()
			}
		}()
		p.prove(ctx, i, "")
	}
	queue(&wg, shared, space.most, one)
	if o.Workers == 0 { // a broken node would hurt all others
		wg.Wait()
	}
	queue(&wg, workers, max(1, o.Workers), one)
	if !o.addonBesideOthers() {
		wg.Wait()
	}
	using.Wait()
	queue(&wg, addon, 1, one)
	wg.Wait()
	for _, i := range p.again {
		p.prove(ctx, i, p.results[i].told())
	}
	var done []Result
	for _, r := range p.results {
		if r != nil {
			done = append(done, *r)
		}
	}
	return done
}

// proving is the proof of many cases.
type proving struct {
	bench Bench
	cases []Case
	o     Options

	mu      sync.Mutex // guards what follows, and is held while somebody is told
	results []*Result
	again   []int // cases that failed beside others, to be proven once more
}

// addonBesideOthers: a case that breaks an addon runs beside those that do not use it, unless
// each must have the cluster to itself, or a failed one is left with the addon broken.
func (o *Options) addonBesideOthers() bool { return o.Workers > 0 && !o.Keep }

// order sorts the cases by what they must not share. Those that use an addon come first,
// as the cases that break it wait for them, and then the longest: at the end none of them
// keeps all others waiting.
func (p *proving) order() (shared, workers, addon []int) {
	for i, c := range p.cases {
		switch c.Needs {
		case Worker:
			workers = append(workers, i)
		case Addon:
			addon = append(addon, i)
		default:
			shared = append(shared, i)
		}
	}
	uses := func(i int) int {
		if p.cases[i].UsesAddon {
			return 0
		}
		return 1
	}
	for _, list := range [][]int{shared, workers, addon} {
		slices.SortStableFunc(list, func(a, b int) int {
			return cmp.Or(cmp.Compare(uses(a), uses(b)), cmp.Compare(p.cases[b].expected(), p.cases[a].expected()))
		})
	}
	return shared, workers, addon
}

// prove proves one case; beside is why it failed before, when it did.
func (p *proving) prove(ctx context.Context, i int, beside string) {
	if ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	if p.o.Started != nil {
		p.o.Started(p.cases[i])
	}
	p.mu.Unlock()
	r := Prove(ctx, p.bench, p.cases[i], p.o)
	r.Beside = beside
	p.mu.Lock()
	defer p.mu.Unlock()
	p.results[i] = &r
	tell := p.o.Done
	if ctx.Err() == nil && p.mayBeBusy(&r) && len(p.again) < p.o.Again {
		p.again = append(p.again, i)
		tell = p.o.PutAside
	}
	if tell != nil {
		tell(r)
	}
}

// mayBeBusy tells whether a failure may be that of a busy machine: others ran beside the
// case, and what is wrong is not wrong on any machine.
func (p *proving) mayBeBusy(r *Result) bool {
	alone := p.o.most() < 2 || len(p.cases) < 2 ||
		r.Case.Needs == Addon && !p.o.addonBesideOthers() || r.Case.Needs == Worker && p.o.Workers == 0
	return r.Failure != "" && !r.Wrong && !r.Kept && r.Beside == "" && !alone
}

// told says of a failure which run has more of it.
func (r *Result) told() string {
	if r.Run == "" {
		return r.Failure
	}
	return fmt.Sprintf("run %s: %s", r.Run, r.Failure)
}

// expected is a measure of how long a case takes: what it holds and disturbs.
func (c Case) expected() time.Duration {
	long := c.Spec.Recovery.Hold.Std()
	for _, perturb := range c.Spec.Recovery.Perturb {
		long += perturb.Within.Std()
	}
	return long
}

// queue works through indexes, some side by side.
func queue(wg *sync.WaitGroup, indexes []int, beside int, work func(int)) {
	next := make(chan int, len(indexes))
	for _, i := range indexes {
		next <- i
	}
	close(next)
	for range min(beside, len(indexes)) {
		wg.Go(func() {
			for i := range next {
				work(i)
			}
		})
	}
}
