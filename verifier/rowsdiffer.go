package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// RowsDiffer passes while several databases stand behind a Service, and each of them has rows
// that none of the others has. It is a symptom of more than one writer: whatever one server is
// asked, a part of what was confirmed is not there.
type RowsDiffer struct {
	databaseRef `yaml:",inline"`
	Table       string   `yaml:"table" doc:"The table." required:"true"`
	Columns     []string `yaml:"columns" doc:"Columns that tell the rows apart." required:"true"`
	Column      string   `yaml:"column" doc:"The column with the time that a row came, of type timestamptz." required:"true"`
	Where       string   `yaml:"where" doc:"SQL condition that picks the rows. Left out: all." default:"true"`
}

// Observe asks each pod's own database.
func (c *RowsDiffer) Observe(ctx context.Context, t *Target) (Observation, error) {
	pods, err := c.behind(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	if len(pods) < 2 {
		return Observation{Reason: fmt.Sprintf("%d databases are ready behind Service %s: there are no two that could differ", len(pods), c.Service)}, nil
	}
	rows := RowsConfirmed{databaseRef: c.databaseRef, Table: c.Table, Columns: c.Columns, Column: c.Column, Where: c.Where}
	has := make([][]string, len(pods))
	for i := range pods {
		now, err := rows.read(ctx, t, &pods[i])
		var none *noDatabaseError
		if errors.As(err, &none) {
			return Observation{Reason: none.why}, nil
		}
		if err != nil {
			return Observation{}, err
		}
		has[i] = now.Rows
	}
	evidence := ""
	for i := range pods {
		own := missing(has[i], slices.Concat(slices.Delete(slices.Clone(has), i, i+1)...))
		if own == 0 {
			return Observation{Reason: fmt.Sprintf("pod %s has no row in table %s that the others have not", pods[i].Name, c.Table)}, nil
		}
		evidence += fmt.Sprintf("pod %s: %d rows, %d of them its own; ", pods[i].Name, len(has[i]), own)
	}
	return Observation{
		Passed: true, Reason: fmt.Sprintf("each of the %d databases behind Service %s has rows in table %s that the others have not", len(pods), c.Service, c.Table),
		Evidence: evidence[:len(evidence)-2],
	}, nil
}
