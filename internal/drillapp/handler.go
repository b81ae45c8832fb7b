package drillapp

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
)

// SessionHeader names the customer a request comes from. A request without it is a
// new customer.
const SessionHeader = "X-Session-Id"

// Answer is the service's answer to any business path.
type Answer struct {
	OK      bool   `json:"ok"`
	Pod     string `json:"pod"`
	Version string `json:"version"`
	Path    string `json:"path,omitempty"`
	Error   string `json:"error,omitempty"`
}

type app struct {
	cfg      config
	log      *slog.Logger
	sessions *sessions
	meter    *meter
	backend  *http.Client
	draining atomic.Bool
	wedged   atomic.Bool
	served   atomic.Int64 // business requests answered 200
	failed   atomic.Int64 // business requests answered otherwise
}

func newApp(cfg config, log *slog.Logger) *app {
	return &app{
		cfg: cfg, log: log,
		sessions: newSessions(cfg.workingSet, cfg.sessionBytes),
		meter:    newMeter(cfg.cpuPerRequest),
		backend:  &http.Client{Timeout: cfg.backendTimeout, Transport: direct()},
	}
}

// direct asks whoever the URL names, and no proxy that the environment may name: who answers
// for the backend is the cluster's to say.
func direct() http.RoundTripper {
	transport, _ := http.DefaultTransport.(*http.Transport)
	transport = transport.Clone()
	transport.Proxy = nil
	return transport
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { a.write(w, []byte("ok\n")) })
	mux.HandleFunc("/readyz", a.ready)
	mux.HandleFunc("/metrics", a.metrics)
	if a.cfg.wedgeToken != "" {
		mux.HandleFunc("/debug/wedge", a.wedge)
	}
	mux.HandleFunc("/", a.business)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.wedged.Load() {
			<-r.Context().Done() // no answer, ever: every thread waits for a lock nobody frees
			return
		}
		if a.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		mux.ServeHTTP(w, r)
	})
}

func (a *app) ready(w http.ResponseWriter, _ *http.Request) {
	if a.draining.Load() {
		http.Error(w, "terminating", http.StatusServiceUnavailable)
		return
	}
	a.write(w, []byte("ready\n"))
}

func (a *app) wedge(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("token") != a.cfg.wedgeToken {
		http.NotFound(w, r)
		return
	}
	a.write(w, []byte("wedged\n"))
	a.wedged.Store(true)
}

func (a *app) business(w http.ResponseWriter, r *http.Request) {
	status, problem := a.work(r)
	answer := Answer{OK: status == http.StatusOK, Pod: a.cfg.pod, Version: a.cfg.version, Path: r.URL.Path, Error: problem}
	if answer.OK {
		a.served.Add(1)
	} else {
		a.failed.Add(1)
		a.log.Error("request failed", "path", r.URL.Path, "status", status, "error", problem)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	a.write(w, append(body, '\n'))
}

// work does what a request costs and says how it went.
func (a *app) work(r *http.Request) (status int, problem string) {
	if want := a.cfg.expectToken; want != "" && r.Header.Get("Authorization") != "Bearer "+want {
		return http.StatusUnauthorized, "invalid token"
	}
	if err := a.sessions.visit(sessionOf(r)); err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	if err := a.sessions.lose(a.cfg.leakPerRequest); err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	a.meter.request()
	if !pause(r.Context(), a.cfg.latency) {
		return http.StatusServiceUnavailable, "the client went away"
	}
	if a.cfg.failRate > 0 && rand.Float64() < a.cfg.failRate { //nolint:gosec // a share, not a secret
		return http.StatusInternalServerError, "internal error"
	}
	if err := a.askBackend(r.Context()); err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	if err := a.keepOrder(r.Context()); err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	return http.StatusOK, ""
}

func sessionOf(r *http.Request) string {
	if id := r.Header.Get(SessionHeader); id != "" {
		return id
	}
	if cookie, err := r.Cookie("session"); err == nil {
		return cookie.Value
	}
	return fmt.Sprintf("anonymous-%016x", rand.Uint64()) //nolint:gosec // a name, not a secret
}

func (a *app) write(w http.ResponseWriter, body []byte) {
	if _, err := w.Write(body); err != nil {
		a.log.Debug("the client went away", "error", err)
	}
}
