package grade

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocsAreCurrent: the tables of docs/grading.md say what the code does.
func TestDocsAreCurrent(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "grading.md"))
	if err != nil {
		t.Fatal(err)
	}
	w := DefaultWeights()
	percent := func(share float64) string { return fmt.Sprintf("%g %%", 100*share) }
	minutes := func(th threshold) string {
		return fmt.Sprintf("%g min, %g min", th.leastFull.Minutes(), th.least.Minutes())
	}
	for _, want := range []string{
		fmt.Sprintf("| `root-cause` | %g | the last diagnosis before the verdict: class %s, object %s, mechanism %s |", w.RootCause, percent(shareClass), percent(shareObject), percent(shareMechanism)),
		fmt.Sprintf("| `recovery` | %g |", w.Recovery),
		fmt.Sprintf("| `safeguards` | %g |", w.Safeguards),
		fmt.Sprintf("| `users` | %g |", w.Users),
		fmt.Sprintf("| `time` | %g | acknowledged %s, diagnosed %s, mitigated %s |", w.Time, percent(shareAck), percent(shareDiagnosed), percent(shareMitigated)),
		fmt.Sprintf("| `process` | %g | signals %s, their order %s, and %s each:", w.Process, percent(shareSignals), percent(shareOrder), percent(shareTold)),
		fmt.Sprintf("| acknowledged | %s of the time limit | %s | %s |", percent(ackThreshold.full), percent(ackThreshold.none), minutes(ackThreshold)),
		fmt.Sprintf("| diagnosed (right in all of its parts) | %s | %s | %s |", percent(diagnosedThreshold.full), percent(diagnosedThreshold.none), minutes(diagnosedThreshold)),
		fmt.Sprintf("| mitigated (the users are served again) | %s | %s | %s |", percent(mitigatedThreshold.full), percent(mitigatedThreshold.none), minutes(mitigatedThreshold)),
		fmt.Sprintf("error budget is %s of the requests", percent(budgetShare)),
		fmt.Sprintf("| graded | %g points |", hintGraded),
		fmt.Sprintf("costs %g |", hintExam),
		fmt.Sprintf("| nothing was done between the page and the verdict | %g |", capNothing),
		fmt.Sprintf("| the drill's namespace was deleted | %g |", capNamespace),
		fmt.Sprintf("or that namespace itself | %g |", capReferee),
		fmt.Sprintf("| the system was not recovered | %g |", capOpen),
		fmt.Sprintf("| the administrator's kubeconfig or the referee's was used to change something | %g |", capAdmin),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("docs/grading.md does not say %q", want)
		}
	}
	if sum := shareSignals + shareOrder + shareTold + shareSeverity + shareNotes + shareDecision + shareResolve; sum < 0.9999 || sum > 1.0001 {
		t.Errorf("the shares of process sum to %g", sum)
	}
}
