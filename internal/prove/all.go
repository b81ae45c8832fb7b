package prove

import (
	"context"
	"sync"
	"time"
)

// Options say how cases are run.
type Options struct {
	Parallel int  // cases side by side that need only a namespace; at least 1
	Workers  int  // cases side by side that break a worker; 0: each runs alone
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
	var wg sync.WaitGroup
	queue(&wg, shared, max(1, o.Parallel), one)
	if o.Workers == 0 { // a broken node would hurt all others
		wg.Wait()
	}
	queue(&wg, workers, max(1, o.Workers), one)
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
