package drillapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
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
	token, err := a.cfg.credential()
	if err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
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

// credential is the token, read anew each time from a file: a Secret that is mounted
// changes without a restart.
func (c config) credential() (string, error) {
	if c.tokenFile == "" {
		return c.token, nil
	}
	text, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return "", fmt.Errorf("read the credential: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
