package report

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/drill"
)

// TestADiagnosisIsJudgedAfterTheVerdict: before it, the report would tell the answer.
func TestADiagnosisIsJudgedAfterTheVerdict(t *testing.T) {
	t.Parallel()
	right := drill.Update{
		Verb: drill.UpdateDiagnose, Class: "configuration", Object: "deployment/checkout", Mechanism: "the memory limit is below what the process needs",
	}
	wrong := right
	wrong.Object = "node/worker"
	decided := func(r *drill.Run) { r.Verdict = &drill.Verdict{DecidedAt: at(200)} }
	tests := map[string]struct {
		told     []drill.Update // at 50 s, 60 s ...
		change   func(*drill.Run)
		evidence string // "" when there is no diagnosis
	}{
		"right":                      {[]drill.Update{right}, decided, "the last diagnosis, which is right"},
		"wrong":                      {[]drill.Update{wrong}, decided, "the last diagnosis, which is wrong"},
		"wrong, then right":          {[]drill.Update{wrong, right}, decided, "the last diagnosis, which is right"},
		"right, then wrong":          {[]drill.Update{right, wrong}, decided, "the last diagnosis, which is wrong"},
		"none":                       {nil, decided, ""},
		"training, under way":        {[]drill.Update{right}, func(*drill.Run) {}, "the last diagnosis"},
		"an exam under way":          {[]drill.Update{right}, func(r *drill.Run) { r.Mode = drill.ModeExam }, "the last diagnosis"},
		"no verdict, and it is over": {[]drill.Update{right}, func(r *drill.Run) { r.Phase = drill.PhaseFinished }, "the last diagnosis"},
		"nobody knows what is right": {[]drill.Update{wrong}, func(r *drill.Run) { decided(r); r.Grading = &drill.Grading{} }, "the last diagnosis"},
		"right, wrong after the verdict": {
			[]drill.Update{right, wrong},
			func(r *drill.Run) { r.Verdict = &drill.Verdict{DecidedAt: at(55)} },
			"the last diagnosis, which is right",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := &drill.Run{Phase: drill.PhaseActive, PagedAt: at(40)}
			for i, u := range tt.told {
				u.At = at(50).Add(time.Duration(i) * 10 * time.Second)
				run.Updates = append(run.Updates, u)
			}
			tt.change(run)
			got := Build(run, spec(), at(300)).Times.Diagnosed
			_, evidence, _ := strings.Cut(got.Evidence, ": ")
			judged := strings.Contains(tt.evidence, "which")
			if evidence != tt.evidence || (got.Right != nil) != judged || judged && *got.Right != strings.HasSuffix(tt.evidence, "right") {
				t.Errorf("got %+v, want %q", got, tt.evidence)
			}
		})
	}
}

// TestImpactCells: requests are summed up, the rest is of the stream that it was worst for.
func TestImpactCells(t *testing.T) {
	t.Parallel()
	buyers := Stream{Sent: 100, Failed: 7, Missing: 2, LongestOutage: Outage{Duration: 3.5}, Budget: &Budget{Burned: 12}}
	clerks := Stream{Sent: 20, Failed: 1, LongestOutage: Outage{Duration: 8}, Budget: &Budget{Burned: 2.5}}
	few := Stream{Sent: 1}
	tests := map[string]struct {
		users *Users
		want  []string
	}{
		"nothing on record": {nil, []string{"", "", "", "", ""}},
		"one stream":        {&Users{Streams: []Stream{buyers}}, []string{"100", "7", "2", "3.5", "12"}},
		"two":               {&Users{Streams: []Stream{buyers, clerks}}, []string{"120", "8", "2", "8", "12"}},
		"too few to tell":   {&Users{Streams: []Stream{few}}, []string{"1", "0", "0", "0", ""}},
		"one of them":       {&Users{Streams: []Stream{clerks, few}}, []string{"21", "1", "0", "8", "2.5"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, (&Report{Users: tt.users}).impactCells()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAGradedRunTellsThatNobodyRefereedIt: in the report as in the status.
func TestAGradedRunTellsThatNobodyRefereedIt(t *testing.T) {
	t.Parallel()
	run, err := drill.Replay(refusedJournal(t))
	if err != nil {
		t.Fatal(err)
	}
	if r := Build(run, spec(), at(1020)); len(r.Warnings) != 0 {
		t.Errorf("training: %q", r.Warnings)
	}
	run.Mode = drill.ModeGraded
	want := []string{"no referee was running for 1m0s: the clock stood, and requests that are not on record of it are not counted"}
	if diff := cmp.Diff(want, Build(run, spec(), at(1020)).Warnings); diff != "" {
		t.Error(diff)
	}
}
