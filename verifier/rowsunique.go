package verifier

import (
	"context"
	"errors"
	"fmt"

	"github.com/firedrill/firedrill/internal/scenario"
)

// RowsUnique passes while no row that came lately shares a column's value with another row.
// A sequence that was left behind by a restore gives numbers out a second time.
type RowsUnique struct {
	databaseRef `yaml:",inline"`
	Table       string            `yaml:"table" doc:"The table." required:"true"`
	Unique      string            `yaml:"unique" doc:"The column whose values are given once." required:"true"`
	Column      string            `yaml:"column" doc:"The column with the time that a row came, of type timestamptz." required:"true"`
	Window      scenario.Duration `yaml:"window" doc:"How young the rows are that are looked at." default:"10s" min:"2s"`
}

// Observe asks each pod's own database. That rows arrive at all is rowsArrive's to say.
func (c *RowsUnique) Observe(ctx context.Context, t *Target) (Observation, error) {
	pods, err := c.behind(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	if len(pods) == 0 {
		return c.nobody(), nil
	}
	window := c.Window.Std()
	if window <= 0 {
		window = defaultWindow * 2
	}
	for i := range pods {
		answer, err := c.ask(ctx, t, &pods[i], fmt.Sprintf(
			"SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM %[1]s WHERE %[2]s IN (SELECT %[2]s FROM %[1]s WHERE %[3]s > now() - interval '%[4]d seconds') GROUP BY %[2]s HAVING count(*) > 1) AS shared",
			c.Table, c.Unique, c.Column, int(window.Seconds())))
		var none *noDatabaseError
		switch {
		case errors.As(err, &none):
			return Observation{Reason: none.why}, nil
		case err != nil:
			return Observation{}, err
		case answer != "0":
			return Observation{
				Reason:   fmt.Sprintf("a row that came to table %s within %s has a %s that another one has", c.Table, window, c.Unique),
				Evidence: fmt.Sprintf("%s rows with the same one, in pod %s", answer, pods[i].Name),
			}, nil
		}
	}
	return Observation{Passed: true, Reason: fmt.Sprintf("every %s that table %s gave out lately is given once", c.Unique, c.Table), Evidence: fmt.Sprintf("%d pods asked", len(pods))}, nil
}
