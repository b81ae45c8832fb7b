package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// DatabaseSettings is a safeguard: some settings of the PostgreSQL behind a Service have the
// values that they must have, and some of its tables are in its write-ahead log. Without fsync,
// full_page_writes or synchronous_commit, and of a table that is UNLOGGED, what it confirmed is
// not there after a crash (PostgreSQL's documentation, "Write Ahead Log", "CREATE TABLE").
type DatabaseSettings struct {
	databaseRef `yaml:",inline"`
	Enabled     []string `yaml:"enabled" doc:"Names of the settings that are on: fsync, full_page_writes, synchronous_commit (of which each value counts that waits for the own disk)." required:"true"`
	Logged      []string `yaml:"logged" doc:"Names of tables that are in the write-ahead log: not UNLOGGED."`
}

// Validate refuses what is no name of a setting: it becomes part of a statement.
func (c *DatabaseSettings) Validate() error {
	for _, name := range c.Enabled {
		if !isWord(name) {
			return fmt.Errorf("enabled: %q is no name of a setting", name)
		}
	}
	for _, name := range c.Logged {
		if !isWord(name) {
			return fmt.Errorf("logged: %q is no name of a table in lower case", name)
		}
	}
	return nil
}

func isWord(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// statement asks for what is not as it must be, in words; "none" when nothing is.
func (c *DatabaseSettings) statement() string {
	of := func(names []string) string {
		return "('" + strings.Join(slices.Sorted(slices.Values(names)), "', '") + "')"
	}
	parts := "SELECT name FROM pg_settings WHERE setting NOT IN ('on', 'local', 'remote_write', 'remote_apply') AND name IN " + of(c.Enabled)
	if len(c.Logged) > 0 {
		parts += " UNION ALL SELECT 'a log of table ' || relname FROM pg_class WHERE relpersistence <> 'p' AND relname IN " + of(c.Logged)
	}
	return "SELECT coalesce(string_agg(name, ', ' ORDER BY name), 'none') FROM (" + parts + ") AS lacking"
}

// Observe asks each pod's own database.
func (c *DatabaseSettings) Observe(ctx context.Context, t *Target) (Observation, error) {
	pods, err := c.behind(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	asked := 0
	for i := range pods {
		answer, err := c.ask(ctx, t, &pods[i], c.statement())
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
	return Observation{Passed: true, Reason: "the database keeps what it confirmed", Evidence: "on: " + strings.Join(c.Enabled, ", ")}, nil
}
