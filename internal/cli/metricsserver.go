package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

const (
	metricsPath = "/metrics"
	// scrapesAtOnce bounds the scrapes under way: each reads every journal.
	scrapesAtOnce = 2
	headerTimeout = 10 * time.Second
	stopTimeout   = 5 * time.Second
)

// serveMetrics serves the runs' metrics on an address until stop is called; no address
// serves nothing. Every scrape reads the journals anew.
func (f *Factory) serveMetrics(ctx context.Context, addr string) (stop func() error, err error) {
	if addr == "" {
		return func() error { return nil }, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, usageErrorf("serve metrics on %q: %w (give a free address such as localhost:9130)", addr, err)
	}
	server := &http.Server{Handler: f.metricsHandler(), ReadHeaderTimeout: headerTimeout}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	f.Log.Debug("serving metrics", "address", listener.Addr())
	if err := write(f.IO.Err, "Metrics: http://%s%s\n", listener.Addr(), metricsPath); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		err := server.Shutdown(ctx)
		if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, fmt.Errorf("serve metrics: %w", serveErr))
		}
		return err
	}, nil
}

// serveMetricsUntilDone serves until ctx ends: a Ctrl-C is how it is meant to end.
func (f *Factory) serveMetricsUntilDone(ctx context.Context, addr string) error {
	stop, err := f.serveMetrics(ctx, addr)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return stop()
}

func (f *Factory) metricsHandler() http.Handler {
	gather := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		registry, err := f.metricsOfRuns()
		if err != nil {
			return nil, err
		}
		return registry.Gather()
	})
	mux := http.NewServeMux()
	mux.Handle("GET "+metricsPath, promhttp.HandlerFor(gather, promhttp.HandlerOpts{
		ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: scrapesAtOnce,
	}))
	mux.Handle("GET /{$}", http.RedirectHandler(metricsPath, http.StatusFound))
	return mux
}
