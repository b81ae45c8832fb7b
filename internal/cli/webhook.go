package cli

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/webhook"
)

const (
	// envWebhook is the URL of start --webhook where no flag gives it.
	envWebhook = "FIREDRILL_WEBHOOK"
	// webhookFile keeps the URL in the run's folder, for its owner only: it is a secret,
	// and the journal is shown to people.
	webhookFile = "webhook"
)

// webhookURL is the URL that the run's updates go to, or "".
func (f *Factory) webhookURL(flag string) (string, error) {
	target := flag
	if target == "" {
		target = strings.TrimSpace(f.Getenv(envWebhook))
	}
	if target == "" {
		return "", nil
	}
	if _, err := webhook.New(target); err != nil {
		return "", usageErrorf("--webhook: %w", err)
	}
	return target, nil
}

// notifier posts to the run's webhook; nil when it has none.
func (r *openRun) notifier() (drill.Notifier, error) {
	text, err := r.store.ReadFile(r.name(), webhookFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // no webhook is no error
	}
	if err != nil {
		return nil, err
	}
	return webhook.New(strings.TrimSpace(string(text)))
}
