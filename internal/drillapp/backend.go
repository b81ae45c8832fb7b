package drillapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// askBackend asks the service this one depends on, when there is one.
func (a *app) askBackend(ctx context.Context) (err error) {
	if a.cfg.backendURL == "" {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.cfg.backendURL, nil)
	if err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	if a.cfg.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.cfg.token)
	}
	resp, err := a.backend.Do(req)
	if err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, bodyLimit)); err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("backend %s answered %s", a.cfg.backendURL, resp.Status)
	}
	return nil
}
