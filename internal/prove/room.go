package prove

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Room is how many cases run side by side.
type Room struct {
	Parallel int // in any case; at least 1
	Most     int // while the machine has something to spare; less than Parallel: Parallel

	// Load reads what the machine is at; nil, or an error: it has nothing to spare.
	Load func(context.Context) (Load, error)
}

func (r Room) most() int { return max(1, r.Parallel, r.Most) }

// open lets cases begin until it is closed.
func (r Room) open(ctx context.Context) (opened *room, closed func()) {
	opened, closed = &room{always: max(1, r.Parallel), most: r.most()}, func() {}
	if opened.most > opened.always && r.Load != nil {
		ctx, closed = context.WithCancel(ctx)
		go opened.watch(ctx, r.Load)
	}
	return opened, closed
}

// Load is what the machine of the cluster's nodes is at.
type Load struct {
	Processors  int
	Idle, Total uint64 // processor time since its start, of all processors, in clock ticks; what gives way to others is idle
	Available   uint64 // memory that new processes may have, in bytes
}

// When one more case may begin than may in any case. To leave no time unused gains nothing: a run
// costs as long as it lasts (docs/performance.md). A case's memory is that of its pods, its
// referee, and what it costs the cluster.
const (
	sampled     = 5 * time.Second
	spareTime   = 0.1  // of the processor time of one sample: for one more case
	plentyTime  = 0.25 // for two, as at the beginning
	spareMemory = 2 << 30
)

// spare is how many more cases the machine had time for since it was at before, and has memory
// for.
func (l Load) spare(before Load) int {
	total, idle := float64(l.Total)-float64(before.Total), float64(l.Idle)-float64(before.Idle)
	switch {
	case before.Total == 0 || total <= 0 || l.Available < spareMemory || idle < spareTime*total:
		return 0
	case idle < plentyTime*total || l.Available < 2*spareMemory:
		return 1
	}
	return 2
}

// room lets cases begin: so many in any case, and one or two more after each sample of the
// machine's load that has something to spare. Cases that begin are dear, so the next sample tells.
type room struct {
	always, most int

	mu      sync.Mutex
	running int
	extra   int             // how many more than always may begin
	waiting []chan struct{} // in the order in which they begin
}

// enter waits until a case may begin; leave must be called after it. One that is urgent goes
// before all that wait.
func (r *room) enter(urgent bool) {
	turn := make(chan struct{})
	r.mu.Lock()
	if urgent {
		r.waiting = slices.Insert(r.waiting, 0, turn)
	} else {
		r.waiting = append(r.waiting, turn)
	}
	r.admit()
	r.mu.Unlock()
	<-turn
}

func (r *room) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	r.admit()
}

// admit lets those begin that may. r.mu is held.
func (r *room) admit() {
	for len(r.waiting) > 0 && (r.running < r.always || r.extra > 0 && r.running < r.most) {
		if r.running >= r.always {
			r.extra--
		}
		r.running++
		close(r.waiting[0])
		r.waiting = r.waiting[1:]
	}
}

// watch samples the machine's load until ctx is over.
func (r *room) watch(ctx context.Context, load func(context.Context) (Load, error)) {
	ticker := time.NewTicker(sampled)
	defer ticker.Stop()
	var before Load
	for {
		now, err := load(ctx)
		if err != nil {
			now = Load{} // nothing is known, so nothing is spare
		}
		r.mu.Lock()
		r.extra = now.spare(before)
		r.admit()
		r.mu.Unlock()
		before = now
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
