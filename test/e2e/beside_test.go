//go:build e2e

package e2e

import "testing"

// TestBesideTheProof holds what runs side by side. The proof of the scenarios takes longest, and
// everything else runs beside it: first what may run while an exam is sat, as no drill is
// started then, but proofs are made; and after it the drills.
func TestBesideTheProof(t *testing.T) {
	t.Run("ProveAll", func(t *testing.T) { t.Parallel(); proveAll(t) })
	t.Run("Beside", func(t *testing.T) {
		t.Parallel()
		t.Run("AnExam", sideBySide(
			named{"IsSat", anExamIsSat},
			named{"ProveFindsWrongScenarios", proveFindsWrongScenarios},
			named{"ProveANewScenario", proveANewScenario},
		))
		t.Run("EachOther", sideBySide(
			named{"Graded", graded},
			named{"Reset", reset},
			named{"KilledReferee", killedReferee},
			named{"KilledWhileStarting", killedWhileStarting},
			named{"InterruptCleansUp", interruptCleansUp},
		))
	})
}

type named struct {
	name string
	test func(*testing.T)
}

// sideBySide is a test that begins the tests in this order, which run beside each other.
func sideBySide(tests ...named) func(*testing.T) {
	return func(t *testing.T) {
		for _, of := range tests {
			t.Run(of.name, func(t *testing.T) { t.Parallel(); of.test(t) })
		}
	}
}
