package prove

import (
	"context"
	"fmt"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/report"
)

// What the grade of a case may be, of 100: who does nothing has nothing, a wrong fix is
// never worth more than maxWrongFix (docs/grading.md), and a script that repairs, without a
// word of the incident's process, has at least what the recovery and the safeguards weigh.
const (
	maxWrongFix = 40
	minSolution = 30
)

// graded makes sure that the run, which is over, is rated as what it was.
func (p *proof) graded(ctx context.Context) error {
	return p.last(ctx, func(r *drill.Run) error {
		g := report.GradeOf(r, &p.c.Spec, nil)
		if g == nil {
			return fmt.Errorf("the run is over and has no grade: %s", r.VerdictText())
		}
		total := g.Total
		switch {
		case p.c.Kind == Untouched && total != 0:
			return wrong("untouched, and graded %.1f of 100", total)
		case p.c.Kind == WrongFix && total > maxWrongFix:
			return wrong("a wrong fix, and graded %.1f of 100: more than %d", total, maxWrongFix)
		case p.c.Kind == Solution && total < minSolution:
			return wrong("a solution, and graded %.1f of 100: less than %d", total, minSolution)
		}
		return nil
	})
}
