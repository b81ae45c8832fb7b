package verifier

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/firedrill/firedrill/internal/scenario"
)

// RowsUnique passes while no row that came lately shares a column's value with another row.
// A sequence that was left behind by a restore gives numbers out a second time, until it has
// caught up. Whoever waits for that has not repaired it: once it was seen for longer than
// givenTwice, every row that came since must be given another number.
type RowsUnique struct {
	databaseRef `yaml:",inline"`
	Table       string            `yaml:"table" doc:"The table." required:"true"`
	Unique      string            `yaml:"unique" doc:"The column whose values are given once." required:"true"`
	Column      string            `yaml:"column" doc:"The column with the time that a row came, of type timestamptz." required:"true"`
	Window      scenario.Duration `yaml:"window" doc:"How young the rows are that are looked at." default:"10s" min:"2s"`
}

// givenTwice is for how long values may be given twice on the way of a repair: clients that
// are let in between a dump and its sequence. What lies in the window counts as well.
const givenTwice = 30 * time.Second

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
		whose := fmt.Sprintf("%s %s %s", c.Service, c.Table, pods[i].Name)
		if owner := metav1.GetControllerOf(&pods[i]); owner != nil { // a pod of it that was started anew has the same rows
			whose += " " + string(owner.UID)
		}
		since, stands := t.memory.twiceSince(whose)
		from := fmt.Sprintf("now() - interval '%d seconds'", int(window.Seconds()))
		if stands {
			from = fmt.Sprintf("to_timestamp(%d)", since)
		}
		shared, clock, err := c.shared(ctx, t, &pods[i], from)
		var none *noDatabaseError
		switch {
		case errors.As(err, &none):
			return Observation{Reason: none.why}, nil
		case err != nil:
			return Observation{}, err
		}
		t.memory.noteTwice(whose, shared > 0, clock, givenTwice)
		switch evidence := fmt.Sprintf("%d rows with the same one, in pod %s", shared, pods[i].Name); {
		case shared == 0:
		case stands:
			return Observation{
				Reason:   fmt.Sprintf("rows that came to table %s have a %s that another one has: it was given twice for more than %s, and to wait until it is not gives nobody another one", c.Table, c.Unique, givenTwice),
				Evidence: evidence,
			}, nil
		default:
			return Observation{Reason: fmt.Sprintf("a row that came to table %s within %s has a %s that another one has", c.Table, window, c.Unique), Evidence: evidence}, nil
		}
	}
	return Observation{Passed: true, Reason: fmt.Sprintf("every %s that table %s gave out lately is given once", c.Unique, c.Table), Evidence: fmt.Sprintf("%d pods asked", len(pods))}, nil
}

// shared is how many rows have the same value, where one of them came since a time; and what
// time it is in the database, in seconds.
func (c *RowsUnique) shared(ctx context.Context, t *Target, p *corev1.Pod, since string) (most, clock int64, err error) {
	answer, err := c.ask(ctx, t, p, fmt.Sprintf(
		"SELECT coalesce(max(n), 0), extract(epoch FROM now())::bigint FROM (SELECT count(*) AS n FROM %[1]s WHERE %[2]s IN (SELECT %[2]s FROM %[1]s WHERE %[3]s > %[4]s) GROUP BY %[2]s HAVING count(*) > 1) AS shared",
		c.Table, c.Unique, c.Column, since))
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscanf(answer, "%d|%d", &most, &clock); err != nil {
		return 0, 0, fmt.Errorf("the database in pod %s answered %q", p.Name, answer)
	}
	return most, clock, nil
}
