package verifier

import (
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// servers answers with the rows of each pod's own database.
func servers(rows map[string]string) fakePods {
	return func(pod, _ string, command []string) (string, error) {
		if sql := command[len(command)-1]; !strings.Contains(sql, "left(md5(ROW(reference, total)::text), 16)") {
			return "", &ExecError{Code: 1, Stderr: "ERROR:  syntax error"}
		}
		answer, known := rows[pod]
		if !known {
			return "", errors.New("no such pod")
		}
		return answer + "\n", nil
	}
}

// What either of two servers confirmed must be there after the repair, and a dump of one
// of them is not enough: the drill's own point.
func TestRowsConfirmed(t *testing.T) {
	t.Parallel()
	check := &RowsConfirmed{databaseRef: db(), Table: "orders", Columns: []string{"reference", "total"}, Column: "placed_at", Where: "number > 500"}
	broken := target(deployed("a", "b")...)
	broken.Pods = servers(map[string]string{"a": "2026-01-01 10:00:05.000000+00|r1 r2 a3", "b": "2026-01-01 10:00:07.000000+00|r1 r2 b3 b4"})
	plan := Plan{Checks: []Step{{"confirmed", check}}, Safeguards: []Guard{{Name: "set", Checker: &StatefulSetServes{serviceRef{"db"}}}}}
	base := baselineOf(t, deployed("a", "b")...)
	if err := base.TakeAtPage(t.Context(), broken, plan); err != nil || !plan.AsksAtPage() {
		t.Fatal(err)
	}
	if got := base.Confirmed[check.key()]; len(got.Rows) != 5 || got.Until != "2026-01-01 10:00:07.000000+00" {
		t.Errorf("confirmed %+v, want five rows of two servers, until the newest", got)
	}
	look := func(answers Pods, objects ...runtime.Object) *Target {
		on := target(objects...)
		on.Pods, on.Baseline, on.FaultAt = answers, base, epoch
		return on
	}
	one := func(rows string) Pods { return servers(map[string]string{"db-0": "2026|" + rows}) }
	cases := map[string]struct {
		on     *Target
		passed bool
		want   string
	}{
		"both dumps":      {look(one("b3 a3 r1 b4 r2"), repaired()...), true, "every one of the 5 rows"},
		"and newer ones":  {look(one("b3 a3 r1 b4 r2 n5"), repaired()...), true, "every one of the 5 rows"},
		"one dump: a":     {look(one("r1 r2 a3"), repaired()...), false, "2 of the 5 rows that were confirmed before the page are not in table orders of pod db-0"},
		"one dump: b":     {look(one("r1 r2 b3 b4"), repaired()...), false, "1 of the 5 rows"},
		"before is gone":  {look(one("a3 b3 b4"), repaired()...), false, "2 of the 5 rows"},
		"empty":           {look(one(""), repaired()...), false, "5 of the 5 rows"},
		"untouched":       {look(broken.Pods, deployed("a", "b")...), false, "of the 5 rows"},
		"nobody":          {look(one(""), dbBackends()), false, "no pod behind Service db is ready"},
		"starting":        {look(brokenPods(&ExecError{Code: 2, Stderr: "starting up"}), repaired()...), false, "starting up"},
		"out of reach":    {look(brokenPods(errors.New("no route")), repaired()...), false, "error: no route"},
		"nonsense":        {look(servers(map[string]string{"db-0": "many"}), repaired()...), false, `error: answered "many"`},
		"before the page": {target(repaired()...), true, "nothing was broken yet"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, check, c.on, c.passed, c.want)
		})
	}
	other := look(one("r1"), repaired()...)
	other.Baseline = baselineOf(t)
	expect(t, check, other, false, "error: no rows were counted at the page")
	other.Baseline = nil
	expect(t, check, other, false, "error: no baseline")
}

func TestRowsAreCountedAtThePage(t *testing.T) {
	t.Parallel()
	check := &RowsConfirmed{databaseRef: db(), Table: "orders", Columns: []string{"reference", "total"}, Column: "placed_at"}
	plan := Plan{Checks: []Step{{"confirmed", check}}}
	for name, c := range map[string]struct {
		objects []runtime.Object
		answers Pods
		want    string
	}{
		"no row":              {deployed("a"), servers(map[string]string{"a": "|"}), "nothing to keep"},
		"no pod":              {deployed(), servers(nil), "nothing to keep"},
		"one does not answer": {deployed("a", "b"), servers(map[string]string{"a": "2026|r1"}), "no such pod"},
	} {
		on := target(c.objects...)
		on.Pods = c.answers
		err := baselineOf(t).TakeAtPage(t.Context(), on, plan)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if (Plan{Checks: []Step{{"rows", new(RowsKept)}}}).AsksAtPage() {
		t.Error("a plan without such a check asks at the page")
	}
}

// TestRowsLostOnTheWay: what was confirmed after the page and is gone with the next pod is
// lost, for as long as that pod is there; a StatefulSet that was changed is begun with anew.
func TestRowsLostOnTheWay(t *testing.T) {
	t.Parallel()
	check := &RowsConfirmed{databaseRef: db(), Table: "orders", Columns: []string{"reference", "total"}, Column: "placed_at"}
	base, remembered := baselineOf(t), new(memory)
	base.Confirmed = map[string]ConfirmedRows{check.key(): {Until: "2026", Rows: []string{"r1"}}}
	generation := func(n int64) *appsv1.StatefulSet {
		set := dbSet()
		set.Generation = n
		return set
	}
	look := func(set runtime.Object, restarts int32, rows string) *Target {
		on := target(set, dbBackends("db-0"), dbPod("db-0", func(p *corev1.Pod) {
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "postgres", Ready: true, RestartCount: restarts}}
		}))
		on.Pods, on.Baseline, on.FaultAt, on.memory = servers(map[string]string{"db-0": "2026|" + rows}), base, epoch, remembered
		remembered.asked = nil // no answer of before counts
		return on
	}
	expect(t, check, look(generation(1), 0, "r1 n1"), true, "every one of the 1 rows")
	expect(t, check, look(generation(1), 0, "r1 n1 n2 n3"), true, "every one of the 1 rows")
	expect(t, check, look(generation(1), 1, "r1 n1 n2 n3 n4"), true, "every one of the 1 rows")
	expect(t, check, look(generation(1), 2, "r1 n5"), false, "4 rows that table orders had before pod db-0 was started anew")
	expect(t, check, look(generation(1), 2, "r1 n5 n6"), false, "4 rows that table orders had")
	expect(t, check, look(generation(1), 3, "r1 n5 n6 n7"), false, "4 rows that table orders had")
	expect(t, check, look(generation(1), 3, "r1 n5 n6 n7 n1 n2 n3"), false, "1 rows that table orders had")
	expect(t, check, look(generation(1), 3, "r1 n5 n6 n7 n1 n2 n3 n4"), true, "every one of the 1 rows")
	expect(t, check, look(generation(2), 3, "r1"), true, "every one of the 1 rows")
	expect(t, check, look(generation(2), 3, "r1 n7"), true, "every one of the 1 rows")
}

// TestSecondWriter: two databases behind one Service that do not have each other's new rows are
// the incident itself, whoever made them. A standby has each row some seconds later.
func TestSecondWriter(t *testing.T) {
	t.Parallel()
	check := &RowsConfirmed{databaseRef: db(), Table: "orders", Columns: []string{"reference", "total"}, Column: "placed_at"}
	base := baselineOf(t)
	base.Confirmed = map[string]ConfirmedRows{check.key(): {Until: "2026", Rows: []string{"r1"}}}
	rounds := func() func(seconds int, rows map[string]string) *Target {
		remembered := new(memory)
		return func(seconds int, rows map[string]string) *Target {
			objects, names := []runtime.Object{dbSet()}, []string{}
			for _, name := range []string{"db-0", "db-1"} {
				if rows[name] != "" {
					objects, names = append(objects, dbPod(name)), append(names, name)
				}
			}
			on := target(append(objects, dbBackends(names...))...)
			on.Pods, on.Baseline, on.FaultAt, on.memory = servers(rows), base, epoch, remembered
			on.Now = func() time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }
			remembered.asked = nil // no answer of before counts
			return on
		}
	}
	both := func(first, second string) map[string]string {
		return map[string]string{"db-0": "2026|" + first, "db-1": "2026|" + second}
	}
	const apart = "pod db-0 has been without 1 rows that table orders has in others behind Service db for more than 10s"
	look := rounds()
	expect(t, check, look(0, both("r1", "r1")), true, "every one of the 1 rows")
	expect(t, check, look(1, both("r1 a1", "r1 b1")), true, "every one of the 1 rows")
	expect(t, check, look(10, both("r1 a1 a2", "r1 b1 b2")), true, "every one of the 1 rows")
	expect(t, check, look(11, both("r1 a1 a2", "r1 b1 b2")), false, apart)

	look = rounds() // only one of them is written to
	expect(t, check, look(0, both("r1 a1", "r1")), true, "every one of the 1 rows")
	expect(t, check, look(12, both("r1 a1 a2", "r1")), false, "pod db-1 has been without 1 rows")

	look = rounds() // one that comes back gets its time again
	expect(t, check, look(0, both("r1 a1", "r1")), true, "every one of the 1 rows")
	expect(t, check, look(5, map[string]string{"db-0": "2026|r1 a1"}), true, "every one of the 1 rows")
	expect(t, check, look(30, both("r1 a1", "r1")), true, "every one of the 1 rows")
	expect(t, check, look(40, both("r1 a1", "r1")), false, "pod db-1 has been without 1 rows")

	look = rounds() // a standby that is always a row late
	expect(t, check, look(0, both("r1 a1", "r1")), true, "every one of the 1 rows")
	expect(t, check, look(8, both("r1 a1 a2", "r1 a1")), true, "every one of the 1 rows")
	expect(t, check, look(16, both("r1 a1 a2 a3", "r1 a1 a2")), true, "every one of the 1 rows")
	expect(t, check, look(24, both("r1 a1 a2 a3", "r1 a1 a2 a3")), true, "every one of the 1 rows")
	expect(t, check, look(40, both("r1 a1 a2 a3", "r1 a1 a2 a3")), true, "every one of the 1 rows")
}
