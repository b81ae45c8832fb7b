package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// DatabaseSettings is a safeguard: some settings of the PostgreSQL behind a Service have the
// values that they must have. Without fsync or full_page_writes, what it confirmed is not
// there after a crash (PostgreSQL's documentation, "Write Ahead Log").
type DatabaseSettings struct {
	databaseRef `yaml:",inline"`
	Enabled     []string `yaml:"enabled" doc:"Names of the settings that are on: fsync, full_page_writes." required:"true"`
}

// Validate refuses what is no name of a setting: it becomes part of a statement.
func (c *DatabaseSettings) Validate() error {
	for _, name := range c.Enabled {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			return fmt.Errorf("enabled: %q is no name of a setting", name)
		}
	}
	return nil
}

// Observe asks each pod's own database.
func (c *DatabaseSettings) Observe(ctx context.Context, t *Target) (Observation, error) {
	pods, err := c.behind(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	names := slices.Sorted(slices.Values(c.Enabled))
	asked := 0
	for i := range pods {
		answer, err := c.ask(ctx, t, &pods[i], fmt.Sprintf(
			"SELECT coalesce(string_agg(name, ', ' ORDER BY name), 'none') FROM pg_settings WHERE setting <> 'on' AND name IN ('%s')", strings.Join(names, "', '")))
		var none *noDatabaseError
		switch {
		case errors.As(err, &none): // that it answers is another check's to say
		case err != nil:
			return Observation{}, err
		case answer != "none":
			return Observation{Reason: fmt.Sprintf("the database in pod %s runs without %s", pods[i].Name, answer)}, nil
		default:
			asked++
		}
	}
	if asked == 0 {
		return Observation{Passed: true, Reason: "no database behind Service " + c.Service + " answers: there is nothing to judge"}, nil
	}
	return Observation{Passed: true, Reason: "the database keeps what it confirmed", Evidence: "on: " + strings.Join(names, ", ")}, nil
}
