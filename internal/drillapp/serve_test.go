package drillapp

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func testConfig(t *testing.T, env map[string]string) config {
	t.Helper()
	cfg, err := readConfig(func(key string) string { return env[key] })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func testApp(t *testing.T, env map[string]string) (*app, *httptest.Server) {
	t.Helper()
	a := newApp(testConfig(t, env), slog.New(slog.DiscardHandler))
	server := httptest.NewServer(a.handler())
	t.Cleanup(server.Close)
	return a, server
}

func get(t *testing.T, url string, headers ...string) (int, Answer) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer Answer
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
	}
	return resp.StatusCode, answer
}

func TestBusinessAnswer(t *testing.T) {
	t.Parallel()
	_, server := testApp(t, map[string]string{"VERSION": "1.4.2", "HOSTNAME": "checkout-1"})
	code, answer := get(t, server.URL+"/order")
	want := Answer{OK: true, Pod: "checkout-1", Version: "1.4.2", Path: "/order"}
	if code != http.StatusOK || answer != want {
		t.Errorf("got %d %+v, want 200 %+v", code, answer, want)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path string
		env        map[string]string
		headers    []string
		want       int
	}{
		{name: "alive", path: "/healthz", want: 200},
		{name: "ready", path: "/readyz", want: 200},
		{name: "metrics", path: "/metrics", want: 200},
		{name: "every request fails", path: "/", env: map[string]string{"FAIL_RATE": "1"}, want: 500},
		{name: "the probes do not", path: "/healthz", env: map[string]string{"FAIL_RATE": "1"}, want: 200},
		{name: "no token", path: "/", env: map[string]string{"EXPECT_TOKEN": "s3cret"}, want: 401},
		{name: "wrong token", path: "/", env: map[string]string{"EXPECT_TOKEN": "s3cret"}, headers: []string{"Authorization", "Bearer other"}, want: 401},
		{name: "right token", path: "/", env: map[string]string{"EXPECT_TOKEN": "s3cret"}, headers: []string{"Authorization", "Bearer s3cret"}, want: 200},
		{name: "wedge with the wrong token", path: "/debug/wedge?token=guess", env: map[string]string{"WEDGE_TOKEN": "w"}, want: 404},
		{name: "no backend there", path: "/", env: map[string]string{"BACKEND_URL": "http://127.0.0.1:1"}, want: 500},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, server := testApp(t, test.env)
			if code, answer := get(t, server.URL+test.path, test.headers...); code != test.want {
				t.Errorf("got %d %+v, want %d", code, answer, test.want)
			}
		})
	}
}

func TestBackendToken(t *testing.T) {
	t.Parallel()
	_, backend := testApp(t, map[string]string{"EXPECT_TOKEN": "s3cret"})
	for token, want := range map[string]int{"s3cret": 200, "expired": 500, "": 500} {
		_, front := testApp(t, map[string]string{"BACKEND_URL": backend.URL, "TOKEN": token})
		if code, answer := get(t, front.URL); code != want {
			t.Errorf("token %q: got %d %+v, want %d", token, code, answer, want)
		}
	}
}

func TestBackendTokenFromAFile(t *testing.T) {
	t.Parallel()
	_, backend := testApp(t, map[string]string{"EXPECT_TOKEN": "s3cret"})
	file := filepath.Join(t.TempDir(), "token")
	_, front := testApp(t, map[string]string{"BACKEND_URL": backend.URL, "TOKEN": "s3cret", "TOKEN_FILE": file})
	if code, answer := get(t, front.URL); code != 500 || !strings.Contains(answer.Error, "credential") {
		t.Errorf("no file: got %d %+v, want 500", code, answer)
	}
	for text, want := range map[string]int{"changeme": 500, "s3cret\n": 200} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, answer := get(t, front.URL); code != want {
			t.Errorf("file with %q: got %d %+v, want %d", text, code, answer, want)
		}
	}
}

func TestWarmUp(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	start := time.Now()
	if !warmUp(t.Context(), 80*time.Millisecond, newLogger(&log)) || time.Since(start) < 80*time.Millisecond {
		t.Errorf("warm up took %s", time.Since(start))
	}
	if !strings.Contains(log.String(), "done=7/8") {
		t.Errorf("no progress in the log: %s", log.String())
	}
}

func TestWedgeStopsEveryAnswer(t *testing.T) {
	t.Parallel()
	_, server := testApp(t, map[string]string{"WEDGE_TOKEN": "w"})
	if code, _ := get(t, server.URL+"/debug/wedge?token=w"); code != 200 {
		t.Fatalf("wedge: %d", code)
	}
	client := &http.Client{Timeout: 100 * time.Millisecond}
	for _, path := range []string{"/", "/healthz", "/readyz"} {
		resp, err := client.Get(server.URL + path)
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s still answers: %s", path, resp.Status)
		}
	}
}

func TestWorkingSetIsBoundedAndResident(t *testing.T) {
	t.Parallel()
	const bound, size = 4 << 20, 1 << 20
	s := newSessions(bound, size)
	visit := func(id string) {
		if err := s.visit(id); err != nil {
			t.Fatal(err)
		}
	}
	visit("a")
	visit("a")
	if count, bytes := s.stats(); count != 1 || bytes != size {
		t.Errorf("one customer twice: %d sessions, %d bytes", count, bytes)
	}
	for _, id := range []string{"b", "c", "d", "e", "f"} {
		visit(id)
	}
	if count, bytes := s.stats(); count != 4 || bytes != bound {
		t.Errorf("six customers: %d sessions, %d bytes, want the bound", count, bytes)
	}
	if len(s.byID) != 4 {
		t.Errorf("%d ids for 4 sessions", len(s.byID))
	}
	for i := 0; i < size; i += 4096 {
		if s.blocks[0][i] == 0 {
			t.Fatalf("page at %d was never written to: not resident", i)
		}
	}
}

func TestLeakHasNoBound(t *testing.T) {
	t.Parallel()
	a, server := testApp(t, map[string]string{"LEAK_PER_REQUEST": "64Ki"})
	for range 10 {
		get(t, server.URL, SessionHeader, "the same customer")
	}
	if a.sessions.leak != 10*64<<10 {
		t.Errorf("%d bytes leaked, want 10 x 64Ki", a.sessions.leak)
	}
	if count, bytes := a.sessions.stats(); count != 0 || bytes != 0 {
		t.Errorf("the cache says it has %d sessions of %d bytes: the leak is not its own", count, bytes)
	}
}

func TestDrainLosesNoRequest(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, map[string]string{"LATENCY": "20ms", "DRAIN_DELAY": "2s"})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- serve(ctx, cfg, slog.New(slog.DiscardHandler), listener) }()
	client := &http.Client{Transport: &http.Transport{}}
	for i := range 10 {
		if i == 3 {
			cancel() // SIGTERM: requests keep coming until the endpoint is gone
		}
		resp, err := client.Get(url + "/order")
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if resp.StatusCode != http.StatusOK {
			t.Errorf("request %d: %s", i, resp.Status)
		}
		if i > 4 && !resp.Close {
			t.Errorf("request %d: the connection is kept by a pod that goes away", i)
		}
		resp.Body.Close()
	}
	if code, _ := get(t, url+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("readyz while draining: %d, want 503", code)
	}
	if err := <-done; err != nil {
		t.Errorf("serve: %v", err)
	}
}
