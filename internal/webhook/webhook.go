// Package webhook posts short texts to a URL as Slack-compatible JSON. Whoever has the
// URL can post, so no error of this package holds it.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Tries, and the time between them: a message is given up after some 20 s.
const (
	tries      = 3
	tryTimeout = 5 * time.Second
	firstPause = time.Second
)

// Poster posts to one URL.
type Poster struct {
	url    string
	client *http.Client
	pause  time.Duration // before the second try; the next ones double it
}

// New returns a poster. A URL that cannot be posted to is an error that does not hold it.
func New(target string) (*Poster, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, errors.New("the webhook's URL is none: it begins with https:// (or http://) and names a host")
	}
	// An answer that sends us elsewhere is no delivery: the text is for the given place.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Poster{url: target, client: &http.Client{Timeout: tryTimeout, CheckRedirect: stay}, pause: firstPause}, nil
}

// escaped is plain text as Slack wants it (api.slack.com/reference/surfaces/formatting):
// else a note could hold <!channel>, which rings everybody, or a link with another name.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// Notify posts {"text": text}, the text escaped by Slack's rules. It tries again after failures that may pass (no
// connection, 429, 5xx), and gives up at once when the other side refuses the message.
func (p *Poster) Notify(ctx context.Context, text string) error {
	body, err := json.Marshal(map[string]string{"text": escaped(text)})
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	pause := p.pause
	for try := 1; ; try++ {
		again, err := p.post(ctx, body)
		if err == nil {
			return nil
		}
		if !again || try == tries {
			return fmt.Errorf("webhook: %w (%d of %d tries)", err, try, tries)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("webhook: %w", context.Cause(ctx))
		case <-timer.C:
		}
		pause *= 2
	}
}

// post makes one try, and tells whether another one may do better.
func (p *Poster) post(ctx context.Context, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return false, bare(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "firedrill")
	resp, err := p.client.Do(req)
	if err != nil {
		return true, bare(err)
	}
	// What it says beside its status is of no use to us; read, the connection can be used again.
	_, readErr := io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	closeErr := resp.Body.Close()
	switch {
	case resp.StatusCode/100 == 2:
		return false, nil
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode/100 == 5:
		return true, errors.Join(fmt.Errorf("it answered %s", resp.Status), readErr, closeErr)
	}
	return false, fmt.Errorf("it answered %s", resp.Status)
}

// bare is an error without the URL that net/http puts into it.
func bare(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}
