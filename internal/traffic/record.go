package traffic

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"time"
	"unique"

	"github.com/firedrill/firedrill/internal/drillapp"
	"github.com/firedrill/firedrill/internal/scenario"
)

const (
	// mostEntries is how many requests of a stream stay in memory: those of eleven hours at ten
	// a second, some 50 MB; the file keeps all.
	mostEntries = 400_000
	// syncEvery bounds what a crash takes from the file; the prober's log gives it back.
	syncEvery = 2 * time.Second
	// minTolerance is the longest stretch without a request that is still a record.
	minTolerance = 3 * time.Second
	// maxSeq is more requests than a prober sends in its life.
	maxSeq = 2 * drillapp.MaxRate * uint64(drillapp.DefaultMaxDuration/time.Second)
)

// Record is what the users saw in a run: one entry a request, the newest ones in
// memory and all in a file. Its methods may be used at the same time.
type Record struct {
	mu       sync.Mutex
	now      func() time.Time
	streams  map[string]*stream
	seen     map[string]*bitset // by stream and boot
	newest   time.Time          // when the newest request was sent
	problem  string             // why the prober's log cannot be read; empty: it can
	file     *os.File           // nil: read only
	buffer   *bufio.Writer
	syncedAt time.Time
	ahead    time.Duration // how far the prober's clock is ahead of this host's
	behind   time.Duration // the furthest that it was ever behind
}

type stream struct {
	timeout   time.Duration // of a request; zero: it is not known
	tolerance time.Duration
	most      int             // entries that stay in memory
	entries   []entry         // by time sent
	seqs      map[string]span // by boot
	droppedTo time.Time       // what was sent up to then is in memory no more
}

// span is the range of a boot's sequence numbers seen, and how many of them; the zero
// one is of none.
type span struct{ first, last, count uint64 }

// with is the span with one more number, which begins at 1.
func (s span) with(seq uint64) span {
	if s.count == 0 {
		s.first, s.last = seq, seq
	}
	return span{first: min(s.first, seq), last: max(s.last, seq), count: s.count + 1}
}

// missing is how many numbers are left out.
func (s span) missing() int { return int(s.last - s.first + 1 - s.count) }

type entry struct {
	sent    time.Time
	elapsed time.Duration
	class   string
	pod     string
	err     string
	conn    string // new or reused
	boot    unique.Handle[string]
	seq     uint64
}

func newRecord(streams []scenario.Traffic) *Record {
	r := &Record{now: time.Now, streams: map[string]*stream{}, seen: map[string]*bitset{}}
	for _, s := range streams {
		timeout := s.Timeout.Std()
		if timeout == 0 {
			timeout = drillapp.DefaultTimeout
		}
		// A request that waits for its timeout is not yet in the record.
		r.streams[s.Name] = &stream{timeout: timeout, tolerance: max(minTolerance, timeout+time.Second), most: mostEntries, seqs: map[string]span{}}
	}
	return r
}

// SetAhead says how far the prober's clock is ahead of this host's; negative: it is behind.
// The record is in this host's clock, its file too: what the prober writes from now on is
// brought to it where it comes in.
func (r *Record) SetAhead(by time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ahead, r.behind = by, max(r.behind, -by)
}

// take adds a line of the prober's log, which has the prober's time.
func (r *Record) take(text []byte) (added bool, err error) {
	r.mu.Lock()
	ahead := r.ahead
	r.mu.Unlock()
	return r.addShifted(text, ahead)
}

// add adds a line of the record's own file.
func (r *Record) add(text []byte) (added bool, err error) { return r.addShifted(text, 0) }

// addShifted adds a line whose time is ahead by that much. Lines that are not the prober's
// records and those already known are left out; it tells whether the line was new.
func (r *Record) addShifted(text []byte, ahead time.Duration) (added bool, err error) {
	var line drillapp.Line
	if json.Unmarshal(text, &line) != nil || line.Boot == "" || line.Seq == 0 || line.Seq > maxSeq {
		return false, nil // cut off by a broken connection, or a message of the prober
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	line.Sent = line.Sent.Add(-ahead)
	if !r.insert(line) {
		return false, nil
	}
	if r.file == nil {
		return true, nil
	}
	data, err := json.Marshal(line)
	if err != nil {
		return true, fmt.Errorf("write the traffic record: %w", err)
	}
	if _, err := r.buffer.Write(append(data, '\n')); err != nil {
		return true, fmt.Errorf("write the traffic record: %w", err)
	}
	if r.now().Sub(r.syncedAt) < syncEvery {
		return true, nil
	}
	return true, r.sync()
}

func (r *Record) insert(line drillapp.Line) bool {
	key := line.Stream + "\x00" + line.Boot
	if r.seen[key] == nil {
		r.seen[key] = &bitset{}
	}
	if !r.seen[key].add(line.Seq) {
		return false
	}
	s := r.streams[line.Stream]
	if s == nil {
		s = &stream{tolerance: minTolerance, most: mostEntries, seqs: map[string]span{}}
		r.streams[line.Stream] = s
	}
	s.count(line)
	s.insert(entry{
		sent: line.Sent, elapsed: time.Duration(math.Round(line.Millis*1000)) * time.Microsecond,
		class: line.Class, pod: line.Pod, err: line.Error, conn: connOf(line), boot: unique.Make(line.Boot), seq: line.Seq,
	})
	if line.Sent.After(r.newest) {
		r.newest = line.Sent
	}
	return true
}

// connOf is one of two constants, so that a record does not hold a text a request.
func connOf(line drillapp.Line) string {
	if line.Conn == ConnReused {
		return ConnReused
	}
	return ConnNew
}

// insert keeps the entries in order of sending; late answers come out of order, by
// their timeout at most, so the place is near the end.
func (s *stream) insert(e entry) {
	i := len(s.entries)
	for i > 0 && s.entries[i-1].sent.After(e.sent) {
		i--
	}
	s.entries = slices.Insert(s.entries, i, e)
	// Shifting costs as much as the slice is long: do it rarely.
	if stale := len(s.entries) - s.most; stale > 4096 {
		s.droppedTo = s.entries[stale-1].sent
		s.entries = slices.Delete(s.entries, 0, stale)
	}
}

// from is the index of the first entry sent at t or later.
func (s *stream) from(t time.Time) int {
	i, _ := slices.BinarySearchFunc(s.entries, t, func(e entry, t time.Time) int { return e.sent.Compare(t) })
	return i
}

func (s *stream) count(line drillapp.Line) { s.seqs[line.Boot] = s.seqs[line.Boot].with(line.Seq) }

// resumeAt is from when the prober's log must be read again: whatever is not in the
// record was written after its newest request was sent. Its node has
// the prober's clock, whose times may have been behind when they were written.
func (r *Record) resumeAt() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.newest.IsZero() {
		return time.Time{}
	}
	return r.newest.Add(-r.behind - syncEvery)
}

func (r *Record) setProblem(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problem = ""
	if err != nil {
		r.problem = err.Error()
	}
}

// bitset is a set of sequence numbers.
type bitset struct{ words []uint64 }

// add tells whether n was new.
func (b *bitset) add(n uint64) bool {
	word, bit := int(n/64), uint64(1)<<(n%64)
	if word >= len(b.words) {
		b.words = append(b.words, make([]uint64, word+1-len(b.words))...)
	}
	if b.words[word]&bit != 0 {
		return false
	}
	b.words[word] |= bit
	return true
}
