package drillapp

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// MaxRate bounds a stream, in requests a second.
	MaxRate = 50
	// DefaultRate is a stream's rate when it names none, in requests a second.
	DefaultRate = 10
	// DefaultTimeout is a request's timeout when a stream names none.
	DefaultTimeout = 2 * time.Second
	// DefaultMaxDuration is when the prober ends by itself.
	DefaultMaxDuration = 6 * time.Hour

	inFlight  = 200      // requests of a stream under way at once
	bodyLimit = 64 << 10 // bytes of an answer that are read
)

// Stream is one row of PROBE_CONFIG: requests sent in an open loop, so that a slow
// answer never delays the next request, and never sent again.
type Stream struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Rate    int    `json:"rate,omitempty"`    // requests a second, 1 to MaxRate; 0: DefaultRate
	Timeout string `json:"timeout,omitempty"` // of one request; empty: DefaultTimeout
	Expect  string `json:"expect,omitempty"`  // text that a good answer's body contains
}

// Line is what the prober writes for one request, as JSON.
type Line struct {
	Stream  string    `json:"stream"`
	Boot    string    `json:"boot"` // random, one a process: seq starts again at 1
	Seq     uint64    `json:"seq"`
	Sent    time.Time `json:"t"`
	Millis  float64   `json:"ms"`
	Class   string    `json:"class"` // one of the Class constants
	Code    int       `json:"code,omitempty"`
	Pod     string    `json:"pod,omitempty"`
	Version string    `json:"version,omitempty"`
	Conn    string    `json:"conn"` // new, or reused: the pool of kept connections
	Error   string    `json:"error,omitempty"`
}

func runProbe(ctx context.Context, p Process) error {
	e := env{get: p.Getenv}
	limit := e.duration("MAX_DURATION", DefaultMaxDuration)
	if err := e.err(); err != nil {
		return err
	}
	streams, err := readStreams(p.Getenv)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return probeAll(ctx, streams, &lineWriter{w: p.Stdout})
}

func readStreams(getenv func(string) string) ([]Stream, error) {
	streams := []Stream{{Name: "default", URL: getenv("URL"), Timeout: getenv("TIMEOUT"), Expect: getenv("EXPECT")}}
	if rate := getenv("RATE"); rate != "" {
		n, err := strconv.Atoi(rate)
		if err != nil {
			return nil, usagef("RATE=%q: want a number", rate)
		}
		streams[0].Rate = n
	}
	if text := getenv("PROBE_CONFIG"); text != "" {
		streams = nil
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&streams); err != nil {
			return nil, usagef("PROBE_CONFIG: %v", err)
		}
	}
	for i := range streams {
		if err := streams[i].setDefaults(); err != nil {
			return nil, err
		}
	}
	return streams, nil
}

func (s *Stream) setDefaults() error {
	if s.Rate == 0 {
		s.Rate = DefaultRate
	}
	s.Rate = min(s.Rate, MaxRate)
	if s.Timeout == "" {
		s.Timeout = DefaultTimeout.String()
	}
	switch timeout, err := time.ParseDuration(s.Timeout); {
	case s.URL == "":
		return usagef("stream %q: url is missing", s.Name)
	case s.Rate < 0:
		return usagef("stream %q: rate %d: want 1 to %d", s.Name, s.Rate, MaxRate)
	case err != nil || timeout <= 0:
		return usagef("stream %q: timeout %q: want a duration such as 2s", s.Name, s.Timeout)
	}
	return nil
}

// probeAll sends every stream until ctx is done and waits for the last answers.
func probeAll(ctx context.Context, streams []Stream, out *lineWriter) error {
	boot := strings.ToLower(rand.Text()[:6])
	var group sync.WaitGroup
	for _, s := range streams {
		timeout, err := time.ParseDuration(s.Timeout)
		if err != nil {
			return fmt.Errorf("stream %q: %w", s.Name, err)
		}
		l := &loop{stream: s, boot: boot, timeout: timeout, out: out, slots: make(chan struct{}, inFlight)}
		group.Go(func() { l.run(ctx) })
	}
	group.Wait()
	return out.err
}

// loop is the open loop of one stream.
type loop struct {
	stream  Stream
	boot    string
	timeout time.Duration
	out     *lineWriter
	slots   chan struct{}
}

func (l *loop) run(ctx context.Context) {
	fresh := &http.Client{CheckRedirect: noRedirect, Transport: &http.Transport{DisableKeepAlives: true}}
	kept := &http.Client{CheckRedirect: noRedirect, Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second}}
	due := newSchedule(l.stream.Rate, time.Now())
	var group sync.WaitGroup
	defer group.Wait()
	for seq := uint64(1); ; seq++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due.next(time.Now()))):
		}
		line := Line{Stream: l.stream.Name, Boot: l.boot, Seq: seq, Sent: time.Now().UTC(), Conn: "new"}
		client := fresh
		if seq%2 == 0 {
			client, line.Conn = kept, "reused"
		}
		select {
		case l.slots <- struct{}{}:
		default:
			line.Class = ClassOverload
			l.out.write(line)
			continue
		}
		group.Go(func() {
			defer func() { <-l.slots }()
			l.send(context.WithoutCancel(ctx), client, &line)
			l.out.write(line)
		})
	}
}

// schedule says when requests are due. A prober that had no processor sends what it is late
// with at once: users do not wait for it. Only after longest it begins anew; that stretch is
// one of which nothing is known.
type schedule struct {
	interval time.Duration
	last     time.Time
}

// longest is how late a request may be sent.
const longest = 2 * time.Second

func newSchedule(rate int, now time.Time) *schedule {
	return &schedule{interval: time.Second / time.Duration(rate), last: now}
}

// next is when the next request is due.
func (s *schedule) next(now time.Time) time.Time {
	s.last = s.last.Add(s.interval)
	if now.Sub(s.last) > longest {
		s.last = now
	}
	return s.last
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// lineWriter writes a JSON line at a time and keeps the first error.
type lineWriter struct {
	mu  sync.Mutex
	w   io.Writer
	err error
}

func (w *lineWriter) write(line Line) {
	data, err := json.Marshal(line)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		_, err = w.w.Write(append(data, '\n'))
	}
	if w.err == nil {
		w.err = err
	}
}
