package drillapp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"
)

func runServe(ctx context.Context, p Process) error {
	cfg, err := readConfig(p.Getenv)
	if err != nil {
		return err
	}
	log := newLogger(p.Stdout)
	log.Info("starting", "version", cfg.version, "pod", cfg.pod, "cpus", runtime.GOMAXPROCS(0), "memory_limit", memoryLimit())
	if !warmUp(ctx, cfg.startupDelay, log) {
		return errTerminated
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":"+cfg.port)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return serve(ctx, cfg, log, listener)
}

// serve answers on the listener until ctx is done, then drains: it keeps serving
// while the cluster takes the pod out of its endpoints, closes connections with the
// answers it gives, and finishes what is in flight. A rolling update loses nothing.
func serve(ctx context.Context, cfg config, log *slog.Logger, listener net.Listener) error {
	a := newApp(cfg, log)
	server := &http.Server{Handler: a.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	log.Info("listening", "address", listener.Addr().String())

	stats := time.NewTicker(cfg.statsEvery)
	defer stats.Stop()
	var logged int64
	for {
		select {
		case err := <-served:
			return fmt.Errorf("serve: %w", err)
		case <-stats.C:
			logged = a.logStats(logged)
		case <-ctx.Done():
			return a.drain(context.WithoutCancel(ctx), server)
		}
	}
}

func (a *app) drain(ctx context.Context, server *http.Server) error {
	a.draining.Store(true)
	a.log.Info("terminating", "drain", a.cfg.drainDelay)
	pause(ctx, a.cfg.drainDelay)
	ctx, cancel := context.WithTimeout(ctx, a.cfg.shutdownGrace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		a.log.Warn("requests were cut off", "error", err)
		return errors.Join(err, server.Close())
	}
	a.log.Info("stopped")
	return nil
}

// warmUpParts is how many lines a slow boot logs.
const warmUpParts = 8

// warmUp takes its time, and says how far it has come, as services do that fill a cache
// before they listen; it is false when ctx ended first.
func warmUp(ctx context.Context, d time.Duration, log *slog.Logger) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	for part := range warmUpParts {
		log.Info("warming up the cache", "done", fmt.Sprintf("%d/%d", part, warmUpParts))
		if !pause(ctx, d/warmUpParts) {
			return false
		}
	}
	return true
}

// pause waits d; it is false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// memoryLimit is the container's limit in bytes as its cgroup (v2, else v1) has it,
// "none" when there is none to be seen.
func memoryLimit() string {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// v1 writes "no limit" as the largest multiple of a page, 19 digits.
		if limit := strings.TrimSpace(string(data)); limit != "max" && len(limit) < 19 {
			return limit
		}
	}
	return "none"
}
