package verifier

import (
	"errors"
	"testing"
)

// Two writers: a dump of either server loses what only the other one has. While one of them
// has everything, a repair that asks only that one would be none the worse for it.
func TestRowsDiffer(t *testing.T) {
	t.Parallel()
	check := &RowsDiffer{databaseRef: db(), Table: "orders", Columns: []string{"reference", "total"}, Column: "placed_at"}
	for name, c := range map[string]struct {
		pods    []string
		answers Pods
		passed  bool
		want    string
	}{
		"both have their own": {
			[]string{"a", "b"},
			servers(map[string]string{"a": "2026|r1 r2 a3", "b": "2026|r1 r2 b3 b4"}),
			true, "each of the 2 databases behind Service db has rows in table orders that the others have not",
		},
		"the new one has none yet": {
			[]string{"a", "b"}, servers(map[string]string{"a": "2026|r1 r2 a3", "b": "2026|r1 r2"}), false, "pod b has no row in table orders that the others have not",
		},
		"they agree": {[]string{"a", "b"}, servers(map[string]string{"a": "2026|r1 r2", "b": "2026|r2 r1"}), false, "pod a has no row"},
		"one of three is between the others": {
			[]string{"a", "b", "c"}, servers(map[string]string{"a": "2026|r1 a2", "b": "2026|r1 b2", "c": "2026|r1 a2 b2 c3"}), false, "pod a has no row",
		},
		"empty":        {[]string{"a", "b"}, servers(map[string]string{"a": "|", "b": "|"}), false, "pod a has no row"},
		"one server":   {[]string{"a"}, servers(map[string]string{"a": "2026|r1"}), false, "1 databases are ready behind Service db"},
		"nobody":       {nil, servers(nil), false, "0 databases are ready"},
		"starting":     {[]string{"a", "b"}, brokenPods(&ExecError{Code: 2, Stderr: "starting up"}), false, "starting up"},
		"out of reach": {[]string{"a", "b"}, brokenPods(errors.New("no route")), false, "error: no route"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target(deployed(c.pods...)...)
			on.Pods = c.answers
			expect(t, check, on, c.passed, c.want)
		})
	}
}
