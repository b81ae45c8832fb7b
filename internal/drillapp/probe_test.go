package drillapp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// probeFor runs one stream for d and returns its lines.
func probeFor(t *testing.T, d time.Duration, s Stream) []Line {
	t.Helper()
	config, err := json.Marshal([]Stream{s})
	if err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	env := map[string]string{"PROBE_CONFIG": string(config), "MAX_DURATION": d.String()}
	code := Main(t.Context(), Process{
		Args: []string{"probe"}, Getenv: func(key string) string { return env[key] }, Stdout: &out, Stderr: &stderr,
	})
	if code != ExitOK {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	var lines []Line
	decoder := json.NewDecoder(&out)
	for {
		var line Line
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			return lines
		} else if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
}

func TestProbeBehavesAsManyCustomers(t *testing.T) {
	t.Parallel()
	a, server := testApp(t, map[string]string{"WORKING_SET": "1Mi", "SESSION_BYTES": "4Ki", "HOSTNAME": "shop-1", "VERSION": "7"})
	lines := probeFor(t, 500*time.Millisecond, Stream{Name: "shop", URL: server.URL, Rate: 50, Expect: `"ok":true`})
	if len(lines) < 2 { // 25 on an idle machine
		t.Fatalf("%d requests in half a second at 50/s", len(lines))
	}
	conns := map[string]int{}
	for _, line := range lines {
		if line.Class != ClassOK || line.Code != 200 || line.Pod != "shop-1" || line.Version != "7" || line.Stream != "shop" || line.Boot == "" {
			t.Errorf("got %+v", line)
		}
		conns[line.Conn]++
	}
	if d := conns["new"] - conns["reused"]; d < 0 || d > 1 {
		t.Errorf("connections: %v, want half and half", conns)
	}
	if count, _ := a.sessions.stats(); count != len(lines) {
		t.Errorf("%d sessions of %d customers", count, len(lines))
	}
}

func TestProbeClasses(t *testing.T) {
	t.Parallel()
	handle := func(h http.HandlerFunc) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	status := func(code int) string {
		return handle(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	}
	tests := []struct{ name, url, expect, timeout, want string }{
		{name: "any body will do", url: status(200), want: ClassOK},
		{name: "5xx", url: status(503), want: Class5xx},
		{name: "4xx", url: status(404), want: Class4xx},
		{name: "redirect", url: status(302), want: ClassBody},
		{name: "wrong body", url: status(200), expect: "thanks", want: ClassBody},
		{name: "refused", url: "http://127.0.0.1:1", want: ClassConnect},
		{name: "no such host", url: "http://nowhere.invalid", want: ClassDNS},
		{name: "no answer in time", want: ClassTimeout, timeout: "300ms", url: handle(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })},
		{name: "hung up", want: ClassReset, url: handle(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })},
		{name: "hung up in the middle", want: ClassReset, url: handle(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(200)
			panic(http.ErrAbortHandler)
		})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lines := probeFor(t, 200*time.Millisecond, Stream{URL: test.url, Rate: 50, Timeout: test.timeout, Expect: test.expect})
			if len(lines) == 0 {
				t.Fatal("no request")
			}
			for _, line := range lines {
				if line.Class != test.want {
					t.Errorf("got %+v, want class %s", line, test.want)
				}
			}
		})
	}
}

// A dial that gets no answer is "connect", not "timeout": a full backlog answers nothing.
func TestProbeDialTimeout(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}}
	l := &loop{stream: Stream{URL: "http://shop"}, timeout: 50 * time.Millisecond}
	line := Line{Sent: time.Now()}
	l.send(t.Context(), client, &line)
	if line.Class != ClassConnect || line.Millis < 40 {
		t.Errorf("got %+v", line)
	}
}

func TestProbeIsAnOpenLoop(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	lines := probeFor(t, 600*time.Millisecond, Stream{URL: server.URL, Rate: 50, Timeout: "1s"})
	// None was answered before a second had passed: a closed loop would have sent one.
	if len(lines) < 3 || arrived.Load() < 3 {
		t.Errorf("%d requests sent, %d arrived: late answers delayed the next request", len(lines), arrived.Load())
	}
	seqs := make([]uint64, 0, len(lines))
	for _, line := range lines {
		seqs = append(seqs, line.Seq)
	}
	slices.Sort(seqs)
	for i, seq := range seqs {
		if seq != uint64(i+1) {
			t.Fatalf("sequence numbers %v: want every one once", seqs)
		}
	}
}

func TestProbeOverload(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := &loop{
		stream: Stream{URL: "http://127.0.0.1:1", Rate: 50}, timeout: time.Second, out: &lineWriter{w: &out},
		slots: make(chan struct{}), // none free
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	l.run(ctx)
	if !strings.Contains(out.String(), `"class":"overload"`) || strings.Contains(out.String(), ClassConnect) {
		t.Errorf("got %s", out.String())
	}
}

func TestStreamDefaults(t *testing.T) {
	t.Parallel()
	s := Stream{Name: "a", URL: "http://a", Rate: 500}
	if err := s.setDefaults(); err != nil || s.Rate != MaxRate || s.Timeout != "2s" {
		t.Errorf("got %+v, %v", s, err)
	}
	for _, bad := range []Stream{{}, {URL: "http://a", Rate: -1}, {URL: "http://a", Timeout: "2"}, {URL: "http://a", Timeout: "-2s"}} {
		if err := bad.setDefaults(); err == nil {
			t.Errorf("%+v: want an error", bad)
		}
	}
}

// TestProbeCountsAKeptConnectionThatBroke: net/http sends the request again on a new one,
// and the good answer to that would hide that the server hung up.
func TestProbeCountsAKeptConnectionThatBroke(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if requests.Add(1) == 2 { // the second one comes over the first one's connection
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{}}
	l := &loop{stream: Stream{URL: server.URL}, timeout: 10 * time.Second}
	for i, want := range []string{ClassOK, ClassReset, ClassOK} {
		line := Line{Sent: time.Now()}
		l.send(t.Context(), client, &line)
		if line.Class != want || want != ClassOK && !strings.Contains(line.Error, "sent the request again") {
			t.Errorf("request %d: %+v, want class %s", i+1, line, want)
		}
	}
	if n := requests.Load(); n != 4 {
		t.Errorf("%d requests reached the server, want 4: one of them twice", n)
	}
}

// TestSchedule: the loop is open: what is late is sent at once, none is left out, until so
// much is late that nobody could say what its users would have seen.
func TestSchedule(t *testing.T) {
	t.Parallel()
	zero := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := zero.Add
	s := newSchedule(10, zero)
	for _, step := range []struct{ now, due time.Duration }{
		{0, 100 * time.Millisecond},
		{100 * time.Millisecond, 200 * time.Millisecond},
		{1500 * time.Millisecond, 300 * time.Millisecond}, // it had no processor for a while
		{1500 * time.Millisecond, 400 * time.Millisecond},
		{10 * time.Second, 10 * time.Second},
		{10 * time.Second, 10100 * time.Millisecond},
	} {
		if got := s.next(at(step.now)); !got.Equal(at(step.due)) {
			t.Errorf("at %s: due at %s, want %s", step.now, got.Sub(zero), step.due)
		}
	}
}
