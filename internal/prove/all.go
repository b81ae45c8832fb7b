package prove

import (
	"cmp"
	"context"
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

	Started func(Case) // told of each case; may be nil
	Done    func(Result)
}

// All proves every case and returns the results in the cases' order. Cases that ctx's
// end kept from being begun have no result.
func All(ctx context.Context, bench Bench, cases []Case, o Options) []Result {
	results := make([]*Result, len(cases))
	var told sync.Mutex
	one := func(i int) {
		if ctx.Err() != nil {
			return
		}
		told.Lock()
		if o.Started != nil {
			o.Started(cases[i])
		}
		told.Unlock()
		r := Prove(ctx, bench, cases[i], o)
		told.Lock()
		defer told.Unlock()
		results[i] = &r
		if o.Done != nil {
			o.Done(r)
		}
	}
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
	var done []Result
	for _, r := range results {
		if r != nil {
			done = append(done, *r)
		}
	}
	return done
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
