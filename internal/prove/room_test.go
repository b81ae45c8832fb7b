package prove

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A machine of two processors whose load is told as it is in proc(5).
const procText = `cpu  100 5 50 800 20 3 2 20 40 0
cpu0 50 5 25 400 10 3 2 20 20 0
cpu1 50 0 25 400 10 0 0 0 20 0
intr 1 2 3
MemTotal:       24000000 kB
MemAvailable:    4000000 kB
`

func TestParseLoad(t *testing.T) {
	t.Parallel()
	got, err := ParseLoad(procText)
	if want := (Load{Processors: 2, Idle: 825, Total: 1000, Available: 4000000 << 10}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for name, text := range map[string]string{
		"nothing":            "",
		"no memory":          "cpu 1 2 3 4 5 6 7 8\ncpu0 1 2 3 4 5 6 7 8\n",
		"an older kernel":    "cpu 1 2 3 4\ncpu0 1 2 3 4\nMemAvailable: 1 kB\n",
		"time not a number":  "cpu 1 2 3 x 5 6 7 8\ncpu0 1\nMemAvailable: 1 kB\n",
		"bytes not a number": "cpu 1 2 3 4 5 6 7 8\ncpu0 1\nMemAvailable: lots kB\n",
	} {
		if got, err := ParseLoad(text); err == nil {
			t.Errorf("%s: %+v and no error", name, got)
		}
	}
}

func TestSpare(t *testing.T) {
	t.Parallel()
	before := Load{Processors: 2, Idle: 1000, Total: 5000, Available: 4 << 30}
	for name, test := range map[string]struct {
		now  Load
		want int
	}{
		"a tenth idle":         {Load{2, 1100, 6000, 4 << 30}, 1},
		"less than that":       {Load{2, 1099, 6000, 4 << 30}, 0},
		"nearly a quarter":     {Load{2, 1249, 6000, 4 << 30}, 1},
		"a quarter":            {Load{2, 1250, 6000, 4 << 30}, 2},
		"memory for one alone": {Load{2, 2000, 6000, 2*spareMemory - 1}, 1},
		"little memory":        {Load{2, 2000, 6000, spareMemory - 1}, 0},
		"no time between":      {Load{2, 1000, 5000, 4 << 30}, 0},
		"a clock reset":        {Load{2, 10, 50, 4 << 30}, 0},
		"nothing known":        {Load{}, 0},
	} {
		if got := test.now.spare(before); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
	if (Load{2, 2000, 6000, 4 << 30}).spare(Load{}) > 0 {
		t.Error("the time since the machine's start counts as idle")
	}
}

// machine is one whose processors are busy with so many cases, and idle with fewer.
type machine struct {
	carries int
	lost    bool // nobody can read its load

	mu            sync.Mutex
	running, seen int
	load          Load
}

func (m *machine) read(context.Context) (Load, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost {
		return Load{}, errors.New("no answer")
	}
	m.load.Total += 1000
	m.load.Available = spareMemory
	if m.running < m.carries {
		m.load.Idle += 500
	}
	return m.load, nil
}

func (m *machine) run(space *room, urgent bool) {
	space.enter(urgent)
	m.mu.Lock()
	m.running++
	m.seen = max(m.seen, m.running)
	m.mu.Unlock()
	time.Sleep(2*time.Minute + 1300*time.Millisecond) // it ends at no moment of a sample
	m.mu.Lock()
	m.running--
	m.mu.Unlock()
	space.leave()
}

// As many cases run side by side as the machine carries: never fewer than may in any case, nor
// more than the most.
func TestRoom(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		machine *machine
		want    int
	}{
		"it carries some":            {&machine{carries: 5}, 5},
		"it is busy without any":     {&machine{}, 2},
		"it is never busy":           {&machine{carries: 100}, 8},
		"its load cannot be read":    {&machine{carries: 100, lost: true}, 2},
		"it carries as many as may":  {&machine{carries: 2}, 2},
		"it carries less than those": {&machine{carries: 1}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				space := &room{always: 2, most: 8}
				ctx, stop := context.WithCancel(t.Context())
				go space.watch(ctx, test.machine.read)
				var wg sync.WaitGroup
				for range 30 {
					wg.Go(func() { test.machine.run(space, false) })
				}
				wg.Wait()
				stop()
				if test.machine.seen != test.want {
					t.Errorf("%d side by side, want %d", test.machine.seen, test.want)
				}
			})
		})
	}
}

// One case begins with each sample, so that the next one tells what it costs.
func TestRoomIsFilledSlowly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		space := &room{always: 2, most: 8}
		m := &machine{carries: 100}
		ctx, stop := context.WithCancel(t.Context())
		go space.watch(ctx, m.read)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { m.run(space, false) })
		}
		for i, want := range []int{2, 3, 4, 5} { // the first sample has none before it
			synctest.Wait()
			m.mu.Lock()
			if m.running != want {
				t.Errorf("after %d samples %d run, want %d", i+1, m.running, want)
			}
			m.mu.Unlock()
			time.Sleep(sampled)
		}
		wg.Wait()
		stop()
	})
}

// What can only run beside few goes before what waits.
func TestUrgentCasesGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		space := &room{always: 1, most: 1}
		var order []string
		var wg sync.WaitGroup
		begin := func(name string, urgent bool) {
			wg.Go(func() {
				space.enter(urgent)
				order = append(order, name)
				time.Sleep(time.Second)
				space.leave()
			})
			synctest.Wait()
		}
		begin("first", false)
		begin("second", false)
		begin("third", false)
		begin("urgent", true)
		wg.Wait()
		if len(order) != 4 || order[1] != "urgent" || order[2] != "second" || order[3] != "third" {
			t.Errorf("they began in the order %v", order)
		}
	})
}
