package drillapp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// httpGet is an exec probe: it fails unless the URL answers below 400 in time
// (TIMEOUT, 2s), the rule of the kubelet's own HTTP probes.
func httpGet(ctx context.Context, p Process, args []string) (err error) {
	if len(args) != 1 {
		return usagef("http-get takes one URL")
	}
	e := env{get: p.Getenv}
	timeout := e.duration("TIMEOUT", 2*time.Second)
	if err := e.err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	if err != nil {
		return usagef("%v", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answered %s", args[0], resp.Status)
	}
	return nil
}
