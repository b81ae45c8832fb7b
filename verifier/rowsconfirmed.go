package verifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// ConfirmedRows are the rows that the databases behind a Service had when the page was sent.
type ConfirmedRows struct {
	Until string   `json:"until"` // when the newest of them came, by the databases' own clock
	Rows  []string `json:"rows"`  // a fingerprint of each, sorted
}

// RowsConfirmed passes when every database behind the Service has every row that any of the
// databases behind it had when the page was sent. Rows that only one of several servers
// knows count as well: each of them was confirmed to somebody. And what a StatefulSet's
// database confirmed after that must be there when its pods were started anew, and in every
// database behind the Service.
type RowsConfirmed struct {
	databaseRef `yaml:",inline"`
	Table       string   `yaml:"table" doc:"The table." required:"true"`
	Columns     []string `yaml:"columns" doc:"Columns that tell the rows apart, and whose values must stay as they were." required:"true"`
	Column      string   `yaml:"column" doc:"The column with the time that a row came, of type timestamptz." required:"true"`
	Where       string   `yaml:"where" doc:"SQL condition that picks the rows. Left out: all." default:"true"`
}

// Observe asks each pod's own database. Before the page there is nothing to compare with.
func (c *RowsConfirmed) Observe(ctx context.Context, t *Target) (Observation, error) {
	if t.FaultAt.IsZero() {
		return Observation{Passed: true, Reason: "nothing was broken yet: no row can be missing"}, nil
	}
	if t.Baseline == nil {
		return Observation{}, errors.New("no baseline was taken yet")
	}
	was, known := t.Baseline.Confirmed[c.key()]
	if !known {
		return Observation{}, errors.New("no rows were counted at the page: " + c.key())
	}
	pods, err := c.behind(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	if len(pods) == 0 {
		return c.nobody(), nil
	}
	has := make([]ConfirmedRows, len(pods))
	for i := range pods {
		now, err := c.read(ctx, t, &pods[i])
		var none *noDatabaseError
		if errors.As(err, &none) {
			return Observation{Reason: none.why}, nil
		}
		if err != nil {
			return Observation{}, err
		}
		if lost := missing(was.Rows, now.Rows); lost > 0 {
			return Observation{Reason: fmt.Sprintf("%d of the %d rows that were confirmed before the page are not in table %s of pod %s", lost, len(was.Rows), c.Table, pods[i].Name)}, nil
		}
		has[i] = now
	}
	all := union(has)
	if reason := c.apart(t, pods, has, all); reason != "" {
		return Observation{Reason: reason}, nil
	}
	lost, err := c.lost(ctx, t, pods, all)
	switch {
	case err != nil:
		return Observation{}, err
	case lost > 0:
		return Observation{Reason: fmt.Sprintf("%d rows that table %s had before pod %s was started anew are not in it any more", lost, c.Table, pods[0].Name)}, nil
	}
	return Observation{
		Passed: true, Reason: fmt.Sprintf("every one of the %d rows that were confirmed before the page is in table %s", len(was.Rows), c.Table),
		Evidence: fmt.Sprintf("%d pods asked; rows until %s", len(pods), was.Until),
	}, nil
}

// lost is how many rows were in the table before the pods of the StatefulSet were started
// anew and are not now. A StatefulSet that was changed meanwhile is somebody at work.
func (c *RowsConfirmed) lost(ctx context.Context, t *Target, pods []corev1.Pod, rows map[string]bool) (int, error) {
	set, _, err := c.statefulSet(ctx, t, pods)
	if set == nil || err != nil {
		return 0, err
	}
	owner, lives := []string{fmt.Sprintf("%s %d", set.UID, set.Generation)}, []string{}
	for i := range pods {
		owner = append(owner, pods[i].Labels[appsv1.ControllerRevisionHashLabelKey]) // a pod of before the change is not of the changed one
		lives = append(lives, lifeOf(&pods[i]))
	}
	slices.Sort(owner)
	slices.Sort(lives)
	return t.memory.lostRows(c.key(), strings.Join(slices.Compact(owner), ", "), strings.Join(lives, ", "), rows), nil
}

// union is the rows of all databases.
func union(has []ConfirmedRows) map[string]bool {
	all := map[string]bool{}
	for _, one := range has {
		for _, row := range one.Rows {
			all[row] = true
		}
	}
	return all
}

// missing counts what was there and is not.
func missing(was, now []string) int {
	has := make(map[string]bool, len(now))
	for _, row := range now {
		has[row] = true
	}
	lost := 0
	for _, row := range was {
		if !has[row] {
			lost++
		}
	}
	return lost
}

func (c *RowsConfirmed) where() string {
	if c.Where == "" {
		return "true"
	}
	return c.Where
}

func (c *RowsConfirmed) key() string { return c.Service + "/" + c.Table + " where " + c.where() }

// page notes the rows of every server that the users reach while the fault shows.
func (c *RowsConfirmed) page(ctx context.Context, t *Target, b *Baseline) error {
	pods, err := c.behind(ctx, t)
	if err != nil {
		return err
	}
	has, until := make([]ConfirmedRows, len(pods)), ""
	for i := range pods {
		rows, err := c.read(ctx, t, &pods[i])
		if err != nil {
			return fmt.Errorf("read the rows of table %s: %w", c.Table, err)
		}
		has[i] = rows
		until = max(until, rows.Until) // ISO dates of one time zone are in order as texts
	}
	all := union(has)
	if len(all) == 0 {
		return fmt.Errorf("table %s has no row where %s: there is nothing to keep", c.Table, c.where())
	}
	if b.Confirmed == nil {
		b.Confirmed = map[string]ConfirmedRows{}
	}
	b.Confirmed[c.key()] = ConfirmedRows{Until: until, Rows: slices.Sorted(maps.Keys(all))}
	return nil
}

// read returns the rows, and when the newest of them came. The answer has no more than a
// short fingerprint of each: a few hundred rows are a few KiB.
func (c *RowsConfirmed) read(ctx context.Context, t *Target, p *corev1.Pod) (ConfirmedRows, error) {
	answer, err := c.ask(ctx, t, p, fmt.Sprintf(
		"SELECT to_char(max(%[4]s), 'YYYY-MM-DD HH24:MI:SS.USOF'), string_agg(left(md5(ROW(%[1]s)::text), 16), ' ') FROM %[2]s WHERE %[3]s",
		strings.Join(c.Columns, ", "), c.Table, c.where(), c.Column))
	if err != nil {
		return ConfirmedRows{}, err
	}
	newest, rows, found := strings.Cut(answer, "|")
	if !found {
		return ConfirmedRows{}, fmt.Errorf("the database in pod %s answered %q", p.Name, answer)
	}
	return ConfirmedRows{Until: newest, Rows: strings.Fields(rows)}, nil
}
