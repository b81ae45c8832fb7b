package cli

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/report"
	"github.com/firedrill/firedrill/internal/timeline"
	"github.com/firedrill/firedrill/verifier"
)

// liveView shows a run under way: a line for each action and each change, and one at
// the bottom that says how it stands.
type liveView struct {
	f      *Factory
	p      iostreams.Palette
	status *iostreams.Status

	mu      sync.Mutex
	run     drill.Run // a copy of what the bottom line needs
	known   map[string]bool
	started bool
}

// update notes the run's state and says what changed about the checks.
func (v *liveView) update(r *drill.Run) {
	v.mu.Lock()
	v.run = *r
	v.mu.Unlock()
	if !v.started {
		v.started = true
		v.status.Start("Watching the drill")
	}
	if r.State != nil && !r.Hidden() {
		v.changes(r.State)
	}
}

func (v *liveView) changes(s *verifier.State) {
	if v.known == nil {
		v.known = map[string]bool{}
		for _, c := range s.Checks {
			v.known[c.ID] = c.Passed
		}
		for _, g := range s.Safeguards {
			v.known[g.ID] = g.Held
		}
		return
	}
	for _, c := range s.Checks {
		v.change(c.ID, c.Passed, c.Reason)
	}
	for _, g := range s.Safeguards {
		if !g.Unknown {
			v.change(g.ID, g.Held, g.Sentence)
		}
	}
}

func (v *liveView) change(id string, passed bool, why string) {
	if before, ok := v.known[id]; ok && before == passed {
		return
	}
	v.known[id] = passed
	mark := v.p.Green("✓ " + id)
	if !passed {
		mark = v.p.Red("✗ "+id) + "  " + v.p.Gray(short(why, 90))
	}
	v.status.Say("%s  %s", v.p.Gray(time.Now().Format("15:04:05")), mark)
}

// event says what the trainee did.
func (v *liveView) event(e timeline.Event) {
	text := report.Harmless(e.Text)
	if e.Actor == "admin" {
		text = v.p.Red("bypass with the admin's or the referee's kubeconfig: ") + text
	}
	v.status.Say("%s  %s", v.p.Gray(e.Time.Local().Format("15:04:05")), text)
}

func (v *liveView) tick(now time.Time) {
	if text := v.line(now); text != "" {
		v.status.Update("%s", text)
	}
}

// line is the bottom line.
func (v *liveView) line(now time.Time) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := &v.run
	left := (r.TimeLimit - r.Clock(now)).Round(time.Second)
	text := fmt.Sprintf("%s left", max(left, 0))
	if r.State == nil || r.Hidden() {
		return text
	}
	passed := 0
	for _, c := range r.State.Checks {
		if c.Passed && c.Error == "" {
			passed++
		}
	}
	text += fmt.Sprintf(", %d of %d checks pass", passed, len(r.State.Checks))
	if hold := r.State.Hold; r.State.Phase == verifier.PhaseHolding && !hold.Since.IsZero() {
		elapsed := min(now.Sub(hold.Since), hold.Required.Duration)
		return text + fmt.Sprintf(", held for %s of %s", elapsed.Round(time.Second), hold.Required.Duration)
	}
	return text + ", " + string(r.State.Phase)
}

// short cuts text to n characters on one line; some are always left, however narrow
// the terminal.
func short(text string, n int) string {
	text = strings.Join(strings.Fields(report.Harmless(text)), " ")
	n = max(n, 20)
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
