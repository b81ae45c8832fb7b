package verifier

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/firedrill/firedrill/internal/scenario"
)

// TableState is rows of a table, told apart from any others without keeping them.
type TableState struct {
	Rows        int64  `json:"rows"`
	Fingerprint string `json:"fingerprint"` // MD5 of every row's columns, in order
}

// RowsKept passes when every database behind the Service holds the rows it held before the
// fault, each as it was. Rows that came later are none of its business.
type RowsKept struct {
	databaseRef `yaml:",inline"`
	Table       string   `yaml:"table" doc:"The table." required:"true"`
	Columns     []string `yaml:"columns" doc:"Columns whose values must stay as they were." required:"true"`
	Where       string   `yaml:"where" doc:"SQL condition that picks the rows; it must pick none that come later." required:"true"`
}

// Observe asks each pod's own database.
func (c *RowsKept) Observe(ctx context.Context, t *Target) (Observation, error) {
	if t.Baseline == nil {
		return Observation{}, errors.New("no baseline was taken yet")
	}
	was, known := t.Baseline.Tables[c.key()]
	if !known {
		return Observation{}, errors.New("the baseline has no rows of " + c.key())
	}
	pods, err := c.behind(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	if len(pods) == 0 {
		return c.nobody(), nil
	}
	for i := range pods {
		now, err := c.read(ctx, t, &pods[i])
		var none *noDatabaseError
		if errors.As(err, &none) {
			return Observation{Reason: none.why}, nil
		}
		if err != nil {
			return Observation{}, err
		}
		if reason := changedRows(was, now); reason != "" {
			return Observation{Reason: fmt.Sprintf("table %s in pod %s: %s", c.Table, pods[i].Name, reason)}, nil
		}
	}
	return Observation{
		Passed: true, Reason: fmt.Sprintf("every one of the %d rows of table %s is as it was", was.Rows, c.Table),
		Evidence: fmt.Sprintf("%d pods asked; %s", len(pods), c.Where),
	}, nil
}

// changedRows says what became of the rows; empty when they are as they were.
func changedRows(was, now TableState) string {
	switch {
	case now.Rows < was.Rows:
		return fmt.Sprintf("%d of %d rows are left", now.Rows, was.Rows)
	case now.Rows > was.Rows:
		return fmt.Sprintf("%d rows instead of %d: some are there twice, or are not of before", now.Rows, was.Rows)
	case now.Fingerprint != was.Fingerprint:
		return fmt.Sprintf("%d rows, but they are not the ones of before", now.Rows)
	}
	return ""
}

func (c *RowsKept) key() string { return c.Service + "/" + c.Table + " where " + c.Where }

// extend counts the rows before anything is broken. Without any there would be nothing to keep.
func (c *RowsKept) extend(ctx context.Context, t *Target, b *Baseline) error {
	pods, err := c.behind(ctx, t)
	if err != nil {
		return err
	}
	if len(pods) != 1 {
		return fmt.Errorf("%d pods are ready behind Service %s: one database is to be the baseline's", len(pods), c.Service)
	}
	rows, err := c.read(ctx, t, &pods[0])
	if err != nil {
		return fmt.Errorf("count the rows of table %s: %w", c.Table, err)
	}
	if rows.Rows == 0 {
		return fmt.Errorf("table %s has no row where %s: there is nothing to keep", c.Table, c.Where)
	}
	if b.Tables == nil {
		b.Tables = map[string]TableState{}
	}
	b.Tables[c.key()] = rows
	return nil
}

func (c *RowsKept) read(ctx context.Context, t *Target, p *corev1.Pod) (TableState, error) {
	columns := strings.Join(c.Columns, ", ")
	answer, err := c.ask(ctx, t, p, fmt.Sprintf(
		"SELECT count(*), coalesce(md5(string_agg(ROW(%[1]s)::text, ',' ORDER BY %[1]s)), 'none') FROM %[2]s WHERE %[3]s", columns, c.Table, c.Where))
	if err != nil {
		return TableState{}, err
	}
	count, sum, _ := strings.Cut(answer, "|")
	rows, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		return TableState{}, fmt.Errorf("the database in pod %s answered %q", p.Name, answer)
	}
	return TableState{Rows: rows, Fingerprint: sum}, nil
}

// RowsArrive passes while the newest row of a table is younger than the window. It tells a
// database that the users write to from one that merely stands behind the Service.
type RowsArrive struct {
	databaseRef `yaml:",inline"`
	Table       string            `yaml:"table" doc:"The table." required:"true"`
	Column      string            `yaml:"column" doc:"The column with the time that a row came, of type timestamptz." required:"true"`
	Window      scenario.Duration `yaml:"window" doc:"How old the newest row may be." default:"10s" min:"2s"`
}

// Observe asks each pod's own database; one with newer rows is enough, as a standby's lag.
func (c *RowsArrive) Observe(ctx context.Context, t *Target) (Observation, error) {
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
	reason := ""
	for i := range pods {
		answer, err := c.ask(ctx, t, &pods[i], fmt.Sprintf(
			"SELECT count(*) FROM %s WHERE %s > now() - interval '%d seconds'", c.Table, c.Column, int(window.Seconds())))
		var none *noDatabaseError
		switch {
		case errors.As(err, &none):
			return Observation{Reason: none.why}, nil
		case err != nil:
			return Observation{}, err
		case answer != "0":
			return Observation{Passed: true, Reason: "new rows arrive in table " + c.Table, Evidence: answer + " in " + window.String() + " in pod " + pods[i].Name}, nil
		}
		reason = fmt.Sprintf("no row arrived in table %s within %s: the users write to no database behind Service %s", c.Table, window, c.Service)
	}
	return Observation{Reason: reason}, nil
}
