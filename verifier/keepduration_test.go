package verifier

import (
	"net/http"
	"strings"
	"testing"
)

func TestKubeletDurationWithin(t *testing.T) {
	t.Parallel()
	const config = `{"kubeletconfig": {"nodeStatusUpdateFrequency": "4s", "nodeStatusReportFrequency": "1m0s", "evictionPressureTransitionPeriod": "30s"}}`
	check := &KubeletDurationWithin{nodeRef: nodeRef{"worker"}, Fields: []string{"nodeStatusUpdateFrequency", "evictionPressureTransitionPeriod", "nodeStatusReportFrequency"}}
	with := func(old, now string) kubelet {
		return kubelet{node(), http.StatusOK, strings.Replace(config, old, now, 1)}
	}
	cases := map[string]struct {
		now    kubelet
		units  fakeNodes
		passed bool
		want   string
	}{
		"as before":                       {with("", ""), systemd(running, running), true, "of the size they were"},
		"seconds, as others had it":       {with(`"4s"`, `"30s"`), systemd(running, running), true, "of the size"},
		"update: the line is gone":        {with(`"4s"`, `"10s"`), systemd(running, running), true, "of the size"},
		"report: the line is gone":        {with(`"1m0s"`, `"4s"`), systemd(running, running), true, "of the size"},
		"eviction: the line is gone":      {with(`"30s"`, `"5m0s"`), systemd(running, running), true, "of the size"},
		"hours, and seconds were meant":   {with(`"30s"`, `"30h0m0s"`), systemd(running, running), false, "more than 20x off: evictionPressureTransitionPeriod was 30s, is 30h0m0s"},
		"hours of the shortest":           {with(`"4s"`, `"30h0m0s"`), systemd(running, running), false, "nodeStatusUpdateFrequency was 4s"},
		"minutes, and seconds were meant": {with(`"1m0s"`, `"30m0s"`), systemd(running, running), false, "nodeStatusReportFrequency was 1m0s, is 30m0s"},
		"milliseconds":                    {with(`"4s"`, `"30ms"`), systemd(running, running), false, "is 30ms"},
		"backwards":                       {with(`"4s"`, `"-4s"`), systemd(running, running), false, "is -4s"},
		"not told":                        {with(`"nodeStatusUpdateFrequency": "4s", `, ""), systemd(running, running), false, "is not set"},
		"not repaired yet":                {with(`"4s"`, `"30h0m0s"`), systemd("activating enabled", running), true, "nothing to compare"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := target()
			on.Client, on.Nodes, on.Baseline = c.now.client(t), c.units, new(Baseline)
			plan := Plan{Safeguards: []Guard{{Name: "kept", Checker: check}}}
			if err := on.Baseline.TakeFor(t.Context(), &Target{Client: with("", "").client(t)}, plan); err != nil {
				t.Fatal(err)
			}
			expect(t, check, on, c.passed, c.want)
		})
	}
	t.Run("nothing to compare with", func(t *testing.T) {
		t.Parallel()
		expect(t, check, target(), false, "error: no baseline")
		wrong := &KubeletDurationWithin{nodeRef: nodeRef{"worker"}, Fields: []string{"maxPods"}}
		err := new(Baseline).TakeFor(t.Context(), &Target{Client: with("", "").client(t)}, Plan{Safeguards: []Guard{{Name: "kept", Checker: wrong}}})
		if err == nil || !strings.Contains(err.Error(), "no duration maxPods") {
			t.Errorf("a field that is none: %v", err)
		}
		if (&KubeletDurationWithin{}).Validate() == nil {
			t.Error("a safeguard that compares nothing was taken")
		}
	})
}
