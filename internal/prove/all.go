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
	Parallel int  // cases side by side; at least 1
	Workers  int  // those of them that may break a worker; 0: each runs alone
	Keep     bool // leave the runs of failed cases for inspection

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
	results := make([]*Result, len(cases))
	var told sync.Mutex
	var again []int // failed beside others; guarded by told
	prove := func(i int, beside string) {
		if ctx.Err() != nil {
			return
		}
		told.Lock()
		if o.Started != nil {
			o.Started(cases[i])
		}
		told.Unlock()
		r := Prove(ctx, bench, cases[i], o)
		r.Beside = beside
		told.Lock()
		defer told.Unlock()
		results[i] = &r
		switch {
		case beside == "" && len(again) < o.Again && o.Parallel > 1 && len(cases) > 1 && r.mayBeBusy(o) && ctx.Err() == nil:
			again = append(again, i)
			if o.PutAside != nil {
				o.PutAside(r)
			}
		case o.Done != nil:
			o.Done(r)
		}
	}
	one := func(i int) { prove(i, "") }
	var shared, workers, alone []int
	for i, c := range cases {
		switch c.Needs {
		case Worker:
			workers = append(workers, i)
		case Cluster:
			alone = append(alone, i)
		default:
			shared = append(shared, i)
		}
	}
	// The longest first: at the end none of them keeps all others waiting.
	for _, list := range [][]int{shared, workers, alone} {
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(cases[b].expected(), cases[a].expected()) })
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, max(1, o.Parallel))
	slotted := func(i int) {
		slots <- struct{}{}
		defer func() { <-slots }()
		one(i)
	}
	queue(&wg, shared, cap(slots), slotted)
	if o.Workers == 0 { // a broken node would hurt all others
		wg.Wait()
	}
	queue(&wg, workers, max(1, o.Workers), slotted)
	wg.Wait()
	queue(&wg, alone, 1, one)
	wg.Wait()
	for _, i := range again {
		prove(i, results[i].told())
	}
	var done []Result
	for _, r := range results {
		if r != nil {
			done = append(done, *r)
		}
	}
	return done
}

// mayBeBusy tells whether a failure may be that of a busy machine. What ran alone in the
// cluster did not run beside others.
func (r *Result) mayBeBusy(o Options) bool {
	alone := r.Case.Needs == Cluster || r.Case.Needs == Worker && o.Workers == 0
	return r.Failure != "" && !r.Wrong && !r.Kept && !alone
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
