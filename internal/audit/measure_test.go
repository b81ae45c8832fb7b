//go:build unix

package audit

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// These are scripts/measure's: how long a log is generated, where, and of how many
// trainees each has a share of it.
var (
	measureBytes   = flag.Int64("measure-bytes", 0, "generate a log of this size and classify it (scripts/measure audit)")
	measureLog     = flag.String("measure-log", "", "where the log is; one that is there is taken as it is")
	measurePersons = flag.Int("measure-trainees", 1, "how many trainees take turns in the log; one of them is told")
)

// TestMeasure says how many lines a second of one core's time go through the classifier,
// and how much memory that takes. It is CPU time, so that a busy machine does not count.
func TestMeasure(t *testing.T) {
	if *measureBytes == 0 {
		t.Skip("scripts/measure audit runs it")
	}
	if _, err := os.Stat(*measureLog); err != nil {
		generate(t, *measureLog, *measureBytes, *measurePersons)
	}
	file, err := os.Open(*measureLog)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 64<<10), 8<<20)
	c := NewClassifier(fixtureRun)
	events, early := 0, int64(0)
	before := cpuTime(t)
	for lines.Scan() {
		events += len(c.Line(lines.Bytes()))
		if c.stats.Lines == 10_000 {
			early = maxRSS(t)
		}
	}
	events += len(c.Rest())
	spent := cpuTime(t) - before
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	s := c.Stats()
	if _, err := fmt.Fprintf(os.Stdout, "classifier: %d lines, %d of the trainee's, %d bad, %d actions, %.1f s of CPU, %.0f lines/s, %d MiB at most (%d MiB after 10,000 lines)\n",
		s.Lines, s.Relevant, s.Bad, events, spent.Seconds(), float64(s.Lines)/spent.Seconds(), maxRSS(t)>>10, early>>10); err != nil {
		t.Fatal(err)
	}
	if s.Lines == 0 || s.Bad > 0 || events == 0 {
		t.Errorf("%+v, %d actions", s, events)
	}
	if late := maxRSS(t); grows(early, late) {
		t.Errorf("memory grows with the log: %d KiB after 10,000 lines, %d KiB after %d", early, late, s.Lines)
	}
}

// grows tells whether memory (in KiB) that was measured after the beginning of a log and
// at its end depends on its length: the garbage collector alone lets it differ by some MiB.
func grows(early, late int64) bool { return early > 0 && late > early+8<<10 }

func TestGrows(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		early, late int64
		want        bool
	}{{20 << 10, 21 << 10, false}, {20 << 10, 28 << 10, false}, {20 << 10, 29 << 10, true}, {20 << 10, 200 << 10, true}, {0, 100 << 10, false}} {
		if got := grows(tc.early, tc.late); got != tc.want {
			t.Errorf("%d KiB, then %d KiB: grows %v, want %v", tc.early, tc.late, got, tc.want)
		}
	}
}

// TestMemoryIsConstant compares the heap after a short log with that after a longer one, in
// which everything that a classifier may keep is new in each line. It runs alone: the heap
// is everybody's.
func TestMemoryIsConstant(t *testing.T) { //nolint:paralleltest // see above
	c := NewClassifier(fixtureRun)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early uint64
	for n := range 30_000 {
		name := fmt.Sprintf("p-%06d-%s", n, strings.Repeat("x", 40))
		b := lineBuilder{
			verb: []string{"get", "delete", "patch"}[n%3], ref: pod(name), agent: "agent " + name, at: time.Duration(n) * time.Millisecond,
			uri: "/x?labelSelector=" + name, body: fmt.Sprintf(`{"spec":{%q:%d}}`, name, n),
		}
		c.Line(b.line())
		if n == 10_000 {
			early = heap()
		}
	}
	if late := heap(); late > early+1<<20 {
		t.Errorf("%d bytes after 10,000 lines, %d after 30,000", early, late)
	}
	runtime.KeepAlive(c)
}

func usage(t *testing.T) (u syscall.Rusage) {
	t.Helper()
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return u
}

func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	u := usage(t)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// maxRSS is in KiB, as Linux gives it.
func maxRSS(t *testing.T) int64 {
	t.Helper()
	u := usage(t)
	return u.Maxrss
}

// generate writes a log from the recordings: sessions of kubectl one after the other,
// each later than the one before, and each line with an ID of its own.
func generate(t *testing.T, path string, size int64, trainees int) {
	t.Helper()
	var session [][]byte
	for _, folder := range versions(t) {
		session = append(session, recording(t, folder)...)
	}
	file, err := os.Create(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriterSize(file, 1<<20)
	written, number := int64(0), 0
	for round := 0; written < size; round++ {
		for _, line := range session {
			number++
			line = restamp(line, time.Duration(round)*time.Hour, number)
			if who := round % trainees; who > 0 {
				line = bytes.Replace(line, []byte(UserPrefix+fixtureRun), fmt.Appendf(nil, "%sother-%05d", UserPrefix, who), 1)
			}
			n, err := out.Write(append(line, '\n'))
			if err != nil {
				t.Fatal(err)
			}
			written += int64(n)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// restamp moves a line's times on, and gives it another ID.
func restamp(line []byte, by time.Duration, number int) []byte {
	line = bytes.Clone(line)
	for _, field := range []string{`"requestReceivedTimestamp":"`, `"stageTimestamp":"`} {
		at := bytes.LastIndex(line, []byte(field)) + len(field)
		stamp := line[at : at+len("2026-11-23T15:21:54.320859Z")]
		when, err := time.Parse(time.RFC3339Nano, string(stamp))
		if err != nil {
			continue // a time with fewer digits stays where it is
		}
		copy(stamp, when.Add(by).Format("2006-01-02T15:04:05.000000Z"))
	}
	if at := bytes.Index(line, []byte(`"auditID":"`)); at >= 0 {
		copy(line[at+len(`"auditID":"`):], fmt.Sprintf("%08x", number))
	}
	return line
}
